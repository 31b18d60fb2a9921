package judge

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ragft/ragft/internal/words"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
)

// JudgeOptions controls the last step of the cascade, where the model decides
// what the comparison of strings leaves open. The zero value asks the
// generating model once, greedily.
type Options struct {
	Model model.Model // nil = the model that generates

	// Knockout has the judge choose among the candidates themselves, as in the
	// code of arXiv 2502.10596: shuffled, in brackets of three, with question,
	// reference and passages in view. The winner becomes the target, unless the
	// comparison of strings shows that it is wrong. About half as many calls as
	// candidates; Votes and CorrectF1 are not used.
	Knockout       bool
	KnockoutPrompt string // system message; "" = [DefaultKnockoutPrompt]
	Tries          int    // times that a bracket is asked until the reply can be read; 0 = 5

	Votes       int     // replies asked for each open candidate; 0 = 1, negative = never ask: what is open is incorrect
	Temperature float64 // 0 = greedy for one vote, 0.7 for several
	MaxTokens   int     // 0 = 16; a model that thinks aloud needs more

	// CorrectF1 is the token F1 from which an answer is correct without being
	// judged; 0 = never. A number in the reference that the answer does not
	// have is always left to the judge.
	CorrectF1 float64
}

func (o Options) WithDefaults() Options {
	if o.Votes == 0 {
		o.Votes = 1
	}
	if o.Temperature == 0 && o.Votes > 1 {
		o.Temperature = 0.7
	}
	if o.MaxTokens == 0 {
		o.MaxTokens = 16
	}
	if o.KnockoutPrompt == "" {
		o.KnockoutPrompt = DefaultKnockoutPrompt
	}
	if o.Tries <= 0 {
		o.Tries = 5
	}
	return o
}

// cascade judges text by comparison of strings alone, the first steps of the
// cascade. An empty verdict means that the model has to decide.
//
// A refusal that happens to contain the reference ("The documents do not name
// the founder of the Blue Inn", reference "Blue Inn") stays a refusal; only an
// exact match goes before that. Of an answer to a question of yes or no, the
// first word alone is compared; without one of the words there, the model
// decides, also where the answer says that there is no evidence for something.
func Cascade(text string, q question.Question, correctF1 float64) (answer.Verdict, answer.Decision) {
	normal, golds := answer.Normalize(text), q.Golds()
	switch {
	case normal == "":
		return answer.Incorrect, answer.ByEmpty
	case answer.ExactMatch(text, golds), q.YesNo() && answer.ExactMatch(SaysYesNo(normal), golds):
		return answer.Correct, answer.ByMatch
	case q.YesNo() && SaysYesNo(normal) != "":
		return answer.Incorrect, answer.ByNoOverlap
	case q.YesNo() && noEvidence.MatchString(strings.ToLower(text)):
		return "", ""
	case answer.IsRefusal(text):
		return answer.Refused, answer.ByRefusal
	case q.YesNo():
		return "", ""
	case len(golds) == 0:
		return answer.Incorrect, answer.ByUnanswerable
	case answer.Contains(text, golds), ContainsAll(text, q.Parts):
		if denies(normal, golds) || hedges(normal, golds) {
			return "", ""
		}
		return answer.Correct, answer.ByMatch
	case correctF1 > 0 && answer.F1(text, golds) >= correctF1 && numbersAgree(normal, golds):
		return answer.Correct, answer.ByF1
	case clearlyDifferent(normal, golds):
		return answer.Incorrect, answer.ByNoOverlap
	default:
		return "", ""
	}
}

// containsAll reports whether the text holds every part of an answer of several
// parts, by one of its aliases each.
func ContainsAll(text string, parts [][]string) bool {
	for _, part := range parts {
		if !answer.Contains(text, part) {
			return false
		}
	}
	return len(parts) > 0
}

// denies reports a negation in the answer that the reference does not have:
// "it was not Paris" contains "Paris" and yet is no match.
func denies(normal string, golds []string) bool {
	words := strings.Fields(normal)
	for _, gold := range golds {
		goldWords := strings.Fields(answer.Normalize(gold))
		if !slices.ContainsFunc(words, func(word string) bool {
			return isNegation(word) && !slices.Contains(goldWords, word)
		}) {
			return false
		}
	}
	return true
}

// saysYesNo returns the yes, no or maybe that a normalised answer begins with,
// "answer is" left out; "" = none.
func SaysYesNo(normal string) string {
	for word := range strings.FieldsSeq(normal) {
		switch word {
		case "final", "answer", "is", "it":
			continue
		}
		if words.IsYesNo(word) {
			return word
		}
		return ""
	}
	return ""
}

// noEvidence says no of what is asked rather than of the documents.
var noEvidence = regexp.MustCompile(`^(?:there (?:is|was)|we found|they found) (?:no|little|insufficient)(?: \w+)? evidence (?:that|of|for|to)\b`)

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
// in digits against one in words stays open.
func clearlyDifferent(normal string, golds []string) bool {
	said := strings.Fields(normal)
	for _, gold := range golds {
		goldNormal := answer.Normalize(gold)
		if len(words.Numbers(normal)) > 0 && spellsNumber(goldNormal) || len(words.Numbers(goldNormal)) > 0 && spellsNumber(normal) {
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

// ErrJudgeUnread means that nothing a judge replied could be read as a verdict.
var ErrUnread = errors.New("the judge gives no verdict that can be read")

// replyTally counts what could be read of a judge's replies.
type ReplyTally struct {
	Replies, Read int
	First         string // unread
}

func (t *ReplyTally) CountReply(text string, read bool) {
	t.Replies++
	if read {
		t.Read++
	} else if t.First == "" {
		t.First = text
	}
}

// enoughReplies is how many replies without one that can be read show that a
// judge does not do its work.
const EnoughReplies = 4

// check is an error as soon as it is clear that the judge never replies with a verdict.
func (t *ReplyTally) Check(judge model.Model, o Options) error {
	if t.Read > 0 || t.Replies < EnoughReplies {
		return nil
	}
	without := "set JudgeOptions.Votes to -1 to do without a judge"
	if o.Knockout {
		without = "set JudgeOptions.Knockout to false"
	}
	return fmt.Errorf("%w: %s, in %d replies, of which the first was %.80q; set JudgeOptions.Model to a more able model, raise JudgeOptions.MaxTokens (now %d) if it thinks aloud, or %s",
		ErrUnread, judge.Name(), t.Replies, t.First, o.MaxTokens, without)
}

func CountVotes(samples []model.Sample) answer.Votes {
	var votes answer.Votes
	for _, sample := range samples {
		switch yes, ok := parseVote(sample.Text); {
		case !ok:
			votes.Unparsed++
		case yes:
			votes.Yes++
		default:
			votes.No++
		}
	}
	return votes
}

// parseVote reads a yes or no: the first word of the reply, else the only one
// of the two that occurs in it.
func parseVote(text string) (yes, ok bool) {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) })
	if len(words) == 0 {
		return false, false
	}
	if words[0] == "yes" || words[0] == "no" {
		return words[0] == "yes", true
	}
	hasYes, hasNo := slices.Contains(words, "yes"), slices.Contains(words, "no")
	return hasYes, hasYes != hasNo
}
