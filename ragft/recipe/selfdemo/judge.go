package selfdemo

import (
	"context"

	"github.com/ragft/ragft/ragft/judge"
)

// decide gives every candidate of a batch its verdict.
func (g *generator) decide(ctx context.Context, drafts []*draft) error {
	cases := make([]*judge.Case, len(drafts))
	for i, d := range drafts {
		cases[i] = &judge.Case{Question: d.question, Passages: d.hits, Answers: make([]judge.Answer, len(d.candidates))}
		for k, c := range d.candidates {
			cases[i].Answers[k] = judge.Answer{Text: c.Text, Excluded: c.Truncated}
		}
	}
	if err := g.judge.Decide(ctx, cases); err != nil {
		return err
	}
	for i, d := range drafts {
		d.contested, d.winner = g.judge.Knockout, cases[i].Winner
		for k, a := range cases[i].Answers {
			c := &d.candidates[k]
			c.Verdict, c.Decision, c.Votes = a.Verdict, a.Decision, a.Votes
		}
	}
	return nil
}
