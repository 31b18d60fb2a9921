package ragft

import "slices"

// Probes are questions of known answer, by whether the rows teach the fact.
type Probes struct {
	Taught   []Question // the answer stands in the target of a row about the same subject; the question in none
	Withheld []Question // no target holds the answer: what a model answers here it knew before, or guesses
	Leaked   []Question // the question itself stands in a row, or nearly does
}

// SplitProbes sorts questions for a closed-book test of what rows teach. A
// model that was tuned on the rows should answer Taught better than its base
// and Withheld no better; Leaked measure nothing but recall of the rows. A row
// is about the same subject where its question and target together hold half of
// the probe's words. Evaluate them with [Evaluate] by systems in the settings
// [SettingClosed] (tuned), [SettingRetrieval] (base) and both together (tuned).
func SplitProbes(questions []Question, rows []Row, o LeakOptions) Probes {
	training := make([]Question, 0, len(rows))
	for _, row := range rows {
		if row.Question != "" {
			training = append(training, Question{ID: row.ID, Question: row.Question})
		}
	}
	leaked := map[string]bool{}
	for _, leak := range FindLeaks(training, questions, o) {
		leaked[leak.Evaluation] = true
	}
	var p Probes
	for _, q := range questions {
		golds := q.Golds()
		switch {
		case len(golds) == 0:
		case leaked[q.ID]:
			p.Leaked = append(p.Leaked, q)
		case slices.ContainsFunc(rows, func(r Row) bool { return teaches(r, q, golds) }):
			p.Taught = append(p.Taught, q)
		default:
			p.Withheld = append(p.Withheld, q)
		}
	}
	return p
}

// teaches reports a row whose target, or text, holds the answer and shares words with the question.
func teaches(r Row, q Question, golds []string) bool {
	said := r.Response() + "\n" + r.Text
	if !Contains(said, golds) {
		return false
	}
	words := answerTokens(q.Question)
	shared, _ := overlap(words, answerTokens(r.Question+" "+said))
	return shared >= 0.5
}
