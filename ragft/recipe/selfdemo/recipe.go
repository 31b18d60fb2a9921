package selfdemo

import (
	"context"
	"fmt"

	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/recipe"
)

// SelfDemonstrations is the recipe of [Generate]: demonstrations in the
// model's own words (arXiv 2502.10596). It needs Model, Search and Questions.
// Prompts, Passages, Seed, Batch, Progress and Logger of the input take the
// place of those of the options.
type Recipe struct{ Options Options }

// Name is "self-demo".
func (Recipe) Name() string { return "self-demo" }

func (r Recipe) options(in recipe.Input) Options {
	o := r.Options
	o.Prompts, o.Passages, o.Seed, o.Batch, o.Progress, o.Logger = in.Prompts, in.Passages, in.Seed, in.Batch, in.Progress, in.Logger
	return o // without the defaults, since what is filled twice turns "none" into the default
}

// Estimate counts every candidate, and a call of the judge for each; of a
// knock-out, all its tries.
func (r Recipe) Estimate(in recipe.Input) (model.Cost, error) {
	if err := in.Needs(true, true, true, false); err != nil {
		return model.Cost{}, fmt.Errorf("ragft: %s: %w", r.Name(), err)
	}
	o := r.options(in.WithDefaults()).withDefaults()
	arms, candidates := 0, 0
	for _, n := range []int{o.Closed, o.Read, o.Refuse} {
		if n > 0 {
			arms++
			candidates += n
		}
	}
	if o.GreedyFirst && o.Read > 1 {
		arms++
	}
	for _, extra := range []int{min(len(o.ClosedPrompts), o.Closed), min(len(o.ReadPrompts), o.Read)} {
		arms += max(0, extra-1)
	}
	cost := o.Judge.Cost(candidates)
	calls, tokens := arms+cost.Calls, candidates*o.MaxTokens+cost.Tokens
	if o.Summarise {
		calls, tokens = calls+candidates, tokens+candidates*o.DraftTokens
	}
	n := len(in.Questions)
	return model.Cost{Calls: n * calls, Tokens: n * tokens}, nil
}

// Rows is [Generate].
func (r Recipe) Rows(ctx context.Context, in recipe.Input) (*recipe.Result, error) {
	if _, err := r.Estimate(in); err != nil {
		return nil, err
	}
	in = in.WithDefaults()
	d, err := Generate(ctx, in.Model, in.Search, in.Questions, r.options(in))
	if err != nil {
		return nil, err
	}
	for i := range d.Rows {
		d.Rows[i].Source = r.Name()
	}
	s := d.Summary
	return &recipe.Result{Rows: d.Rows, Dropped: s.Dropped, Cost: s.Cost}, nil
}
