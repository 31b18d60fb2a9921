package verified

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/sentences"
	"github.com/ragft/ragft/internal/words"
	"github.com/ragft/ragft/internal/yesno"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
)

// Values of [rows.Row.Made].
const (
	madeOwn          = "own"
	madeRationalised = "rationalised"
	madeReference    = "reference"
	madeRefusal      = "refusal"
)

// rationaleWords is the longest rationalised answer, in words.
const rationaleWords = 12

// phraseWords is how many words more than the reference a phrase may have that is no sentence, which a full stop would end.
const phraseWords = 3

// reference is the reference answer, if there are several the shortest that a
// passage has word for word.
func reference(q question.Question, hits []retriever.Hit) string {
	golds := q.Golds()
	best := ""
	for _, gold := range golds {
		held := slices.ContainsFunc(hits, func(hit retriever.Hit) bool { return answer.Contains(hit.Text, []string{gold}) })
		if len(q.Parts) == 0 && held && (best == "" || len(words.Of(gold)) < len(words.Of(best))) {
			best = gold
		}
	}
	return strings.TrimSpace(cmp.Or(best, golds[0]))
}

// own is what answers the question in a text that the model wrote; "" if it is
// not right.
func (g *generator) own(d *draft, sample model.Sample) string {
	list := statements(sample.Text)
	for i, sentence := range list {
		if !g.right(d.question, sentence) {
			continue
		}
		whole := i+1 < len(list) || !sample.Truncated
		switch q := d.question; {
		case q.YesNo():
			return yesNo(sentence)
		case len(q.Parts) > 0:
			if whole {
				return sentence
			}
		case heldBy(sentence, q.Golds()) != "":
			if whole && !supported(sentence, d) {
				whole = false // what it adds is of its own making
			}
			return cut(sentence, q.Golds(), whole)
		}
	}
	return ""
}

// right reports whether a text agrees with the reference by comparing texts: it
// holds the reference, denies nothing, and does not decline.
func (g *generator) right(q question.Question, text string) bool {
	c := &judge.Case{Question: q, Answers: []judge.Answer{{Text: text}}}
	if err := g.judge.Decide(context.Background(), []*judge.Case{c}); err != nil {
		return false
	}
	return c.Answers[0].Verdict == answer.Correct
}

// yesNo is the yes, no or maybe that a text begins with, as it is written there.
func yesNo(text string) string {
	said := yesno.First(answer.Normalize(text))
	for _, field := range strings.Fields(text) {
		if answer.Normalize(field) == said {
			return strings.TrimFunc(field, isMargin)
		}
	}
	return said
}

// statements are the sentences of the first line of a text, without what models
// put around an answer.
func statements(text string) []string {
	var list []string
	for _, s := range sentences.Split(firstLine(text)) {
		s := strings.TrimSpace(strings.Trim(strings.TrimSpace(s.Text), "\"“”*`"))
		if s != "" {
			list = append(list, s)
		}
	}
	return list
}

// firstLine is the first line that says anything, without a label.
func firstLine(text string) string {
	for line := range strings.Lines(strings.ToValidUTF8(text, "\uFFFD")) {
		line = strings.TrimSpace(line)
		for _, label := range []string{"Answer:", "A:"} {
			line = strings.TrimSpace(strings.TrimPrefix(line, label))
		}
		if !words.IsBlank(line) {
			return line
		}
	}
	return ""
}

// supported reports whether a shown passage that holds the answer has most of
// the words of a text, those of the question left out, and all its numbers.
func supported(text string, d *draft) bool {
	said := words.Of(text)
	numbers := words.Numbers(strings.Join(said, " "))
	asked := words.Of(d.question.Question)
	said = slices.DeleteFunc(said, func(word string) bool { return slices.Contains(asked, word) })
	return slices.ContainsFunc(d.hits, func(hit retriever.Hit) bool {
		if !d.question.HeldBy(hit) {
			return false
		}
		shown := words.Of(hit.Title + "\n" + hit.Text)
		missing := 0
		for _, word := range said {
			if !slices.Contains(shown, word) {
				missing++
			}
		}
		return 4*missing <= len(said) &&
			!slices.ContainsFunc(numbers, func(n string) bool { return !slices.Contains(shown, n) && !slices.Contains(asked, n) })
	})
}

// echo is how a model repeats the hint before the reference.
var echo = regexp.MustCompile(`(?i)^the (right |correct )?answer (to the question )?is:?\s`)

func withoutEcho(sentence string) string {
	if at := echo.FindStringIndex(sentence); at != nil {
		return strings.TrimFunc(sentence[at[1]:], isMargin)
	}
	return sentence
}

// rationale is what the model said in a few words that hold the reference and
// more, supported by a passage: a sentence, or else a clause of one; "" if there
// is none.
func (g *generator) rationale(d *draft, sample model.Sample) string {
	list := statements(sample.Text)
	for i, sentence := range list {
		sentence = withoutEcho(sentence)
		phrases := append([]string{sentence}, clauses(sentence)...)
		if i+1 == len(list) && sample.Truncated {
			phrases = phrases[1 : len(phrases)-1]
		}
		for _, phrase := range phrases {
			if gold := heldBy(phrase, d.question.Golds()); gold != "" && len(words.Of(phrase)) <= len(words.Of(gold))+phraseWords {
				phrase = withoutStop(phrase, gold)
			}
			if words.Count(phrase) <= rationaleWords && !answer.ExactMatch(phrase, d.question.Golds()) &&
				g.right(d.question, phrase) && supported(phrase, d) {
				return phrase
			}
		}
	}
	return ""
}

// clauses are the parts of a sentence between commas and the like; there is at
// least one.
func clauses(sentence string) []string {
	var list []string
	for _, part := range strings.FieldsFunc(strings.NewReplacer(", ", "\n", "; ", "\n", ": ", "\n", " (", "\n", ") ", "\n").Replace(sentence),
		func(r rune) bool { return r == '\n' }) {
		list = append(list, strings.TrimFunc(part, isMargin))
	}
	if len(list) == 0 {
		return []string{sentence}
	}
	return list
}
