package question

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/internal/words"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/retriever"
)

// maxQuestionWords is the longest question that is accepted.
const maxQuestionWords = 24

var (
	questionWord = regexp.MustCompile(`(?i)^(?:(?:in|on|at|by|of|from|to|for|with|during|under) )?` +
		`(?:who|whom|whose|what|which|when|where|why|how)\b`)
	// two questions in one, and questions for a definition, which no name answers
	twofold  = regexp.MustCompile(`(?i)\b(?:and|or),? (?:what|who|when|where|how|why|which)\b`)
	defining = regexp.MustCompile(`(?i)^(?:what|who) (?:is|are|was|were) (?:(?:the|a|an) )?(?:[\p{L}\p{N}'’-]+ ){0,3}[\p{L}\p{N}'’-]+\?$`)
	pointing = regexp.MustCompile(`(?i)\b(?:this|these|those|we|our|you|your|i|above|following)\b`)
	pronoun  = regexp.MustCompile(`(?i)\b(?:he|she|it|they|him|her|them|his|its|their)\b`)
)

// badWording says why a question cannot be used by its wording alone, or "".
func badWording(question string, c candidate, chunk retriever.Chunk) string {
	fields := strings.Fields(question)
	body := strings.TrimSuffix(question, "?")
	content := contentWords(question)
	switch {
	case len(fields) < 4, !strings.HasSuffix(question, "?"), strings.ContainsAny(body, "?!:\n"), strings.Contains(body, ". "),
		!questionWord.MatchString(question), twofold.MatchString(question):
		return "no-question"
	case !asksFor(question, c.kind), asksPerson.MatchString(question) && lands.MatchString(c.text):
		return "wrong-kind"
	case len(fields) > maxQuestionWords:
		return "long-question"
	case answer.Contains(question, []string{c.text}), givenAway(content, c):
		return "given-away"
	case layout.Contextual.MatchString(question), pointing.MatchString(question), unnamed(body):
		return "contextual"
	case stutters(fields), strings.Count(question, `"`)%2 == 1, twoVerbs.MatchString(body):
		return "garbled"
	case strings.Contains(normal(c.sentence), normal(body)):
		return "copied"
	case !related(content, c, chunk), invented(body, chunk), strays(content, c, chunk):
		return "unrelated"
	case vague(body, content), c.kind == name && defining.MatchString(question), unasked(question, c):
		return "vague"
	}
	return ""
}

var (
	asksTime   = regexp.MustCompile(`(?i)\b(?:when|year|date|day|month|decade|century|time)\b`)
	asksNumber = regexp.MustCompile(`(?i)\b(?:how|number|percentage|percent|amount|share|proportion|price|cost|fraction|population)\b`)
	asksName   = regexp.MustCompile(`(?i)\b(?:who|whom|whose|what|which|where)\b`)
	asksPerson = regexp.MustCompile(`(?i)^(?:who|whom|whose)\b`)
)

// asksFor reports that the question words fit the kind of the answer.
func asksFor(question string, k kind) bool {
	switch k {
	case year, date:
		return asksTime.MatchString(question)
	case number, percentage, money:
		return asksNumber.MatchString(question)
	case name:
		return asksName.MatchString(question)
	}
	return asksName.MatchString(question) && !asksPerson.MatchString(question)
}

// twoVerbs matches a form of "be" after "did", which has its verb already.
var twoVerbs = regexp.MustCompile(`(?i)^\w+ (?:\w+ )?(?:did|does|do) (?:\S+ )*?\S*[^o\s] (?:be|been|was|were|is|are)\b`)

var (
	naming = regexp.MustCompile(`(?i)^what (?:is|was|are|were) the names? of\b`)
	named  = regexp.MustCompile(`(?i)\b(?:name[sd]?|call(?:ed|s)|known as|titled|dubbed)\b`)
)

// unasked reports a question for the name of something although the sentence names nothing: the answer is then the name of
// something else.
func unasked(question string, c candidate) bool {
	return naming.MatchString(question) && !named.MatchString(c.sentence)
}

// normal is a text for comparisons.
func normal(s string) string { return strings.Join(words.Of(s), " ") }

// givenAway reports that the question has all words of the answer, in whatever order.
func givenAway(content []string, c candidate) bool {
	parts := contentWords(c.text)
	if len(parts) == 0 {
		return false
	}
	return !slices.ContainsFunc(parts, func(w string) bool { return !slices.Contains(content, w) })
}

// unnamed reports a pronoun before which the question names nothing that it could stand for.
func unnamed(body string) bool {
	at := pronoun.FindStringIndex(body)
	return at != nil && !midCapital.MatchString(body[:at[0]])
}

var midCapital = regexp.MustCompile(` \p{Lu}`)

// stutters reports words that follow themselves, and three words that occur twice.
func stutters(fields []string) bool {
	lower := strings.Fields(strings.ToLower(strings.Join(fields, " ")))
	for i := range lower {
		if i > 0 && lower[i] == lower[i-1] {
			return true
		}
		for j := i + 3; j+3 <= len(lower); j++ {
			if slices.Equal(lower[i:i+3], lower[j:j+3]) {
				return true
			}
		}
	}
	return false
}

// related reports that the question is about the passage: it has words of it that are not the answer's, and few others.
func related(content []string, c candidate, chunk retriever.Chunk) bool {
	passage := stems(contentWords(chunk.Title + " " + chunk.Text))
	own := stems(contentWords(c.text))
	in, of := 0, 0
	for _, w := range content {
		of++
		if s := stem(w); passage[s] && !own[s] {
			in++
		}
	}
	return in > 0 && 3*in >= 2*of
}

// asking are words that a question may have although its sentence does not: they say what kind of answer is expected.
var asking = stems(strings.Fields(`name names word term kind type sort number year date day month time percentage percent amount title
	person people place country city group price cost share call take happen`))

// strays reports that more than one in five content words are not in the sentence that the model was shown. If a small model
// adds words of its own, the answer mostly does not fit the question. If the subject of the sentence is named elsewhere,
// words of the passage are allowed.
func strays(content []string, c candidate, chunk retriever.Chunk) bool {
	shown := c.sentence
	if dangling.MatchString(shown) {
		shown = chunk.Text
	}
	has := stems(words.Of(chunk.Title + " " + shown))
	out := 0
	for _, w := range content {
		if s := stem(w); !has[s] && !asking[s] {
			out++
		}
	}
	return 5*out > len(content)
}

// invented reports a name or number that the passage does not have. Numbers of its title do not count: titles may be the names
// of files.
func invented(body string, chunk retriever.Chunk) bool {
	has := stems(words.Of(noNumber.ReplaceAllString(chunk.Title, " ") + " " + chunk.Text))
	_, rest, _ := strings.Cut(body, " ")
	return slices.ContainsFunc(strings.Fields(rest), func(field string) bool {
		return namelike.MatchString(field) &&
			slices.ContainsFunc(words.Of(field), func(w string) bool { return !has[stem(w)] && !functionWords[w] })
	})
}

var noNumber = regexp.MustCompile(`\p{N}+`)

var namelike = regexp.MustCompile(`^["“(]?\p{Lu}|\p{N}`)

// vague reports a question that names nothing and says little, so that it may be about anything.
func vague(body string, content []string) bool {
	named := midCapital.MatchString(body)
	return len(content) < 2 && !(named && len(content) > 0 && len(strings.Fields(body)) > 4) || !named && len(content) < 3
}

// contentWords are the words of a text without function words and question words.
func contentWords(s string) []string {
	return slices.DeleteFunc(words.Of(s), func(w string) bool { return functionWords[w] })
}

// stem is the beginning of a word, which its forms share.
func stem(w string) string {
	r := []rune(w)
	if len(r) == 0 || unicode.IsDigit(r[0]) {
		return w
	}
	w = string(r)
	for _, suffix := range []string{"ing", "ies", "ed", "es", "s", "e", "y"} {
		if rest, ok := strings.CutSuffix(w, suffix); ok && len(rest) >= 3 {
			return rest
		}
	}
	return w
}

func stems(all []string) map[string]bool {
	out := make(map[string]bool, len(all))
	for _, w := range all {
		out[stem(w)] = true
	}
	return out
}
