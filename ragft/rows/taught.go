package rows

import (
	"slices"

	"github.com/ragft/ragft/internal/words"
	"github.com/ragft/ragft/ragft/question"
)

// Taught sorts questions for a closed-book test by what the rows teach:
//
//   - taught: the answer is in the target of a row about the same subject, but
//     no row asks the question. A model tuned on the rows should answer these
//     better than its base.
//   - notTaught: no such target holds the answer. What a model answers here it
//     knew before, or guesses.
//   - leaked: a row asks the question, or nearly the same, see
//     [question.FindLeaks]. Answering it is only recalling the row.
//
// A row is about the same subject if its question and target together hold half
// of the words of the question. Questions without a reference answer are leaked
// or in no list. Rows that are held out teach nothing. Questions without an id
// get one, as by [question.WithIDs].
func Taught(questions []question.Question, list []Row, o question.LeakOptions) (taught, notTaught, leaked []question.Question) {
	questions = question.WithIDs(questions) // leaks are named by id
	training := make([]question.Question, 0, len(list))
	targets := make([]rowWords, 0, len(list))
	for _, row := range list {
		if row.HeldOut {
			continue
		}
		if row.Question != "" {
			training = append(training, question.Question{ID: row.ID, Question: row.Question})
		}
		said := words.Of(row.Response() + "\n" + row.Text)
		targets = append(targets, rowWords{said, slices.Concat(words.Of(row.Question), said)})
	}
	leaks := map[string]bool{}
	for _, leak := range question.FindLeaks(training, questions, o).Leaks {
		leaks[leak.Evaluation] = true
	}
	for _, q := range questions {
		asked := words.Of(q.Question)
		var golds [][]string
		for _, gold := range q.Golds() {
			golds = append(golds, words.Of(gold))
		}
		switch {
		case leaks[q.ID]:
			leaked = append(leaked, q)
		case len(golds) == 0:
		case slices.ContainsFunc(targets, func(w rowWords) bool { return w.teach(asked, golds) }):
			taught = append(taught, q)
		default:
			notTaught = append(notTaught, q)
		}
	}
	return taught, notTaught, leaked
}

// rowWords are the words of a row's target, or text, and of all that it has.
type rowWords struct{ said, all []string }

// teach reports whether the target holds the answer and the row is about the
// subject of the question.
func (w rowWords) teach(asked []string, golds [][]string) bool {
	if !slices.ContainsFunc(golds, func(gold []string) bool { return words.Index(w.said, gold) >= 0 }) {
		return false
	}
	shared, _ := words.Overlap(asked, w.all)
	return shared >= 0.5
}
