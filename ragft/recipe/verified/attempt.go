package verified

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
)

// attempt is one request for what may become the target of a draft.
type attempt struct {
	draft *draft
	way   way
}

// way is how the model is asked.
type way int

const (
	alone   way = iota // the likeliest answer, from all passages
	focused            // the likeliest answer, from nothing but the passage that holds it
	drawn              // several answers drawn, from that passage
	told               // what the model says of that passage when it is shown the reference
)

// request asks an attempt.
func (g *generator) request(a attempt) model.Request {
	d := a.draft
	if a.way == told {
		return model.Request{Messages: g.hinted(d.question, evidence(d))}
	}
	hits := evidence(d)
	if a.way == alone {
		hits = d.hits
	}
	req := model.Request{Messages: d.question.ReadMessages(g.in.Prompts, hits)}
	if a.way == drawn {
		req.Samples, req.Temperature, req.MinP = g.Draws.Or(0), g.Temperature.Or(0), g.MinP.Or(0)
		req.Seed = seed.Derive(g.in.Seed, "drawn", d.question.ID)
	}
	return req
}

// evidence is the passage that holds the answer.
func evidence(d *draft) []retriever.Hit {
	at := max(0, slices.IndexFunc(d.hits, d.question.HeldBy))
	return d.hits[at : at+1]
}

// retry asks again, of the one passage that holds the answer. The target is the first right answer, the likeliest one or one
// that is drawn, or else the model's own words for the reference. All of this is asked in one call, so that the passage is read once:
// reading takes longer than the short answers.
func (g *generator) retry(ctx context.Context, drafts []*draft) error {
	var attempts []attempt
	for _, d := range drafts {
		if len(d.hits) > 1 { // else it was asked already
			attempts = append(attempts, attempt{d, focused})
		}
		if g.Draws.Or(0) > 0 {
			attempts = append(attempts, attempt{d, drawn})
		}
		attempts = append(attempts, attempt{d, told})
	}
	responses, err := g.ask(ctx, attempts, keep)
	if err != nil {
		return err
	}
	for i, a := range attempts {
		if a.way != told {
			g.takeOwn(a.draft, responses[i].Samples)
			continue
		}
		for _, sample := range responses[i].Samples {
			if d := a.draft; d.target == "" {
				if d.target = g.rationale(d, sample); d.target != "" {
					d.source = madeRationalised
				}
			}
		}
	}
	return nil
}

// hint shows the reference, behind the question, so that all before it is shared
// with the prompt of the same passage without it.
const hint = "\nThe right answer is: %s\nGive this answer in a short phrase of the document."

// hinted is the prompt that shows the reference. It is in the layout of this
// module also where rows have a template, which may end in the middle of a line.
func (g *generator) hinted(q question.Question, hits []retriever.Hit) []model.Message {
	prompts := g.in.Prompts
	prompts.Template = nil
	messages := slices.Clone(q.ReadMessages(prompts, hits))
	messages[len(messages)-1].Content += fmt.Sprintf(hint, strings.Join(strings.Fields(reference(q, hits)), " "))
	return messages
}
