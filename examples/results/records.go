//go:build cgo

package main

import (
	"math"

	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/question"
)

// answered is what became of a question. Rows of the page are compared question by question.
type answered struct {
	ID      string             `json:"id"`
	Group   string             `json:"group"` // the paragraph that it is about
	Gap     question.Gap       `json:"gap,omitempty"`
	Held    bool               `json:"held,omitempty"` // a passage shown holds the answer
	Verdict answer.Verdict     `json:"verdict"`
	Chance  *float64           `json:"chance,omitempty"`  // that a passage shown holds the answer, by the rule
	Signals map[string]float64 `json:"signals,omitempty"` // that the rule goes by
}

// records are the questions that a job asked.
type records []answered

// recordsOf are the questions of an evaluation of one system. Signals are those that the rule has.
func recordsOf(e *eval.Evaluation, s eval.System) records {
	out := make(records, len(e.Questions))
	for i, r := range e.Systems[0].Records {
		q := e.Questions[i].Question
		a := answered{
			ID: r.QuestionID, Group: q.Group, Gap: r.Gap, Held: r.Context == answer.Present && !r.Unanswerable, Verdict: r.Verdict,
		}
		if r.Chance != nil {
			chance := rounded(*r.Chance)
			a.Chance = &chance
		}
		if s.Rule != nil {
			a.Signals = map[string]float64{}
			for _, name := range s.Rule.Chance.Names {
				if v, ok := r.Signals[name]; ok {
					a.Signals[name] = rounded(v)
				}
			}
		}
		out[i] = a
	}
	return out
}

// rounded keeps a few digits, which is enough to rank questions by.
func rounded(x float64) float64 { return math.Round(x*1e5) / 1e5 }
