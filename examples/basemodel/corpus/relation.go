package corpus

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// wordings are alternatives of one kind of template: those for training and those that only the test set uses.
type wordings struct{ train, held []string }

// alternatives parses templates separated by "|". Those that begin with "~" are held out.
func alternatives(s string) wordings {
	var w wordings
	for part := range strings.SplitSeq(s, "|") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		if rest, ok := strings.CutPrefix(part, "~"); ok {
			w.held = append(w.held, rest)
		} else {
			w.train = append(w.train, part)
		}
	}
	return w
}

// from returns the templates to draw from; the other list where one is empty.
func (w wordings) from(held bool) []string {
	if held && len(w.held) > 0 || len(w.train) == 0 {
		return w.held
	}
	return w.train
}

// relation is something that can be said of an entity, with the ways to say and to ask it. The templates hold:
//
//	{S} the subject        {P} the subject's, its, her     {V} the value
//	{k} inn, ship, woman   {A} an inn, a ship              {aV} the value with "a" or "an"
//
// A predicate follows the subject ("was built in {V}"), a participle stands before or after it ("built in {V}"),
// a sentence stands alone; noun names the value for questions in two steps ("the owner of {S}").
type relation struct {
	id         string
	kinds      []string
	value      string // the name of the kind of value, see lore.value
	predicate  wordings
	participle wordings
	sentence   wordings
	question   wordings
	reverse    wordings // questions for the entity that has the value
	noun       string
	excludes   []string // relations so near that one must not be asked where only the other is stated
	never      []string // relations that one entity must not have besides
}

// continued is where a line goes on: the next one begins with a bar.
var continued = regexp.MustCompile(`\n\s*\|`)

// rel builds a relation. The text holds one field in each line: "say:", "part:", "full:", "ask:", "which:", "noun:",
// "near:" and "not:". It panics on anything else, since the tables are part of the program and a test builds them all.
func rel(id, kinds, value, text string) relation {
	r := relation{id: id, kinds: strings.Fields(kinds), value: value}
	for line := range strings.Lines(continued.ReplaceAllString(text, " |")) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		field, body, _ := strings.Cut(line, ":")
		switch body = strings.TrimSpace(body); field {
		case "say":
			r.predicate = alternatives(body)
		case "part":
			r.participle = alternatives(body)
		case "full":
			r.sentence = alternatives(body)
		case "ask":
			r.question = alternatives(body)
		case "which":
			r.reverse = alternatives(body)
		case "noun":
			r.noun = body
		case "near":
			r.excludes = strings.Fields(body)
		case "not":
			r.never = strings.Fields(body)
			r.excludes = append(r.excludes, r.never...)
		default:
			panic(fmt.Sprintf("corpus: relation %s has the line %q", id, line))
		}
	}
	return r
}

// near reports whether either relation excludes asking for the other.
func (r *relation) near(o *relation) bool {
	return r == o || slices.Contains(r.excludes, o.id) || slices.Contains(o.excludes, r.id)
}

// clashes reports whether an entity must not have both relations.
func (r *relation) clashes(o *relation) bool {
	return r == o || slices.Contains(r.never, o.id) || slices.Contains(o.never, r.id)
}

// lore holds everything that can be said: relations by kind, in a fixed order.
type lore struct {
	kinds     []kind
	byName    map[string]*kind
	relations []relation
	byKind    map[string][]*relation
	values    map[string][]string
	byID      map[string]*relation
}

// kind is a kind of entity.
type kind struct {
	name   string
	nouns  []string // what it may be called instead of its name
	weight float64
	naming func(n *namer) string // the full name, with "the" where the name takes it
	alive  bool                  // he or she
}

func newLore() *lore {
	l := &lore{kinds: kinds(), byName: map[string]*kind{}, byKind: map[string][]*relation{}, byID: map[string]*relation{},
		values: valueLists()}
	for i := range l.kinds {
		l.byName[l.kinds[i].name] = &l.kinds[i]
	}
	for _, table := range [][]relation{
		personRelations(), personMoreRelations(), buildingRelations(), houseRelations(), landRelations(),
		shipRelations(), groupRelations(), eventRelations(),
	} {
		l.relations = append(l.relations, table...)
	}
	for i := range l.relations {
		r := &l.relations[i]
		l.byID[r.id] = r
		for _, k := range r.kinds {
			l.byKind[k] = append(l.byKind[k], r)
		}
	}
	return l
}

func kinds() []kind {
	the := func(f func(*namer) string, suffix ...string) func(*namer) string {
		return func(n *namer) string { return "the " + strings.TrimSpace(f(n)+" "+n.rng.pick(suffix)) }
	}
	bare := func(f func(*namer) string, suffix ...string) func(*namer) string {
		return func(n *namer) string { return strings.TrimSpace(f(n) + " " + n.rng.pick(suffix)) }
	}
	place, root, sign := (*namer).place, (*namer).root, (*namer).sign
	return []kind{
		{name: "man", nouns: []string{"man"}, weight: 5, alive: true, naming: func(n *namer) string {
			return n.first(false) + " " + n.surname()
		}},
		{name: "woman", nouns: []string{"woman"}, weight: 5, alive: true, naming: func(n *namer) string {
			return n.first(true) + " " + n.surname()
		}},
		{name: "village", nouns: []string{"village", "place"}, weight: 3, naming: place},
		{name: "town", nouns: []string{"town", "place"}, weight: 2, naming: place},
		{name: "inn", nouns: []string{"inn", "house"}, weight: 4, naming: func(n *namer) string {
			return "the " + n.sign() + n.rng.pick([]string{"", "", " Inn"})
		}},
		{name: "mill", nouns: []string{"mill", "building"}, weight: 2.5, naming: func(n *namer) string {
			return n.rng.pick([]string{n.root() + " Mill", "the " + n.root() + " Mill", n.surname() + "'s Mill"})
		}},
		{name: "bridge", nouns: []string{"bridge", "crossing"}, weight: 2.5, naming: func(n *namer) string {
			return n.rng.pick([]string{n.root() + " Bridge", "the " + n.root() + " Bridge", n.surname() + "'s Bridge"})
		}},
		{name: "lighthouse", nouns: []string{"lighthouse", "tower"}, weight: 2.5, naming: func(n *namer) string {
			return n.rng.pick([]string{n.root() + " Lighthouse", "the " + n.root() + " Point Lighthouse", n.root() + " Head Light"})
		}},
		{name: "tower", nouns: []string{"tower", "building"}, weight: 1, naming: the(root, "Tower", "Clock Tower")},
		{name: "church", nouns: []string{"church", "building"}, weight: 1, naming: bare(root, "Church", "Abbey", "Chapel")},
		{name: "castle", nouns: []string{"castle", "fortress"}, weight: 1.2, naming: bare(root, "Castle", "Keep")},
		{name: "museum", nouns: []string{"museum"}, weight: 3, naming: the(root, "Museum")},
		{name: "library", nouns: []string{"library"}, weight: 1.5, naming: the(root, "Library")},
		{name: "theatre", nouns: []string{"theatre"}, weight: 1.5, naming: the(root, "Theatre", "Playhouse")},
		{name: "school", nouns: []string{"school"}, weight: 2.5, naming: bare(root, "School", "Academy", "Hall School")},
		{name: "bakery", nouns: []string{"bakery", "shop"}, weight: 2, naming: bare((*namer).surname, "Bakery")},
		{name: "shop", nouns: []string{"shop", "store"}, weight: 2, naming: bare((*namer).surname, "Stores", "Bookshop", "Toys",
			"Hardware")},
		{name: "garden", nouns: []string{"garden", "park"}, weight: 2, naming: bare(root, "Garden", "Park")},
		{name: "farm", nouns: []string{"farm"}, weight: 2, naming: bare(root, "Farm", "Hill Farm")},
		{name: "island", nouns: []string{"island", "place"}, weight: 2, naming: bare(root, "Island", "", "Isle")},
		{name: "river", nouns: []string{"river", "stream"}, weight: 1.5, naming: func(n *namer) string {
			return "the " + n.rng.pick([]string{"", "River "}) + n.root()
		}},
		{name: "lake", nouns: []string{"lake", "water"}, weight: 1.5, naming: func(n *namer) string { return "Lake " + n.root() }},
		{name: "hill", nouns: []string{"hill"}, weight: 1.2, naming: bare(root, "Hill", "Peak", "Fell")},
		{name: "ship", nouns: []string{"ship", "vessel"}, weight: 4, naming: func(n *namer) string {
			if n.rng.chance(0.2) {
				return "the " + n.first(true) + " " + n.surname()
			}
			return "the " + n.sign()
		}},
		{name: "band", nouns: []string{"band", "group"}, weight: 2, naming: the(sign, "Band", "Quartet", "Trio", "Orchestra")},
		{name: "club", nouns: []string{"club", "society"}, weight: 2, naming: the(place, "Chess Club", "Rowing Club", "Walking Club",
			"Sewing Club", "Cycling Club", "Swimming Club")},
		{name: "company", nouns: []string{"company", "firm"}, weight: 2.5, naming: bare(root, "Works", "and Sons", "Brothers", "Trading",
			"Glass", "Limited")},
		{name: "festival", nouns: []string{"festival", "fair"}, weight: 3, naming: the(place, "Festival", "Lantern Festival", "Fair",
			"Spring Festival", "Music Festival")},
		{name: "dog", nouns: []string{"dog"}, weight: 1.5, alive: true, naming: (*namer).animal},
		{name: "horse", nouns: []string{"horse"}, weight: 1.2, alive: true, naming: (*namer).animal},
		{name: "book", nouns: []string{"book", "novel"}, weight: 1.5, naming: the(sign, "Letters", "Mystery", "Road", "")},
	}
}
