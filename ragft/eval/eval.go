// Package eval measures question answering systems on held-out questions.
//
// A [System] is a model with a [Setting], which decides what passages it is shown.
// [Run] lets each system answer each question, gives every answer a verdict (correct,
// incorrect or refused) and computes metrics with 95% intervals, such as the share of
// correct answers, of made-up answers to unanswerable questions and of false refusals.
// It compares pairs of systems question by question and calls a difference a
// [Finding] only if both its interval and a test agree.
//
// An [Evaluation] keeps all questions, passages, answers and verdicts. Packages below
// this one measure how answers react to changed passages (robust), what tuning cost
// elsewhere (forget) and what a model memorised (probe); package report writes
// all of it as tables and as an HTML page.
package eval

import (
	"context"
	"fmt"

	"github.com/ragft/ragft/internal/signals"
	"github.com/ragft/ragft/internal/version"
	"github.com/ragft/ragft/ragft/judge"
)

// Run lets each system answer all questions greedily, and measures the answers. The
// passages of a question are searched once, so that all systems see the same.
//
// A verdict is decided by string comparison and, for what that leaves open, by the
// judge; see [judge.Options]. For an unanswerable question a refusal is right, and any
// answer is Incorrect. A blank answer is a refusal, as an
// [github.com/ragft/ragft/ragft/assistant.Assistant] declines there. For a system
// that is shown nothing the context is always Absent.
//
// Intervals are 95% percentile intervals of a bootstrap over questions, paired for
// differences. A difference is a finding if its interval excludes 0 and a test agrees:
// McNemar's if both values are shares of the same questions, approximate randomisation
// (Noreen 1989) otherwise. Questions of a group are drawn and exchanged together, and
// McNemar's test is not used for them.
//
// The result depends only on the answers of the models and on Seed. The error is that
// of ctx if it ends first; it wraps [ErrNothing] without systems or
// questions, and [judge.ErrUnread] if no reply of the judge could be parsed.
func Run(ctx context.Context, config Config) (*Evaluation, error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	e := &evaluator{Config: config.withDefaults()}
	e.judged = &judge.Judge{Options: e.Judge, Prompts: e.Prompts, Seed: e.Seed}
	err := e.search(ctx)
	if err != nil {
		return nil, fmt.Errorf("ragft: evaluate: %w", err)
	}
	out := &Evaluation{
		Questions: e.questions, Passages: e.Passages, Seed: e.Seed, Resamples: e.Resamples,
		Signals: signals.WithDefaults(e.Signals), PromptHash: e.Prompts.Hash(), Version: version.Version,
	}
	if e.Judge.Model != nil {
		out.Judge = e.Judge.Model.Name()
	}
	if out.Index, err = e.digest(ctx); err != nil {
		return nil, fmt.Errorf("ragft: evaluate: %w", err)
	}
	arms, err := e.answerAll(ctx)
	if err != nil {
		return nil, fmt.Errorf("ragft: evaluate: %w", err)
	}
	for _, a := range arms {
		out.Systems = append(out.Systems, e.describe(a.System, a.records))
	}
	if err := e.measure(ctx, out); err != nil {
		return nil, fmt.Errorf("ragft: evaluate: %w", err)
	}
	return out, nil
}

// Recompute computes scores, matrices, curves, metrics and comparisons again from the
// answers and verdicts of the records.
func (e *Evaluation) Recompute(ctx context.Context) error {
	m := evaluator{Config: Config{Seed: e.Seed, Resamples: e.Resamples, Progress: func(Progress) {}}}
	if m.Resamples <= 0 {
		return fmt.Errorf("%d bootstrap samples", e.Resamples)
	}
	for i := range e.Systems {
		s := &e.Systems[i]
		for k := range s.Records {
			r := &s.Records[k]
			r.Unanswerable = e.Questions[k].Unanswerable
			r.ExactMatch, r.Contains, r.F1, r.RougeL = false, false, 0, 0
			r.score(e.Questions[k].Question)
		}
		s.count()
	}
	for _, c := range e.Comparisons {
		m.Compare = append(m.Compare, Pair{c.Base, c.Other})
	}
	e.Comparisons = nil
	return m.measure(ctx, e)
}
