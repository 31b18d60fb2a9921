package question

import (
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/words"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/retriever"
)

// YesNo tells whether the answer is yes, no or maybe: a word that any passage
// may hold, and that stands first in an answer.
func (q Question) YesNo() bool {
	golds := q.Golds()
	return len(golds) > 0 && !slices.ContainsFunc(golds, func(gold string) bool { return !words.IsYesNo(answer.Normalize(gold)) })
}

// In reports whether the text holds the answer: a reference answer or, of an
// answer in parts, one alias of every part.
func (q Question) In(text string) bool {
	return answer.Contains(text, q.Golds()) ||
		len(q.Parts) > 0 && !slices.ContainsFunc(q.Parts, func(part []string) bool { return !answer.Contains(text, part) })
}

// NameEvidence sets Evidence to the texts that answer the question where the
// words of the answer do not show which passage holds it: where it is yes, no
// or maybe, or stands in none of the texts word for word. Otherwise, and for an
// unanswerable question or an answer in parts, it empties Evidence.
func (q *Question) NameEvidence(texts []string) {
	golds := q.Golds()
	q.Evidence = nil
	inWords := !q.YesNo() && slices.ContainsFunc(texts, func(text string) bool { return answer.Contains(text, golds) })
	if len(golds) > 0 && len(q.Parts) == 0 && !inWords {
		q.Evidence = slices.Clone(texts)
	}
}

// nameHits is NameEvidence of the passages that a data set gives for the
// question, if it gives any.
func (q *Question) NameHits(given []retriever.Hit) {
	if len(given) > 0 {
		q.NameEvidence(HitTexts(given))
	}
}

func HitTexts(hits []retriever.Hit) []string {
	texts := make([]string, len(hits))
	for i, hit := range hits {
		texts[i] = hit.Text
	}
	return texts
}

// labelContext tells whether one of the passages holds a reference answer, or
// is of the evidence that came with the question. Of an answer in parts, each
// part may stand in another passage.
func LabelContext(q Question, hits []retriever.Hit) answer.Context {
	golds := q.Golds()
	parts := q.Parts
	switch {
	case len(golds) == 0:
		return answer.Absent
	case len(q.Evidence) > 0:
		if slices.ContainsFunc(hits, q.IsEvidence) {
			return answer.Present
		}
		return answer.Absent
	case len(parts) == 0:
		parts = [][]string{golds}
	}
	for _, part := range parts {
		if !slices.ContainsFunc(hits, func(hit retriever.Hit) bool { return HoldsAnswer(hit, part) }) {
			return answer.Absent
		}
	}
	return answer.Present
}

// holdsPart tells whether a passage holds the answer or a part of it, or is of
// the evidence that came with the question.
func HoldsPart(hit retriever.Hit, q Question) bool {
	if len(q.Evidence) > 0 {
		return q.IsEvidence(hit)
	}
	if HoldsAnswer(hit, q.Golds()) {
		return true
	}
	return slices.ContainsFunc(q.Parts, func(part []string) bool { return HoldsAnswer(hit, part) })
}

// holdsAnswer looks at the title too, since the prompt shows it.
func HoldsAnswer(hit retriever.Hit, golds []string) bool {
	return answer.Contains(hit.Text, golds) || answer.Contains(hit.Title, golds)
}

// isEvidence tells whether a passage is one of Evidence, holds one, or is a
// piece of one, whatever white space lies between the words.
func (q Question) IsEvidence(hit retriever.Hit) bool {
	fields := strings.Fields(hit.Text)
	text := strings.Join(fields, " ")
	return slices.ContainsFunc(q.Evidence, func(evidence string) bool {
		e := strings.Join(strings.Fields(evidence), " ")
		switch {
		case text == "" || e == "":
			return false
		case text == e:
			return true
		}
		// A heading or a name may stand anywhere.
		return len(fields) >= words.MinQuote && strings.Contains(e, text) ||
			strings.Count(e, " ")+1 >= words.MinQuote && strings.Contains(text, e)
	})
}
