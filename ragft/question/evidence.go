package question

import (
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/words"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/retriever"
)

// YesNo reports whether every reference answer is yes, no or maybe. Such a word
// may be in any passage; in an answer it is looked for at the beginning.
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

// NameEvidence sets Evidence to the texts that answer the question, if the words
// of the answer do not tell which passage holds it: if it is yes, no or maybe,
// or in none of the texts word for word. Otherwise, and for an unanswerable
// question or an answer in parts, it clears Evidence.
func (q *Question) NameEvidence(texts []string) {
	golds := q.Golds()
	q.Evidence = nil
	inWords := !q.YesNo() && slices.ContainsFunc(texts, func(text string) bool { return answer.Contains(text, golds) })
	if len(golds) > 0 && len(q.Parts) == 0 && !inWords {
		q.Evidence = slices.Clone(texts)
	}
}

// NameHits is [Question.NameEvidence] with the texts of passages. Without any it
// changes nothing.
func (q *Question) NameHits(evidence []retriever.Hit) {
	if len(evidence) == 0 {
		return
	}
	texts := make([]string, len(evidence))
	for i, hit := range evidence {
		texts[i] = hit.Text
	}
	q.NameEvidence(texts)
}

// Context reports whether the passages hold the answer, by the words of a
// reference answer or by Evidence. The parts of an answer may be in different
// passages.
func (q Question) Context(hits []retriever.Hit) answer.Context {
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
		if !slices.ContainsFunc(hits, func(hit retriever.Hit) bool { return holds(hit, part) }) {
			return answer.Absent
		}
	}
	return answer.Present
}

// HeldBy reports whether the passage holds the answer or a part of it, by the
// words of a reference answer or by Evidence.
func (q Question) HeldBy(hit retriever.Hit) bool {
	if len(q.Evidence) > 0 {
		return q.IsEvidence(hit)
	}
	return holds(hit, q.Golds()) || slices.ContainsFunc(q.Parts, func(part []string) bool { return holds(hit, part) })
}

// holds looks at the title too, since prompts show it.
func holds(hit retriever.Hit, golds []string) bool {
	return answer.Contains(hit.Text, golds) || answer.Contains(hit.Title, golds)
}

// IsEvidence reports whether the passage is one of Evidence, holds one, or is a
// piece of one. White space makes no difference.
func (q Question) IsEvidence(hit retriever.Hit) bool {
	text := strings.Join(strings.Fields(hit.Text), " ")
	return slices.ContainsFunc(q.Evidence, func(evidence string) bool {
		e := strings.Join(strings.Fields(evidence), " ")
		switch {
		case text == "" || e == "":
			return false
		case text == e:
			return true
		}
		// A heading or a name may occur anywhere.
		return words.Count(text) >= words.MinQuote && strings.Contains(e, text) ||
			words.Count(e) >= words.MinQuote && strings.Contains(text, e)
	})
}
