package question

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/internal/sentences"
	"github.com/ragft/ragft/internal/words"
	"github.com/ragft/ragft/retriever"
)

// kind is what an answer is: it decides how a question about it may begin.
type kind int

const (
	name kind = iota
	year
	date
	percentage
	money
	number
	quoted
	phrase
)

// candidate is an answer that a question can be written for, chosen by rules before there is a question (answer-aware question
// generation, Zhou et al. 2017, arXiv 1704.01792).
type candidate struct {
	text       string
	kind       kind
	sentence   string
	start, end int  // of text in sentence
	located    bool // the name is said to be a place somewhere
}

// before and after are the sentence around the answer.
func (c candidate) before() string { return c.sentence[:c.start] }
func (c candidate) after() string  { return c.sentence[c.end:] }

const (
	monthNames = `(?:January|February|March|April|May|June|July|August|September|October|November|December)`
	numeral    = `(?:\d[\d,]*(?:\.\d+)?|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|sixty)`
	magnitude  = `(?: (?:hundred|thousand|million|billion|trillion))?`
	nounPhrase = `((?:\p{Ll}[\p{Ll}-]+ ){0,2}\p{Ll}[\p{Ll}-]{3,})[,.;)]` // up to what ends it
	capital    = `\p{Lu}[\p{L}\p{N}'’-]*`
)

// found are patterns of answers, the first group of each; earlier ones have precedence where they overlap.
var found = []struct {
	kind    kind
	pattern *regexp.Regexp
}{
	{quoted, regexp.MustCompile(`["“]([^"“”]{4,60})["”]`)},
	{date, regexp.MustCompile(`\b(\d{1,2}(?:st|nd|rd|th)? ` + monthNames + `(?:,? \d{4})?)\b`)},
	{date, regexp.MustCompile(`\b(` + monthNames + ` \d{1,2}(?:st|nd|rd|th)?,? \d{4})\b`)},
	{date, regexp.MustCompile(`\b(` + monthNames + ` \d{1,4})\b`)},
	{percentage, regexp.MustCompile(`\b(` + numeral + ` ?(?:%|percent|per cent))`)},
	{money, regexp.MustCompile(`([$€£] ?\d[\d.,]*\d` + magnitude + `)`)},
	{year, regexp.MustCompile(`(?i)\b(?:in|since|by|until|of|year|around|about) (\d{3,4})\b`)},
	{number, regexp.MustCompile(`(?i)\b(` + numeral + magnitude + `) \p{L}{3,}`)},
	{name, regexp.MustCompile(`(` + capital + `(?:(?: (?:of|of the|de|la|von|van|du|des|-))? ` + capital + `)*)`)},
	{phrase, regexp.MustCompile(`\b(?:known as|called|named|termed|referred to as) (?:the |a |an )?` + nounPhrase)},
	{phrase, regexp.MustCompile(`\b(?:of|by|for|with|into|from|on|to) (?:the |a |an |its |their )` + nounPhrase)},
}

// answers returns the candidates of a passage, those that promise the best questions first. inside are names that stand within
// a sentence somewhere, so that one at the start of a sentence is known to be a name.
func answers(chunk retriever.Chunk, inside map[string]bool, maxWords int, s uint64) []candidate {
	var out []candidate
	taken := map[string]bool{}
	for _, sentence := range sentences.Split(chunk.Text) {
		for _, c := range inClauses(strings.Join(strings.Fields(sentence.Text), " "), inside) {
			key := strings.Join(words.Of(c.text), " ")
			if key == "" || taken[key] || len(strings.Fields(c.text)) > maxWords {
				continue
			}
			taken[key] = true
			out = append(out, c)
		}
	}
	title := strings.Join(words.Of(chunk.Title), " ")
	rank := func(c candidate) int {
		r := 0
		if c.kind == phrase {
			r += 4
		}
		if dangling.MatchString(c.sentence) {
			r += 2
		}
		if strings.Contains(title, strings.Join(words.Of(c.text), " ")) {
			r += 3 // most questions are about what the title names, not for it
		}
		if n := len(strings.Fields(c.sentence)); n < 6 || n > 40 {
			r++
		}
		return r
	}
	slices.SortStableFunc(out, func(a, b candidate) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return seed.Order(s, "answer", a.sentence+"\x00"+a.text, b.sentence+"\x00"+b.text)
	})
	return spread(out)
}

// spread takes an answer of each sentence before the second of any, so that questions are about all of a passage.
func spread(all []candidate) []candidate {
	var out []candidate
	count := map[string]int{}
	turn := make([]int, len(all))
	for i, c := range all {
		turn[i] = count[c.sentence]
		count[c.sentence]++
	}
	for round := 0; len(out) < len(all); round++ {
		for i, c := range all {
			if turn[i] == round {
				out = append(out, c)
			}
		}
	}
	return out
}

// dangling matches sentences whose subject is named elsewhere.
var dangling = regexp.MustCompile(`(?i)^(?:(?:however|also|then|later|thus|therefore|in addition|moreover|for example|additionally),? )?` +
	`(?:he|she|it|they|this|these|those|that|such|his|her|its|their|both|another|others?|some|many|there|here|one)\b`)

// between matches where a sentence may be divided into two complete ones.
var between = regexp.MustCompile(`; |, (?:and|but|while) `)

// inClauses returns the candidates of a sentence, each with the main clause that it stands in.
func inClauses(sentence string, inside map[string]bool) []candidate {
	for _, at := range between.FindAllStringIndex(sentence, -1) {
		left, right := sentence[:at[0]]+".", sentence[at[1]:]
		first, size := utf8.DecodeRuneInString(right)
		right = string(unicode.ToUpper(first)) + right[size:]
		if _, ok := framed(left); !ok {
			continue
		}
		if _, ok := framed(right); ok {
			return append(inSentence(left, inside), inClauses(right, inside)...)
		}
	}
	return inSentence(sentence, inside)
}

// inSentence returns the candidates of a sentence. Spans that overlap an earlier kind are left out.
func inSentence(sentence string, inside map[string]bool) []candidate {
	var out []candidate
	var spans [][2]int
	for _, f := range found {
		for _, m := range f.pattern.FindAllStringSubmatchIndex(sentence, -1) {
			c := candidate{kind: f.kind, sentence: sentence, start: m[2], end: m[3]}
			if f.kind == name {
				c = trimName(c, inside)
			}
			c.text = sentence[c.start:c.end]
			overlaps := slices.ContainsFunc(spans, func(s [2]int) bool { return m[2] < s[1] && s[0] < m[3] })
			if overlaps || c.text == "" || !usable(c) {
				continue
			}
			spans = append(spans, [2]int{c.start, c.end})
			out = append(out, c)
		}
	}
	return out
}

// trimName takes off words that are capitalised for another reason than being a name.
func trimName(c candidate, inside map[string]bool) candidate {
	for {
		word, rest, more := strings.Cut(c.sentence[c.start:c.end], " ")
		starts := strings.Trim(c.before(), `"“'‘( `) == ""
		switch {
		case starts && inside[c.sentence[c.start:c.end]]:
			return c
		case functionWords[strings.ToLower(word)], starts && !more, starts && !inside[word] && !inside[rest] && !capitalRun.MatchString(rest):
			if !more {
				c.start = c.end
				return c
			}
			c.start += len(word) + 1
		default:
			return c
		}
	}
}

var capitalRun = regexp.MustCompile(`^` + capital + `( |$)`)

// usable leaves out what makes ambiguous questions: members of lists, ranges and adjectives.
func usable(c candidate) bool {
	before, after := c.before(), c.after()
	switch c.kind {
	case name:
		if len(c.text) < 3 || inBrackets.MatchString(before) ||
			listed.MatchString(after) || listing.MatchString(before) || calendar.MatchString(c.text) {
			return false
		}
		next := strings.TrimPrefix(after, " ")
		if next == after || next == "" { // punctuation or the end follows
			return !strings.HasPrefix(after, "'s") && !strings.HasPrefix(after, "’s") && !strings.HasPrefix(after, "-")
		}
		word := strings.ToLower(firstWord.FindString(next))
		return word == "" || functionWords[word] || strings.HasSuffix(word, "ed")
	case year, number, percentage, money, date:
		if c.kind == number && (partly.MatchString(c.text+after) || anyYear.MatchString(c.text) || code.MatchString(before)) {
			return false // "Three Oars" is a name, 1812 a year, and "P-2626" one word
		}
		if (c.kind == year || c.kind == date) && (len(anyYear.FindAllString(c.sentence, 2)) > 1 || ofNoun(before)) {
			return false // it is not clear which of two years is asked for, or the year belongs to a noun: "the war of 1812"
		}
		return !(c.kind == number && scale.MatchString(after)) && !ranged.MatchString(before) && !rangedOn.MatchString(after)
	case phrase:
		fields := strings.Fields(c.text)
		if next := goesOn.FindStringSubmatch(after); next != nil && !functionWords[next[1]] {
			return false // "a large-scale, distributed network"
		}
		return !slices.ContainsFunc(fields, func(w string) bool { return functionWords[w] || strings.HasSuffix(w, "ly") })
	}
	return true
}

// ofNoun reports that what precedes a year is a noun with "of" that is not a part of the year.
func ofNoun(before string) bool {
	return strings.HasSuffix(before, " of ") && !partOfYear.MatchString(before)
}

var (
	partOfYear = regexp.MustCompile(
		`(?:` + monthNames + `|spring|summer|autumn|fall|winter|beginning|start|middle|end|half|quarter|months|years|days?|weeks?) of $`,
	)
	firstWord = regexp.MustCompile(`^\p{L}+`)
	listed    = regexp.MustCompile(`^(?:,? (?:and|or|as well as)|,) \p{Lu}`)
	listing   = regexp.MustCompile(`\p{Lu}[\p{L}'’-]*,?(?: (?:and|or)|,) $`)
	// inBrackets is before a name in brackets, which mostly is another name of what was named before.
	inBrackets = regexp.MustCompile(`\((?:[^()]* )?$`)
	goesOn     = regexp.MustCompile(`^, (\p{Ll}[\p{Ll}-]*)`)
	calendar   = regexp.MustCompile(`^(?:` + monthNames + `|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)s?$`)
	partly     = regexp.MustCompile(`^\p{Lu}\S* \p{Lu}`)
	scale      = regexp.MustCompile(`^ (?:hundred|thousand|million|billion|trillion|percent|per)\b`)
	ranged     = regexp.MustCompile(`(?i)(?:between|from|to|and|or|–|-) $`)
	code       = regexp.MustCompile(`\p{L}[-./]$`) // before a number that is a part of a name, as in X.25
	rangedOn   = regexp.MustCompile(`^ ?(?:to|and|or|–|-)\b? ?\d`)
)

// namesInside collects the names that stand within a sentence, and their words.
func namesInside(chunks []retriever.Chunk) map[string]bool {
	inside := map[string]bool{}
	pattern := regexp.MustCompile(`[\p{Ll},;] (` + capital + `(?: ` + capital + `)*)`)
	for _, chunk := range chunks {
		for _, m := range pattern.FindAllStringSubmatch(chunk.Text, -1) {
			inside[m[1]] = true
			for _, word := range strings.Fields(m[1]) {
				inside[word] = true
			}
		}
	}
	return inside
}

// functionWords carry no content of their own.
var functionWords = wordSet(`a an the and or but nor of in on at to for from by with without into onto over under after before since
	until during through between among about against as than that this these those there here it its he him his she her hers they them
	their we us our you your i my me who whom whose what which when where why how is are was were be been being am has have had having
	do does did done can could may might must shall should will would not no so if then also however although though while because
	both each every either neither all any some many much most more several few other another such only own same too very just
	even still yet thus hence therefore later first one up out off down again further once near within upon per via according like
	unlike despite said called known named used made became become where`)

func wordSet(list string) map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Fields(list) {
		set[word] = true
	}
	return set
}
