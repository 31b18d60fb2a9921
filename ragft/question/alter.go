package question

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/internal/sentences"
	"github.com/ragft/ragft/retriever"
)

// corpusNames are what altered questions take from other passages.
type corpusNames struct {
	names   map[string][]string // by class
	places  map[string]bool     // names that stand behind "in" and the like somewhere
	persons map[string]bool     // names of several words that answer "who"
	years   []string
	numbers []string
}

var (
	anyName   = regexp.MustCompile(`[\p{Ll},;] (` + capital + `(?:(?: of)? ` + capital + `)*)`)
	anyPlace  = regexp.MustCompile(`\b(?:in|at|near|across|throughout|outside) (` + capital + `(?:(?: of)? ` + capital + `)*)`)
	anyYear   = regexp.MustCompile(`\b1\d{3}\b|\b20\d{2}\b`)
	anyNumber = regexp.MustCompile(`\b\d[\d,.]*\d\b|\b\d\b`)
)

// class tells kinds of names apart, so that replacing one by another makes sense; "" = it may name anything.
func (n corpusNames) class(name string) string {
	switch {
	case titles.MatchString(name), n.persons[name]:
		return "person"
	case n.places[name]:
		return "place"
	case things.MatchString(name):
		return "thing " + things.FindString(name)
	case places.MatchString(name):
		return "place"
	case !strings.Contains(name, " ") && people.MatchString(name):
		return "people " + people.FindString(name)
	}
	return ""
}

// people matches the ends of names of peoples, and of adjectives of places.
var people = regexp.MustCompile(`(?:ans|ese|ish|ists|ians|ian|ic|an)$`)

// person adds a name that answers "who". Names of one word are left out: they may be of a group or a place.
func (n corpusNames) person(name string) {
	if strings.Contains(name, " ") && n.class(name) != "person" {
		n.persons[name] = true
		n.names["person"] = append(n.names["person"], name)
	}
}

// possessive ends a name that owns what follows.
func possessive(name string) string {
	return strings.TrimSuffix(strings.TrimSuffix(name, "'s"), "’s")
}

func collect(chunks []retriever.Chunk) corpusNames {
	n := corpusNames{names: map[string][]string{}, places: map[string]bool{}, persons: map[string]bool{}}
	seen := map[string]bool{}
	for _, chunk := range chunks {
		for _, m := range anyPlace.FindAllStringSubmatch(chunk.Text, -1) {
			n.places[possessive(m[1])] = true
		}
	}
	for _, chunk := range chunks {
		for _, m := range anyName.FindAllStringSubmatch(chunk.Text, -1) {
			name := possessive(m[1])
			if class := n.class(name); class != "" && !seen[name] && !calendar.MatchString(name) && len(name) > 2 {
				n.names[class] = append(n.names[class], name)
			}
			seen[name] = true
		}
		for _, y := range anyYear.FindAllString(chunk.Text, -1) {
			if !seen[y] {
				n.years = append(n.years, y)
			}
			seen[y] = true
		}
		for _, x := range anyNumber.FindAllString(chunk.Text, -1) {
			if !seen[x] && !anyYear.MatchString(x) {
				n.numbers = append(n.numbers, x)
			}
			seen[x] = true
		}
	}
	return n
}

// opposites are words that turn a question into one about something else, as annotators of SQuAD 2.0 did (Rajpurkar et al.
// 2018, table 1: negation and antonyms).
var opposites = [][2]string{
	{"first", "last"}, {"largest", "smallest"}, {"highest", "lowest"}, {"oldest", "newest"}, {"north", "south"}, {"east", "west"},
	{"northern", "southern"}, {"eastern", "western"}, {"before", "after"}, {"increase", "decrease"}, {"increased", "decreased"},
	{"more", "less"}, {"most", "least"}, {"upper", "lower"}, {"early", "late"}, {"longest", "shortest"}, {"maximum", "minimum"},
	{"began", "ended"}, {"begin", "end"}, {"start", "stop"}, {"started", "stopped"}, {"opened", "closed"}, {"won", "lost"},
	{"win", "lose"}, {"founded", "dissolved"}, {"established", "abolished"}, {"created", "abolished"}, {"supported", "opposed"},
	{"born", "buried"}, {"arrived", "departed"}, {"entered", "left"}, {"bought", "sold"}, {"accepted", "rejected"},
	{"allowed", "forbidden"}, {"public", "private"}, {"internal", "external"}, {"old", "new"}, {"male", "female"}, {"rise", "fall"},
	{"built", "demolished"}, {"joined", "left"}, {"defeated", "spared"}, {"majority", "minority"}, {"including", "excluding"},
}

// partOfName matches names that go on behind a word in lower case, or that begin with a number: they are altered as a whole or not
// at all.
var partOfName = regexp.MustCompile(
	`(?:\d+(?:st|nd|rd|th) )?` + capital + `(?: ` + capital + `)* (?:de|du|des|von|van|la|of|the|di|da) ` + capital,
)

// alteration is a question of which one word or name was replaced.
type alteration struct {
	question string
	with     string // what stands there now
}

// alterations returns questions in which one thing was replaced by another of its kind that the passage does not have.
func (n corpusNames) alterations(q string, chunk retriever.Chunk, s uint64) []alteration {
	var out []alteration
	swap := func(from, to string) {
		altered := replaced(q, from, to)
		if partOfName.MatchString(q) && strings.Contains(partOfName.FindString(q), from) {
			return
		}
		if altered != q {
			out = append(out, alteration{altered, to})
		}
	}
	other := func(from string, all []string) {
		var choice []string
		for _, a := range all {
			if a != from && !strings.Contains(chunk.Text, a) && !strings.Contains(chunk.Title, a) && !strings.Contains(q, a) &&
				!strings.Contains(from, a) {
				choice = append(choice, a)
			}
		}
		if len(choice) > 0 {
			swap(from, slices.MinFunc(choice, func(a, b string) int { return seed.Order(s, "alter "+q, a, b) }))
		}
	}
	for _, y := range anyYear.FindAllString(q, -1) {
		other(y, n.years)
	}
	for _, at := range anyNumber.FindAllStringIndex(q, -1) {
		if x := q[at[0]:at[1]]; !anyYear.MatchString(x) && !code.MatchString(q[:at[0]]) {
			other(x, n.numbers)
		}
	}
	for _, pair := range opposites {
		for i, word := range pair {
			if !strings.Contains(" "+strings.ToLower(chunk.Text), " "+pair[1-i]) {
				swap(word, pair[1-i])
			}
		}
	}
	// A name is the last choice: that of another kind makes nonsense.
	before := len(out)
	for _, m := range anyName.FindAllStringSubmatch(q, -1) {
		name := possessive(m[1])
		if class := n.class(name); class != "" {
			other(name, n.names[class])
		}
	}
	for _, part := range [][]alteration{out[:before], out[before:]} {
		slices.SortStableFunc(part, func(a, b alteration) int { return seed.Order(s, "alteration", a.question, b.question) })
	}
	return out
}

// replaced is a question with another word in place of one, and the article that it needs. It is the question itself where the
// other word does not fit: "opposed to" is no "supported to".
func replaced(q, from, to string) string {
	at := regexp.MustCompile(`(?:\b([Aa])n? )?\b` + regexp.QuoteMeta(from) + `\b( (?:to|from|with)\b)?`)
	return at.ReplaceAllStringFunc(q, func(whole string) string {
		m := at.FindStringSubmatch(whole)
		article, preposition := m[1], m[2]
		switch {
		case preposition != "" && slices.Contains(verbs, from):
			return whole
		case article == "":
			return to + preposition
		case strings.ContainsRune("aeiouAEIOU", rune(to[0])):
			article += "n"
		}
		return article + " " + to + preposition
	})
}

// verbs are those of [opposites] that take other prepositions than their opposites.
var verbs = []string{"supported", "opposed", "entered", "left", "joined", "began", "ended", "begin", "end", "start", "stop", "started",
	"stopped", "departed", "arrived", "bought", "sold"}

// answeredBy reports that a sentence of the passage may answer an altered question: it has what was put in, and half of the
// question's other words.
func (a alteration) answeredBy(chunk retriever.Chunk) bool {
	put := stems(contentWords(a.with))
	asked := stems(contentWords(a.question))
	for w := range put {
		delete(asked, w)
	}
	for _, sentence := range sentences.Split(chunk.Text) {
		has := stems(contentWords(chunk.Title + " " + sentence.Text))
		if !containsAll(has, put) {
			continue
		}
		shared := 0
		for w := range asked {
			if has[w] {
				shared++
			}
		}
		if 2*shared >= len(asked) {
			return true
		}
	}
	return false
}

func containsAll(set, sub map[string]bool) bool {
	for w := range sub {
		if !set[w] {
			return false
		}
	}
	return true
}

// altered makes an unanswerable question of an answerable one, or says why it cannot.
func (c *composer) altered(ctx context.Context, d *draft) (Question, string, error) {
	all := c.names.alterations(d.question, d.chunk, c.Seed)
	if len(all) == 0 {
		return Question{}, "nothing-to-alter", nil
	}
	for _, a := range all {
		if c.seen[normal(a.question)] {
			continue
		}
		hits, err := c.search(ctx, a.question)
		if err != nil {
			return Question{}, "", err
		}
		hits = append(hits, retriever.Hit{Chunk: d.chunk})
		if slices.ContainsFunc(hits, func(hit retriever.Hit) bool { return a.answeredBy(hit.Chunk) }) {
			continue
		}
		c.seen[normal(a.question)] = true
		return Question{ID: d.id + "/altered", Question: a.question, Unanswerable: true, Gap: GapAltered, Group: d.chunk.ID}, "", nil
	}
	return Question{}, "altered-answered", nil
}
