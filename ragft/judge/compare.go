package judge

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ragft/ragft/internal/decision"
	"github.com/ragft/ragft/internal/words"
	"github.com/ragft/ragft/internal/yesno"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/question"
)

// compare judges a text by comparing strings alone. An empty verdict means that
// a model has to decide.
//
// A refusal that happens to contain the reference ("The documents do not name
// the founder of the Blue Inn", reference "Blue Inn") stays a refusal; only an
// exact match goes before that. If the reference is yes, no or maybe, only the
// first word of the answer is compared, unless it is the "no" of a refusal ("No
// information is given"); if that is none of the three, the model decides, also
// where the answer says that there is no evidence for something.
func compare(text string, q question.Question, correctF1 float64) (answer.Verdict, answer.Decision) {
	normal, golds := answer.Normalize(text), q.Golds()
	switch {
	case normal == "":
		return answer.Incorrect, decision.Empty
	case answer.ExactMatch(text, golds):
		return answer.Correct, decision.Match
	case q.YesNo() && noInformation.MatchString(strings.ToLower(strings.TrimSpace(text))) && answer.IsRefusal(text):
		return answer.Refused, decision.Refusal
	case q.YesNo() && answer.ExactMatch(yesno.First(normal), golds):
		return answer.Correct, decision.Match
	case q.YesNo() && yesno.First(normal) != "":
		return answer.Incorrect, decision.NoOverlap
	case q.YesNo() && noEvidence.MatchString(strings.ToLower(text)):
		return "", ""
	case answer.IsRefusal(text):
		return answer.Refused, decision.Refusal
	case q.YesNo():
		return "", ""
	case len(golds) == 0:
		return answer.Incorrect, decision.Unanswerable
	case q.In(text):
		if denies(normal, golds) || hedges(normal, golds) {
			return "", ""
		}
		return answer.Correct, decision.Match
	case correctF1 > 0 && answer.F1(text, golds) >= correctF1 && numbersAgree(normal, golds):
		return answer.Correct, decision.F1
	case clearlyDifferent(normal, golds):
		return answer.Incorrect, decision.NoOverlap
	default:
		return "", ""
	}
}

// denies reports a negation in the answer that the reference does not have:
// "it was not Paris" contains "Paris" and yet is no match.
func denies(normal string, golds []string) bool {
	words := strings.Fields(normal)
	for _, gold := range golds {
		goldNormal := answer.Normalize(gold)
		goldWords := strings.Fields(goldNormal)
		if !slices.ContainsFunc(words, func(word string) bool {
			return isNegation(word) && !slices.Contains(goldWords, word)
		}) && !slices.ContainsFunc(negations, func(phrase string) bool {
			return strings.Contains(normal, phrase) && !strings.Contains(goldNormal, phrase)
		}) {
			return false
		}
	}
	return true
}

// negations are Chinese and Japanese, of whose words each character is one.
var negations = []string{"不 是", "不 在", "没 有", "沒 有", "并 非", "並 非", "で は な い", "じ ゃ な い", "で は あ り ま せ ん"}

// noEvidence says no of what is asked rather than of the documents.
var noEvidence = regexp.MustCompile(`^(?:there (?:is|was)|we found|they found) (?:no|little|insufficient)(?: \w+)? evidence ` +
	`(?:that|of|for|to)\b`)

// noInformation says no of the documents rather than of what is asked. "No, it ..." is no such beginning.
var noInformation = regexp.MustCompile(`^no (?:[\w-]+ ){0,2}` +
	`(?:information|info|mention|answer|details?|data|documents?|passages?|sources?|context|record)\b`)

// hedges reports a choice that the answer leaves open: "either Paris or London".
func hedges(normal string, golds []string) bool {
	words := strings.Fields(normal)
	at := slices.Index(words, "either")
	return at >= 0 && slices.Contains(words[at:], "or") &&
		!slices.ContainsFunc(golds, func(gold string) bool { return slices.Contains(strings.Fields(answer.Normalize(gold)), "either") })
}

// isNegation knows normalised words, which have lost their apostrophes.
func isNegation(word string) bool {
	switch word {
	case "not", "no", "never", "neither", "nor", "isnt", "wasnt", "arent", "werent", "doesnt", "didnt", "dont", "cannot", "cant":
		return true
	}
	return false
}

// numbersAgree reports whether some reference has all its numbers in the
// answer and the answer has no others: "12 metres" and "13 metres" share most
// of their words.
func numbersAgree(normal string, golds []string) bool {
	have := words.Numbers(normal)
	return slices.ContainsFunc(golds, func(gold string) bool {
		return slices.Equal(have, words.Numbers(answer.Normalize(gold)))
	})
}

// clearlyDifferent reports that an answer has nothing to do with any
// reference: no word in common, and no two words with the same stem. A number
// in digits against one in words stays open, and so do numbers that may be the
// same in another form.
func clearlyDifferent(normal string, golds []string) bool {
	said := strings.Fields(normal)
	for _, gold := range golds {
		goldNormal := answer.Normalize(gold)
		if len(words.Numbers(normal)) > 0 && spellsNumber(goldNormal) || len(words.Numbers(goldNormal)) > 0 && spellsNumber(normal) {
			return false
		}
		if shareDigits(normal, goldNormal) {
			return false
		}
		for _, goldWord := range strings.Fields(goldNormal) {
			if slices.ContainsFunc(said, func(word string) bool { return sameStem(word, goldWord) }) {
				return false
			}
		}
	}
	return true
}

// shareDigits reports that two texts have a run of digits in common, or all digits: "5km" and "5 km", "3 000" and "3000".
func shareDigits(a, b string) bool {
	notDigit := func(r rune) bool { return !unicode.IsDigit(r) }
	as, bs := strings.FieldsFunc(a, notDigit), strings.FieldsFunc(b, notDigit)
	return slices.ContainsFunc(as, func(run string) bool { return slices.Contains(bs, run) }) ||
		len(as) > 0 && strings.Join(as, "") == strings.Join(bs, "")
}

// spellsNumber reports an English number word.
func spellsNumber(normal string) bool {
	return slices.ContainsFunc(strings.Fields(normal), func(word string) bool {
		switch word {
		case "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
			"eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
			"twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
			"hundred", "thousand", "million", "billion", "dozen", "first", "second", "third", "fourth", "fifth":
			return true
		}
		return false
	})
}

// sameStem is true for equal words, and for words of at least five letters
// that begin with the same four and hold no digit.
func sameStem(a, b string) bool {
	if a == b {
		return true
	}
	const stem = 4
	if utf8.RuneCountInString(a) <= stem || utf8.RuneCountInString(b) <= stem ||
		strings.ContainsFunc(a+b, unicode.IsDigit) {
		return false
	}
	return string([]rune(a)[:stem]) == string([]rune(b)[:stem])
}
