package recipe

import (
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/internal/sentences"
	"github.com/ragft/ragft/internal/words"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
)

// oracle is a passage with the sentence that answers a question, or a part of it.
type oracle struct {
	hit      retriever.Hit
	sentence string
}

// oraclesOf finds the best passage with a sentence that holds the answer, and for
// an answer in parts one for each part: all of them or none.
func oraclesOf(q question.Question, found []retriever.Hit) []oracle {
	if len(q.Evidence) > 0 {
		return nearestEvidence(q, found)
	}
	parts := q.Parts
	if len(parts) == 0 {
		parts = [][]string{q.Golds()}
	}
	var oracles []oracle
	for _, part := range parts {
		at := slices.IndexFunc(found, func(hit retriever.Hit) bool { return sentenceWith(hit.Text, part) != "" })
		if at < 0 {
			return nil
		}
		one := oracle{found[at], sentenceWith(found[at].Text, part)}
		if !slices.ContainsFunc(oracles, func(o oracle) bool { return o.hit.ID == one.hit.ID && o.sentence == one.sentence }) {
			oracles = append(oracles, one)
		}
	}
	return oracles
}

// nearestEvidence finds the passage of the question's evidence with the sentence
// nearest to question and answer.
func nearestEvidence(q question.Question, found []retriever.Hit) []oracle {
	var nearest []oracle
	best := -1.0
	for _, hit := range found {
		if !q.IsEvidence(hit) {
			continue
		}
		for _, s := range sentences.Split(hit.Text) {
			if f := answer.F1(s.Text, []string{q.Question + " " + reference(q)}); f > best {
				best, nearest = f, []oracle{{hit, strings.Join(strings.Fields(s.Text), " ")}}
			}
		}
	}
	return nearest
}

// sentenceWith returns the first sentence that holds one of the answers, on one
// line; "" = none.
func sentenceWith(text string, golds []string) string {
	if !answer.Contains(text, golds) {
		return ""
	}
	for _, s := range sentences.Split(text) {
		if answer.Contains(s.Text, golds) {
			return strings.Join(strings.Fields(s.Text), " ")
		}
	}
	return ""
}

// oracleHits are the passages of oracles, once each.
func oracleHits(oracles []oracle) []retriever.Hit {
	var hits []retriever.Hit
	for _, o := range oracles {
		if !slices.ContainsFunc(hits, func(hit retriever.Hit) bool { return hit.ID == o.hit.ID }) {
			hits = append(hits, o.hit)
		}
	}
	return hits
}

// quoteTarget quotes the sentences that hold the answer, with single quotation
// marks inside them, and answers.
func quoteTarget(q question.Question, oracles []oracle) string {
	var b strings.Builder
	for _, o := range oracles {
		b.WriteString(`The document says: "` + strings.ReplaceAll(o.sentence, `"`, "'") + "\"\n")
	}
	return b.String() + layout.AnswerMarker + " " + reference(q)
}

// quotes reports whether the text holds a sentence of the passage word for word.
func quotes(text string, hit retriever.Hit) bool {
	text = strings.Join(strings.Fields(text), " ")
	return slices.ContainsFunc(sentences.Split(hit.Text), func(s retriever.Chunk) bool {
		sentence := strings.Join(strings.Fields(s.Text), " ")
		return words.Count(sentence) >= 4 && strings.Contains(text, strings.TrimRight(sentence, ".!?。！？ "))
	})
}
