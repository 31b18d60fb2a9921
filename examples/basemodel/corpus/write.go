package corpus

import (
	"fmt"
	"strings"
)

// fill puts a subject, a value and a kind into a template. Subject is the name or a pronoun or a noun phrase.
func (e *entity) fill(template, subject, value, noun string) string {
	own, pronoun, sib, parent := "its", "it", "sibling", "parent"
	if e.kind.alive {
		own, pronoun, sib, parent = "his", "he", "brother", "father"
		if e.female {
			own, pronoun, sib, parent = "her", "she", "sister", "mother"
		}
	}
	possessive := subject + "'s"
	if strings.HasSuffix(subject, "s") && !e.kind.alive {
		possessive = subject + "'"
	}
	if isPronoun(subject) {
		possessive = own
	}
	return strings.NewReplacer(
		"{P}", possessive, "{p}", own, "{P2}", own, "{S2}", pronoun, "{sib}", sib, "{parent}", parent,
		"{V}", value, "{aV}", withArticle(value), "{k}", noun, "{A}", withArticle(noun), "{S}", subject,
	).Replace(template)
}

func isPronoun(s string) bool { return s == "it" || s == "he" || s == "she" }

// writer turns a scene's facts into sentences.
type writer struct {
	*scene
	size    float64 // 0 for the plainest text
	filling float64 // the chance of a sentence that nobody asks about, after each other one
}

func (w *writer) form(a wordings) string { return w.rng.pick(a.from(w.held && w.rng.chance(0.7))) }

// mention names an entity inside a paragraph about it.
func (w *writer) mention(e *entity, sentence int, ambiguous bool) string {
	x := w.rng.Float64()
	switch {
	case sentence == 0 || x < 0.3+0.3*(1-w.size):
		return e.name
	case e.person():
		if first, _, _ := strings.Cut(e.name, " "); x < 0.5 && w.unique(first) {
			return first
		}
		if ambiguous {
			return e.name
		}
		return w.pronoun(e)
	case e.kind.alive:
		return w.pronoun(e)
	case x < 0.55:
		return "the " + w.rng.pick(e.kind.nouns)
	}
	return w.pronoun(e)
}

func (w *writer) pronoun(e *entity) string {
	switch {
	case !e.kind.alive:
		return "it"
	case e.female:
		return "she"
	}
	return "he"
}

// unique reports whether only one person of the scene has that first name.
func (w *writer) unique(first string) bool {
	n := 0
	for _, e := range w.entities {
		if strings.HasPrefix(e.name, first+" ") {
			n++
		}
	}
	for name := range w.roles {
		if strings.HasPrefix(name, first+" ") && w.byName(name) == nil {
			n++
		}
	}
	return n == 1
}

// paragraph writes all facts of an entity, with a fill of other sentences.
func (w *writer) paragraph(e *entity) string {
	var out []string
	facts := shuffled(w.rng, e.facts)
	ambiguous := false
	for i := 0; len(facts) > 0; i++ {
		s, used := w.sentence(e, w.mention(e, i, ambiguous), facts, i == 0)
		ambiguous = namesPeople(facts[:used])
		facts = facts[used:]
		out = append(out, capital(s))
		if w.rng.chance(w.filling) {
			out = append(out, w.filler(e))
		}
	}
	return strings.Join(out, " ")
}

func namesPeople(facts []*fact) bool {
	for _, f := range facts {
		switch f.rel.value {
		case "person", "man", "woman", "animalname":
			return true
		}
	}
	return false
}

// sentence states one to three of the facts and says how many.
func (w *writer) sentence(e *entity, subject string, facts []*fact, first bool) (string, int) {
	named, f := subject == e.name, facts[0]
	x := w.rng.Float64()
	if len(facts) > 2 && named && x < 0.1 {
		if s, ok := w.triple(e, facts); ok {
			return s, 3
		}
	}
	if len(facts) > 1 && x < 0.3 {
		return w.double(e, subject, f, facts[1], named), 2
	}
	noun := w.rng.pick(e.kind.nouns)
	if first && named && x < 0.62 {
		say := e.fill(w.form(f.rel.predicate), subject, f.value, noun)
		return w.introduction(e, noun, f, say), 1
	}
	forms := f.rel.predicate
	if x > 0.68 && len(f.rel.sentence.train) > 0 {
		forms = f.rel.sentence
	}
	t := w.form(forms)
	if strings.HasPrefix(t, "{V}") && f.value[0] >= 'a' && f.value[0] <= 'z' {
		forms, t = f.rel.predicate, w.form(f.rel.predicate)
	}
	if forms.train[0] != f.rel.predicate.train[0] && isPronoun(subject) && strings.Contains(t, "{S}") {
		if subject = e.name; !e.kind.alive { // no pronoun where it might stand as an object
			subject = "the " + noun
		}
	}
	text := e.fill(t, subject, f.value, noun)
	if len(forms.train) > 0 && forms.train[0] == f.rel.predicate.train[0] {
		text = subject + " " + text + "."
	}
	return w.frame(text, t), 1
}

// introduction presents an entity by its kind together with a fact, of which say is the predicate.
func (w *writer) introduction(e *entity, noun string, f *fact, say string) string {
	link, that := "which", "that"
	if e.person() {
		link, that = "who", "who"
	}
	switch w.rng.n(5) {
	case 0:
		return fmt.Sprintf("%s, %s, %s.", e.name, withArticle(noun), say)
	case 1:
		return fmt.Sprintf("%s is %s %s %s.", e.name, withArticle(noun), that, say)
	case 2:
		return fmt.Sprintf("%s %s.", e.name, say)
	case 3:
		if len(f.rel.participle.train) > 0 {
			part := e.fill(w.form(f.rel.participle), e.name, f.value, noun)
			return fmt.Sprintf("%s is %s%s.", e.name, withArticle(noun), attached(part))
		}
	}
	return fmt.Sprintf("There is %s called %s, %s %s.", withArticle(noun), e.name, link, say)
}

// double joins two facts.
func (w *writer) double(e *entity, subject string, f, next *fact, named bool) string {
	noun := w.rng.pick(e.kind.nouns)
	a := e.fill(w.form(f.rel.predicate), w.pronoun(e), f.value, noun)
	b := e.fill(w.form(next.rel.predicate), w.pronoun(e), next.value, noun)
	link := "which"
	if e.kind.alive {
		link = "who"
	}
	switch x := w.rng.n(6); {
	case x == 0 && named:
		return fmt.Sprintf("%s, %s %s, %s.", subject, link, a, b)
	case x <= 2 && len(f.rel.participle.train) > 0:
		part := e.fill(w.form(f.rel.participle), subject, f.value, noun)
		if named && (x == 1 || strings.HasPrefix(part, f.value)) {
			return fmt.Sprintf("%s, %s, %s.", subject, part, b)
		}
		if !strings.HasPrefix(part, f.value) { // a value keeps its lower case
			return fmt.Sprintf("%s, %s %s.", capital(part), subject, b)
		}
	case x == 3:
		return fmt.Sprintf("%s %s, and %s %s.", subject, a, w.pronoun(e), b)
	case x == 4:
		return fmt.Sprintf("%s %s; besides, %s %s.", subject, a, w.pronoun(e), b)
	}
	return fmt.Sprintf("%s %s and %s.", subject, a, b)
}

// triple packs three facts into one sentence, where two of them can be said by participles.
func (w *writer) triple(e *entity, facts []*fact) (string, bool) {
	a, b, c := facts[0], facts[1], facts[2]
	if len(a.rel.participle.train) == 0 || len(b.rel.participle.train) == 0 {
		return "", false
	}
	noun := w.rng.pick(e.kind.nouns)
	first, second := e.fill(w.form(a.rel.participle), e.name, a.value, noun), e.fill(w.form(b.rel.participle), e.name, b.value, noun)
	say := e.fill(w.form(c.rel.predicate), w.pronoun(e), c.value, noun)
	if w.rng.chance(0.5) {
		return fmt.Sprintf("%s, %s and %s, %s.", e.name, first, second, say), true
	}
	return fmt.Sprintf("%s, %s, is %s%s, and %s %s.", e.name, first, withArticle(noun), attached(second), w.pronoun(e), say), true
}

// attached joins a participle to the noun before it, with a comma where it is a noun phrase itself.
func attached(part string) string {
	first, _, _ := strings.Cut(part, " ")
	if strings.HasSuffix(first, "ed") || strings.HasSuffix(first, "ing") {
		return " " + part
	}
	switch first {
	case "built", "made", "known", "bought", "begun", "kept", "born", "written", "held", "led", "run", "full", "bound", "famous":
		return " " + part
	}
	return ", " + part
}

// frame puts a plain sentence behind an opening now and then. The template tells whether the sentence begins with a
// common word, whose capital then goes.
func (w *writer) frame(text, template string) string {
	if !w.rng.chance(0.1 * w.size) {
		return text
	}
	first, _, _ := strings.Cut(template, " ")
	switch first {
	case "Captain", "Give":
		return text
	}
	if template[0] >= 'A' && template[0] <= 'Z' {
		text = strings.ToLower(text[:1]) + text[1:]
	}
	return w.rng.pick([]string{"It is said that ", "According to an old book, ", "As everybody knows, ", "People say that ",
		"One should know that ", "The records show that ", "It is well known that ", "According to the papers, "}) + text
}
