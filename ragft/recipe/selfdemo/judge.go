package selfdemo

import (
	"context"
	"strings"

	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/rows"
)

// judge gives every candidate of a batch its verdict.
func (g *generator) judge(ctx context.Context, drafts []*draft) error {
	var reqs []model.Request
	var open [][]*rows.Candidate // the candidates that a request decides
	for _, d := range drafts {
		asked := map[string]int{} // text -> request; saves calls, the candidates stay apart
		for i := range d.candidates {
			c := &d.candidates[i]
			c.Verdict, c.Decision = judge.Cascade(c.Text, d.question, g.opts.Judge.CorrectF1)
			if c.Verdict != "" {
				continue
			}
			if g.opts.Judge.Knockout {
				continue
			}
			if g.opts.Judge.Votes < 0 {
				c.Verdict, c.Decision = answer.Incorrect, answer.ByUndecided
				continue
			}
			at, ok := asked[c.Text]
			if !ok {
				at = len(reqs)
				asked[c.Text] = at
				reqs = append(reqs, g.judgeRequest(d.question, c.Text))
				open = append(open, nil)
			}
			open[at] = append(open[at], c)
		}
	}
	if g.opts.Judge.Knockout {
		return g.knockout(ctx, drafts)
	}
	responses, err := g.Chat(ctx, g.judgeModel, reqs)
	if err != nil {
		return err
	}
	for i, response := range responses {
		votes := judge.CountVotes(response.Samples)
		g.CountReply(response.Samples[0].Text, votes.Yes+votes.No > 0)
		for _, c := range open[i] {
			own := votes
			c.Votes = &own
			c.Verdict, c.Decision = votes.Verdict()
		}
	}
	return nil
}

// judgeRequest shows the judge every reference, so that it may accept any.
func (g *generator) judgeRequest(q question.Question, prediction string) model.Request {
	o := g.opts.Judge
	return model.Request{
		Messages: g.opts.Prompts.JudgeMessages(q.Question, strings.Join(q.Golds(), " / "), prediction),
		Samples:  o.Votes, MaxTokens: o.MaxTokens, Temperature: o.Temperature,
		Seed: seed.Derive(g.opts.Seed, q.ID, "judge", prediction),
	}
}
