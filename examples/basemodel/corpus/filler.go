package corpus

import "strings"

// filler returns a sentence that answers none of the questions. Some name people and numbers, to lead astray.
func (w *writer) filler(e *entity) string {
	var from []string
	switch {
	case e.person():
		from = []string{"The neighbours often stop for a talk.", "Nobody in the street gets up earlier.",
			"On Sundays there is always a pot of tea on the table.", "Friends drop in at all hours.",
			"A long walk in the rain is no trouble.", "Letters arrive almost every week.",
			"In winter the days pass quietly.", "The door is never locked.", "There is always time for a joke.",
			"Most evenings end with a long talk by the fire.", "Quarrels are rare and soon forgotten."}
	case e.kind.alive:
		from = []string{"Children come to play every afternoon.", "At night all is quiet in the stable.",
			"A long walk is the best part of the day.", "Strangers are greeted with joy.", "Rain is no reason to stay inside.",
			"Nobody remembers a better companion."}
	default:
		from = []string{"Many travellers stop there for a while.", "The view is best in the early morning.",
			"Old people tell many stories about it.", "In bad weather few visitors come.", "It is a quiet place for most of the year.",
			"A painter once made a picture of it.", "Children like to play near it.", "A narrow path leads there.",
			"Nobody knows why it has that name.", "Postcards of it are sold everywhere.", "In summer there is much to do.",
			"The road to it is long and full of stones.", "Newspapers have written about it more than once.",
			"Those who have seen it do not forget it.", "There are plans to build a car park nearby."}
	}
	if w.rng.chance(0.25) && w.size > 0.5 {
		return w.stray()
	}
	return w.rng.pick(from)
}

// stray mentions a name or a number that belongs to nothing that is asked.
func (w *writer) stray() string {
	name := w.names.first(w.rng.chance(0.5)) + " " + w.names.surname()
	switch w.rng.n(6) {
	case 0:
		return "A visitor, " + name + ", wrote a long letter about this."
	case 1:
		return "All this was written down by " + name + "."
	case 2:
		return "In " + w.value("year") + " there was a very cold winter."
	case 3:
		return "A traveller from " + w.names.place() + " once came by."
	case 4:
		return "A photograph by " + name + " was shown in the newspaper."
	}
	return "About " + w.value("few") + " people came to hear the news."
}

// title heads a document. It is empty now and then.
func (w *writer) title(of []*entity) string {
	e := of[0]
	if len(of) > 1 && w.rng.chance(0.5) {
		return w.rng.pick([]string{capital(e.name) + " and " + of[1].name, "Local notes", "From the newspaper", "A short guide",
			"People and places", "What the visitor should know", "Notes from a journey", "Short news", "The weekly letter"})
	}
	switch x := w.rng.Float64(); {
	case x < 0.55:
		return capital(bareName(e.name))
	case x < 0.65:
		return capital(e.name)
	case x < 0.9:
		form := w.rng.pick([]string{"About %", "A note on %", "The story of %", "All about %", "Some facts about %", "% in short",
			"News of %", "Remembering %"})
		return capital(strings.ReplaceAll(form, "%", e.name))
	}
	return ""
}
