// Package refusal tells replies that decline to answer from replies that
// answer, in English, German, French, Spanish, Chinese and Japanese.
//
// A reply declines if one of its sentences does and nothing in it is offered
// as an answer. The grammar of declining is a table for each language
// (english.go and so on): who does not say (documents, I), what they do not do
// (say, mention, know) and which sentences around it offer nothing (advice,
// apologies, what the documents are about). This file applies a table.
package refusal

import (
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/ragft/ragft/internal/thoughts"
)

// Verdict is what a reply does.
type Verdict int

// The verdicts.
const (
	Answers  Verdict = iota // offers an answer, or says nothing that declines
	Declines                // declines to answer, and offers no answer
	Unsure                  // declines, but what else it says may be an answer
)

// Decide reads a reply. lean is the better guess where the verdict is
// [Unsure], and the verdict otherwise.
func Decide(text string) (verdict, lean Verdict) {
	_, at := thoughts.Split(text, false)
	s := fold(head(text[at:], longestReply))
	if s == "" {
		return Answers, Answers
	}
	for i, l := range languages() {
		if !l.cue.MatchString(s) || i > 0 && inEnglish.MatchString(s) {
			continue
		}
		if verdict, lean := l.decide(s); lean == Declines || verdict != Answers {
			return verdict, lean
		}
	}
	return Answers, Answers
}

// A reply that declines says so early. What is read of longer texts, and of longer sentences, is their beginning, so that
// the time is bounded: each "but" of a sentence has the rest of it read again.
const longestReply, longestSentence = 8 << 10, 600

// head returns the first bytes of a text, at most n, up to the end of a character.
func head(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// language is the grammar of declining in one language.
type language struct {
	words map[string]string // named parts of the patterns, written {name}

	cue      string   // what every reply that declines holds: a negation, or "only"
	bare     string   // whole sentences without a verb: "Unknown", "No answer"
	declines []string // clauses that decline, from their first word on
	missing  []string // predicates that decline whatever their subject: "is not mentioned"
	never    []string // sentences that match the above and do not decline
	worldly  []string // the same, unless they name papers: what is not known in the world
	papers   string   // what names papers, or the writer of the reply
	opening  []string // what may stand before a clause that declines: "Based on the text,"
	idle     []string // clauses that offer no answer: "Please ...", "You could ..."
	advice   []string // clauses that offer no answer beside a refusal, but may well be one without
	courtesy []string // sentences that say nothing: greetings, thanks, and asking for more documents
	quoting  []string // clauses that say what a document says
	joint    string   // what joins a clause to the one before
	related  []string // clauses that are answers, but hardly so before "but the documents do not say"
	against  string   // the turns that set what is not known against what is known: "but", not "although"
	regret   string   // what sets a sentence that declines against the one before: "However, ..."
	result   string   // what draws a conclusion, before a clause that declines: "so", of what the documents do hold
	turn     string   // where a clause begins that may take a refusal back: "but"
	concede  string   // what opens a clause that the main clause follows: "although"

	implied     string // clauses that say what follows from a document
	reported    string // sentences that say what a document says, unless it says nothing of something else
	unsaid      string // what such a sentence holds that says a document does not say something
	topical     string // what a fragment does not hold, for it says what the reply is about
	fragment    string // answers without a verb that begin as an opening does: "For nine years, but ..."
	conditional string // what stands before a clause that only may be so: "if", "it means that"
	supposing   string // the same, and a subject
	guess       string // what a guess begins with: "maybe"
	referral    string // what a guess holds that only sends the reader elsewhere
}

// grammar is a compiled language.
type grammar struct {
	cue, bare, declines, missing, never, opening, idle, advice, quoting, joint, related, against, turn, concede,
	courtesy, result, regret, implied, reported, fragment, conditional, supposing, guess, referral, worldly, papers, unsaid,
	topical *regexp.Regexp
}

// languages compiles the tables at the first reply: most programs start without reading one.
var languages = sync.OnceValue(func() []*grammar {
	return []*grammar{english.compile(), german.compile(), french.compile(), spanish.compile(), chinese.compile(), japanese.compile()}
})

// inEnglish finds words of English that are none in the other languages, which share words of refusing with it ("no", "documents").
var inEnglish = regexp.MustCompile(`\b(?:the|is|of|and|it|to|you|are|were|by)\b`)

var named = regexp.MustCompile(`\{[a-z]+\}`)

// compile joins the patterns. A list that is empty matches nothing.
func (l *language) compile() *grammar {
	var expand func(string) string
	expand = func(p string) string {
		return named.ReplaceAllStringFunc(p, func(name string) string {
			part, ok := l.words[name[1:len(name)-1]]
			if !ok {
				panic("refusal: no part " + name)
			}
			return "(?:" + expand(part) + ")"
		})
	}
	one := func(before, after string, patterns ...string) *regexp.Regexp {
		if len(patterns) == 0 || patterns[0] == "" {
			return regexp.MustCompile(`[^\s\S]`)
		}
		return regexp.MustCompile(before + "(?:" + accents.Replace(expand(strings.Join(patterns, "|"))) + ")" + after)
	}
	return &grammar{
		cue: one("", "", l.cue), bare: one("^", "$", l.bare), declines: one("", "", l.declines...), missing: one("", "", l.missing...),
		never:   one("", "", l.never...),
		worldly: one("", "", l.worldly...), papers: one("", "", l.papers), unsaid: one("", "", l.unsaid), topical: one("", "", l.topical),
		opening: one("^", "$", l.opening...), idle: one("^", "", l.idle...),
		advice:  one("^", "", l.advice...),
		quoting: one("^", "", l.quoting...), joint: one("^", " ", l.joint), related: one("^", "", l.related...),
		courtesy: one("^", "", l.courtesy...), regret: one("^", "", l.regret),
		result:  one("(?:^|[ ,;])", "[ ,]*$", l.result),
		implied: one("^", "", l.implied), reported: one("^", "", l.reported), fragment: one("^", "", l.fragment),
		conditional: one("", "", l.conditional), supposing: one("", "", l.supposing),
		guess: one("^", "", l.guess), referral: one("", "", l.referral),
		against: one("", "", l.against), turn: one("", "", l.turn), concede: one("", "$", l.concede),
	}
}

// part is what a clause or a sentence does.
type part int

const (
	idle     part = iota // offers nothing and declines nothing
	declines             // declines, and offers nothing
	offers               // may be an answer
	unsure               // declines, after what may be an answer
	over                 // declines, and then answers
)

// decide reads a folded reply by the grammar of one language.
//
// What comes first counts most: an answer with a remark about what is not
// known is an answer, and a refusal stays one unless an answer follows it.
func (g *grammar) decide(s string) (verdict, lean Verdict) {
	refused, doubt, told := false, false, false
	for sentence := range sentencesOf(s) {
		does := g.sentence(sentence)
		s := strings.Trim(sentence, stops)
		if does == idle && !refused && !g.courtesy.MatchString(s) && (g.quoting.MatchString(s) || g.advice.MatchString(s)) {
			does = offers
		}
		switch does {
		case declines, unsure:
			if told && !g.regret.MatchString(s) {
				return Answers, Answers // "The keeper is Osk Varley. The documents do not say when he began."
			}
			refused, doubt = true, doubt || told || does == unsure
		case over:
			return Answers, Answers
		case offers:
			switch {
			case refused:
				return Unsure, Answers // "The documents do not say. It was 1912."
			case !g.related.MatchString(s):
				return Answers, Answers
			}
			told = true // "The museum opened in 1912. However, the documents do not say who built it."
		}
	}
	switch {
	case refused && doubt:
		return Unsure, Declines
	case refused:
		return Declines, Declines
	}
	return Answers, Answers
}

// sentence reads one sentence.
func (g *grammar) sentence(s string) part {
	s = head(strings.TrimSpace(s), longestSentence)
	trimmed := strings.Trim(s, stops)
	switch {
	case trimmed == "", strings.HasSuffix(s, "?"), strings.HasSuffix(s, "？"):
		return idle
	case g.guess.MatchString(trimmed) && !g.referral.MatchString(trimmed):
		return offers
	case g.bare.MatchString(trimmed):
		return declines
	}
	if at := colon.FindAllStringIndex(trimmed, -1); at != nil { // "Shelf life: unknown"
		if last := at[len(at)-1]; g.bare.MatchString(trimmed[last[1]:]) && strings.Count(trimmed[:last[0]], " ") < 6 {
			return declines
		}
	}
	c := g.find(trimmed)
	switch {
	case c.start < 0 && (g.courtesy.MatchString(trimmed) || g.idle.MatchString(trimmed) || g.advice.MatchString(trimmed)):
		return idle
	case c.start < 0, g.never.MatchString(trimmed), !c.own && g.reports(trimmed),
		g.worldly.MatchString(trimmed) && !g.papers.MatchString(trimmed):
		return offers
	}
	return g.around(trimmed, c)
}

// reports reports whether a sentence only says what a document says, and nothing of what it does not.
func (g *grammar) reports(s string) bool {
	return g.reported.MatchString(s) && !g.turn.MatchString(s) && !strings.Contains(s, " and ") && !g.unsaid.MatchString(s)
}

// around reads what stands around the clause that declines.
func (g *grammar) around(s string, c clause) part {
	before, after := s[:c.start], s[c.end:]
	var main string
	follows := false
	if at := pause.FindStringIndex(after); at != nil {
		main, follows = after[at[1]:], true
	}
	opening := strings.TrimRight(before, " ,")
	switch at := g.concede.FindStringIndex(opening); {
	case at != nil && follows && g.clause(before[:at[0]]) == idle:
		// "Although the documents do not say, it was 1912."
		if g.sentence(main) == offers {
			return over
		}
		return declines
	case g.conditional.MatchString(strings.TrimSpace(before)) || !c.own && g.supposing.MatchString(s[c.start:max(c.start, c.at)]):
		// "The reply is a zero if the documents do not say."
		if at := pause.FindStringIndex(s[c.start:]); at != nil && !strings.Contains(opening, " ") {
			return g.sentence(s[c.start+at[1]:])
		}
		if g.advice.MatchString(opening) || g.courtesy.MatchString(opening) {
			return idle // "Let me know if the documents are incomplete."
		}
		return offers
	case g.after(after):
		return over
	}
	switch g.before(before, c.own) {
	case offers:
		return offers
	case unsure:
		return unsure
	}
	return declines
}

// before reads what stands in front of the clause that declines.
func (g *grammar) before(s string, own bool) part {
	s = strings.TrimSpace(s)
	if rest, set := g.setOff(s); set && g.fragment.MatchString(rest) && !g.topical.MatchString(strings.Trim(rest, " ,")) {
		return offers // "For nine years, but | the documents do not say from when."
	}
	if own && g.result.MatchString(s) { // "The log ends in May, so | I cannot say."
		return idle
	}
	s = aside.ReplaceAllString(s, "")
	does := g.ahead(s, own)
	if does != offers || !own {
		return does
	}
	// The clause may begin before what the patterns match: "Dazu sagt der | Text nichts".
	at := 0
	for _, m := range clauseEnd.FindAllStringIndex(s, -1) {
		at = m[1]
	}
	if at == len(s) || strings.ContainsAny(s[at:], "0123456789") {
		return offers
	}
	return g.ahead(strings.TrimSpace(s[:at]), own)
}

// setOff returns what stands before the turn or the semicolon at the end of a text, and whether there is one. One word may follow
// the turn, such as an article. "However," with its comma refers to what was said before, and sets nothing off.
func (g *grammar) setOff(s string) (rest string, set bool) {
	if rest, set = strings.CutSuffix(s, ";"); set {
		return rest, true
	}
	all := g.turn.FindAllStringIndex(s, -1)
	if len(all) == 0 {
		return s, false
	}
	last := all[len(all)-1]
	left := strings.TrimSpace(s[last[1]:])
	if last[0] == 0 || s[last[1]-1] == ',' || strings.Contains(left, " ") || len(left) > 4 && left[0] < utf8.RuneSelf {
		return s, false
	}
	return s[:last[0]], true
}

// ahead reads a text that ends where a clause that declines begins.
func (g *grammar) ahead(s string, own bool) part {
	if c := g.clause(s); c != offers {
		return c
	}
	turned := false
	if all := g.turn.FindAllStringIndex(s, -1); len(all) > 0 {
		if last := all[len(all)-1]; strings.Trim(s[last[1]:], " ,") == "" || own {
			turned = g.against.MatchString(s[last[0]:last[1]])
			s = s[:last[0]]
		}
	}
	if c := g.clause(s); c != offers {
		return c
	}
	if turned && g.related.MatchString(s) {
		return unsure
	}
	return offers
}

// clause reads a clause in which nothing declines.
func (g *grammar) clause(s string) part {
	s = strings.Trim(s, " ,;:.!(-–—。，；：（")
	for s != "" {
		if g.quoting.MatchString(s) {
			return offers
		}
		for _, re := range []*regexp.Regexp{g.opening, g.idle, g.bare, g.courtesy, g.advice} {
			if re.MatchString(s) {
				return idle
			}
		}
		// "Good question, based on the text": the openings stand one after another.
		at := comma.FindStringIndex(s)
		if at == nil || !g.opening.MatchString(s[:at[0]]) && !g.courtesy.MatchString(s[:at[0]]) {
			return offers
		}
		s = strings.TrimSpace(s[at[1]:])
	}
	return idle
}

// after reports whether the rest of a sentence that declines goes back on it.
func (g *grammar) after(s string) bool {
	at, reason := g.turn.FindStringIndex(s), false
	if semicolon := boundary.FindStringIndex(s); semicolon != nil && (at == nil || semicolon[0] < at[0]) {
		at, reason = semicolon, strings.ContainsAny(s[semicolon[0]:semicolon[1]], ":：(")
	}
	if at == nil {
		return false
	}
	rest := strings.Trim(s[at[1]:], " ,;:)")
	if rest == "" || reason && g.related.MatchString(rest) { // "I cannot say: the camera was off."
		return false
	}
	if g.implied.MatchString(rest) { // "It does not say so, but the context suggests it."
		return true
	}
	does := g.sentence(rest)
	return does == offers || does == over
}
