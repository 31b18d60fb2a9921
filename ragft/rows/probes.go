package rows

import (
	"slices"

	"github.com/ragft/ragft/internal/words"
	"github.com/ragft/ragft/ragft/question"
)

// Probes are questions of known answer, by whether the rows teach the fact.
type Probes struct {
	Taught   []question.Question // the answer stands in the target of a row about the same subject; the question in none
	Withheld []question.Question // no target holds the answer: what a model answers here it knew before, or guesses
	Leaked   []question.Question // the question itself stands in a row, or nearly does
}

// SplitProbes sorts questions for a closed-book test of what rows teach. A
// model that was tuned on the rows should answer Taught better than its base
// and Withheld no better; Leaked measure nothing but recall of the rows. A row
// is about the same subject where its question and target together hold half of
// the probe's words. Questions without an answer are Leaked or nothing; rows
// that are held out teach nothing. Questions without an id come back with their
// number as one. [probe.Run] measures by it.
func SplitProbes(questions []question.Question, rows []Row, o question.LeakOptions) Probes {
	questions = question.WithIDs(questions) // leaks are named by id
	training := make([]question.Question, 0, len(rows))
	taught := make([]taughtWords, 0, len(rows))
	for _, row := range rows {
		if row.HeldOut {
			continue
		}
		if row.Question != "" {
			training = append(training, question.Question{ID: row.ID, Question: row.Question})
		}
		said := words.Of(row.Response() + "\n" + row.Text)
		taught = append(taught, taughtWords{said, slices.Concat(words.Of(row.Question), said)})
	}
	leaked := map[string]bool{}
	for _, leak := range question.FindLeaks(training, questions, o) {
		leaked[leak.Evaluation] = true
	}
	var p Probes
	for _, q := range questions {
		asked := words.Of(q.Question)
		var golds [][]string
		for _, gold := range q.Golds() {
			golds = append(golds, words.Of(gold))
		}
		switch {
		case leaked[q.ID]:
			p.Leaked = append(p.Leaked, q)
		case len(golds) == 0:
		case slices.ContainsFunc(taught, func(t taughtWords) bool { return t.teaches(asked, golds) }):
			p.Taught = append(p.Taught, q)
		default:
			p.Withheld = append(p.Withheld, q)
		}
	}
	return p
}

// taughtWords are the words of a row's target, or text, and of all that it has.
type taughtWords struct{ said, all []string }

// teaches reports a row that tells the answer and shares words with the question.
func (t taughtWords) teaches(question []string, golds [][]string) bool {
	if !slices.ContainsFunc(golds, func(gold []string) bool { return words.Index(t.said, gold) >= 0 }) {
		return false
	}
	shared, _ := words.Overlap(question, t.all)
	return shared >= 0.5
}
