// Package forget measures what tuning cost a model outside its task, and how that changes
// with the scale of the adapter.
package forget

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/ragft/ragft/internal/figures"
	"github.com/ragft/ragft/internal/metric"
	"github.com/ragft/ragft/internal/nonnegative"
	"github.com/ragft/ragft/internal/scoring"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/internal/table"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/rows"
)

// Config says what a tuned model is asked to find out what it forgot. Base, Tuned and at
// least one of the lists are required. Negative numbers are errors.
type Config struct {
	Base, Tuned model.Model

	Closed       []question.Question // answered closed-book, see Evaluation
	Instructions []rows.Instruction  // for the likelihood of their reference responses
	Texts        []string            // general text, for its perplexity
	Prompts      []string            // plain prompts, for the divergence; empty = those of Instructions

	// Evaluation says how Closed is asked and judged: prompts, stop texts, longest answer.
	// Its Systems, Questions, Compare, Signals, Seed and Resamples are ignored.
	Evaluation eval.Config
	Extract    func(text string) string // as System.Extract, of answers to Closed; nil = the whole text

	// Samples is the number of texts drawn for each prompt to estimate the divergence; 0 =
	// 1. MaxTokens is their longest length; 0 = 64, less than for answers, as every token is
	// an observation.
	Samples   int
	MaxTokens int
	Seed      uint64 // of the samples and intervals
	Resamples int    // samples of the bootstrap; 0 = 2000
	Budget    Budget
}

// Budget bounds what tuning may lose; 0 = no bound. A bound on something that there is
// nothing to measure on is an error.
type Budget struct {
	Closed       float64 `json:"closed,omitempty"`       // largest drop in closed-book accuracy, in [0, 1]
	Instructions float64 `json:"instructions,omitempty"` // largest relative rise of the perplexity: 0.1 = 10 %
	Texts        float64 `json:"texts,omitempty"`        // the same, of general text
	KL           float64 `json:"kl,omitempty"`           // largest divergence, in nats per token
}

// Loss is one quantity before and after tuning.
type Loss struct {
	Key    string // "closed", "instructions", "texts" or "kl"
	Name   string
	N      int
	Before float64        // 0 for the divergence, which is from the base
	After  float64        // NaN = not defined
	Change stats.Estimate // difference of shares, relative rise of a perplexity, or the divergence
	Budget float64        // 0 = none
	// Exceeded says that the change is over the budget, or not a number because the
	// probabilities of the tuned model are not. It is false if only the interval reaches
	// over the budget.
	Exceeded bool
	// P is that of McNemar's exact test for questions without groups, and of a randomisation test for
	// everything else; nil = not tested.
	P *float64
	// Shown says that the interval of the change, if known, excludes 0 and P is below 0.05.
	Shown bool
}

// Result is what tuning cost outside its task.
type Result struct {
	Base   string `json:"base"`
	Tuned  string `json:"tuned"`
	Losses []Loss `json:"losses"`
}

// ErrForgot means that a tuned model lost more than its budget.
var ErrForgot = errors.New("the tuned model forgot more than its budget")

// Run compares a tuned model with its base on what it was not tuned for: closed-book
// questions, the likelihood of reference responses to plain instructions, the perplexity
// of general text, and the divergence KL(base || tuned) on plain prompts. The divergence is
// estimated from samples of the base: the mean over its tokens, including the one that ends
// a sample, of log p_base - log p_tuned.
//
// Intervals are paired bootstraps over questions, instructions, texts and prompts; if all
// of these change alike there is none, except for questions. Everything but the questions
// needs models that are a [model.Scorer]. If the budget is exceeded, the result is returned
// with an error that wraps [ErrForgot].
func Run(ctx context.Context, c Config) (*Result, error) {
	if c.Base == nil || c.Tuned == nil {
		return nil, errors.New("ragft: forgetting: set Base and Tuned, which are compared")
	}
	if err := nonnegative.Check(c); err != nil {
		return nil, fmt.Errorf("ragft: forgetting: %w", err)
	}
	if err := nonnegative.Check(c.Budget); err != nil {
		return nil, fmt.Errorf("ragft: forgetting: budget %w", err)
	}
	c.Resamples, c.Samples, c.MaxTokens = cmp.Or(c.Resamples, stats.DefaultResamples), cmp.Or(c.Samples, 1), cmp.Or(c.MaxTokens, 64)
	if len(c.Prompts) == 0 {
		for _, i := range c.Instructions {
			c.Prompts = append(c.Prompts, i.Prompt)
		}
	}
	if len(c.Closed)+len(c.Texts)+len(c.Prompts)+len(c.Instructions) == 0 {
		return nil, fmt.Errorf("%w: no questions, instructions, texts or prompts to measure forgetting on", eval.ErrNothing)
	}
	if err := c.measurable(); err != nil {
		return nil, err
	}
	f := &Result{Base: c.Base.Name(), Tuned: c.Tuned.Name()}
	for _, measure := range []func(context.Context, *Result) error{c.closed, c.instructions, c.texts, c.divergence} {
		if err := measure(ctx, f); err != nil {
			return nil, fmt.Errorf("ragft: forgetting: %w", err)
		}
	}
	var over []string
	for _, l := range f.Losses {
		if l.Exceeded {
			over = append(over, fmt.Sprintf("%s %+.3f, budget %.3f", l.Name, l.Change.Value, l.Budget))
		}
	}
	if len(over) > 0 {
		return f, fmt.Errorf("ragft: %w: %s", ErrForgot, strings.Join(over, "; "))
	}
	return f, nil
}

// measurable returns an error if a budget bounds something that is not measured.
func (c Config) measurable() error {
	for _, b := range []struct {
		of     string
		budget float64
		items  int
	}{
		{"closed-book questions", c.Budget.Closed, len(c.Closed)}, {"instructions", c.Budget.Instructions, len(c.Instructions)},
		{"texts", c.Budget.Texts, len(c.Texts)}, {"the divergence", c.Budget.KL, len(c.Prompts)},
	} {
		if b.budget > 0 && b.items == 0 {
			return fmt.Errorf("%w: a budget of %g for %s, but nothing to measure it on", eval.ErrNothing, b.budget, b.of)
		}
	}
	return nil
}

type lossJSON struct {
	Key      string         `json:"key"`
	Name     string         `json:"name"`
	N        int            `json:"n"`
	Before   *float64       `json:"before"`
	After    *float64       `json:"after"`
	Change   stats.Estimate `json:"change"`
	Budget   float64        `json:"budget,omitempty"`
	Exceeded bool           `json:"exceeded,omitempty"`
	P        *float64       `json:"p,omitempty"`
	Shown    bool           `json:"shown"`
}

// MarshalJSON writes null for NaN.
func (l Loss) MarshalJSON() ([]byte, error) {
	return json.Marshal(
		lossJSON{l.Key, l.Name, l.N, stats.Finite(l.Before), stats.Finite(l.After), l.Change, l.Budget, l.Exceeded, l.P, l.Shown},
	)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (l *Loss) UnmarshalJSON(data []byte) error {
	var in lossJSON
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	*l = Loss{in.Key, in.Name, in.N, stats.OrNaN(in.Before), stats.OrNaN(in.After), in.Change, in.Budget, in.Exceeded, in.P, in.Shown}
	return nil
}

// add appends a loss. worse is the change in the direction of a loss.
func (f *Result) add(l Loss, worse float64) {
	// Not "worse > Budget", which is false for NaN.
	l.Exceeded = l.Budget > 0 && !(worse <= l.Budget)
	l.Shown = stats.Shown(l.Change, l.P)
	f.Losses = append(f.Losses, l)
}

func (c Config) closed(ctx context.Context, f *Result) error {
	if len(c.Closed) == 0 {
		return nil
	}
	config := c.Evaluation
	config.Systems = []eval.System{{Name: "base", Model: c.Base, Extract: c.Extract}, {Name: "tuned", Model: c.Tuned, Extract: c.Extract}}
	config.Questions, config.Compare, config.Signals = c.Closed, nil, confidence.SignalOptions{}
	config.Seed, config.Resamples = c.Seed, c.Resamples
	e, err := eval.Run(ctx, config)
	if err != nil {
		return err
	}
	d := e.Comparisons[0].Difference(metric.Correct)
	f.add(Loss{
		Key: "closed", Name: "closed-book questions, correct", N: d.Estimate.N, Before: e.Systems[0].Estimate(metric.Correct).Value,
		After: e.Systems[1].Estimate(metric.Correct).Value, Change: d.Estimate, P: d.P, Budget: c.Budget.Closed,
	}, -d.Estimate.Value)
	return nil
}

func (c Config) instructions(ctx context.Context, f *Result) error {
	pairs := make([]model.Completion, len(c.Instructions))
	for i, in := range c.Instructions {
		pairs[i] = model.Completion{Messages: in.Messages(), Response: in.Response}
	}
	return c.perplexity(f, Loss{Key: "instructions", Name: "perplexity of reference responses", Budget: c.Budget.Instructions},
		len(pairs), func(m model.Model) ([]model.Score, error) { return scoring.Completions(ctx, m, pairs) })
}

func (c Config) texts(ctx context.Context, f *Result) error {
	return c.perplexity(f, Loss{Key: "texts", Name: "perplexity of general text", Budget: c.Budget.Texts},
		len(c.Texts), func(m model.Model) ([]model.Score, error) { return scoring.Texts(ctx, m, c.Texts) })
}

// perplexity scores the same items with both models.
func (c Config) perplexity(f *Result, l Loss, n int, score func(model.Model) ([]model.Score, error)) error {
	if n == 0 {
		return nil
	}
	before, after, err := c.both(score)
	if err != nil {
		return err
	}
	l.N = n
	m := c.paired(sumsOf(before), sumsOf(after))
	l.Before, l.After = math.Exp(-m.Before.Mean(nil)), math.Exp(-m.After.Mean(nil))
	l.Change, l.P = m.Change(func(b, a float64) float64 { return math.Exp(b-a) - 1 })
	f.add(l, l.Change.Value)
	return nil
}

// divergence is the Monte Carlo estimate of KL(base || tuned), in nats per token.
func (c Config) divergence(ctx context.Context, f *Result) error {
	if len(c.Prompts) == 0 {
		return nil
	}
	reqs := make([]model.Request, len(c.Prompts))
	for i, p := range c.Prompts {
		reqs[i] = model.Request{Messages: rows.Instruction{Prompt: p}.Messages(), Samples: c.Samples, Temperature: 1, MaxTokens: c.MaxTokens,
			Seed: seed.Derive(c.Seed, "divergence", p)}
	}
	responses, err := model.Chat(ctx, c.Base, reqs)
	if err != nil {
		return err
	}
	var pairs []model.Completion
	var drawn []model.Sample
	var of []int // the prompt of a pair
	for i, response := range responses {
		for _, s := range response.Samples {
			if s.Text == "" && s.Truncated {
				continue // half a character, or white space: its tokens are unknown
			}
			pairs, drawn, of = append(pairs, model.Completion{Messages: reqs[i].Messages, Response: s.Text}), append(drawn, s), append(of, i)
		}
	}
	if len(pairs) == 0 {
		return errors.New("the base replies to none of the prompts")
	}
	before, after, err := c.both(func(m model.Model) ([]model.Score, error) { return scoring.Completions(ctx, m, pairs) })
	if err != nil {
		return err
	}
	// The bootstrap draws all samples of a prompt together, as they are not independent.
	m := c.paired(byPrompt(before, drawn, of, len(reqs)), byPrompt(after, drawn, of, len(reqs)))
	l := Loss{Key: "kl", Name: "divergence from the base, nats per token", N: len(pairs), Budget: c.Budget.KL}
	l.Change, l.P = m.Change(func(b, a float64) float64 { return b - a })
	l.After = l.Change.Value
	f.add(l, l.Change.Value)
	return nil
}

// byPrompt joins the scores of the samples of each prompt, without the token that ends a
// response if the length limit cut the sample, as it was not drawn.
func byPrompt(scores []model.Score, drawn []model.Sample, of []int, prompts int) stats.Sums {
	sums := stats.Sums{Sum: make([]float64, prompts), N: make([]float64, prompts)}
	for i, s := range scores {
		if drawn[i].Truncated {
			s.Sum, s.Tokens = s.Sum-s.Last, s.Tokens-1
		}
		sums.Sum[of[i]] += s.Sum
		sums.N[of[i]] += float64(s.Tokens)
	}
	return sums
}

// sumsOf returns the sums over the tokens of each text.
func sumsOf(scores []model.Score) stats.Sums {
	sums := stats.Sums{Sum: make([]float64, len(scores)), N: make([]float64, len(scores))}
	for i, s := range scores {
		sums.Sum[i], sums.N[i] = s.Sum, float64(s.Tokens)
	}
	return sums
}

func (c Config) paired(before, after stats.Sums) stats.PairedMeans {
	return stats.PairedMeans{Before: before, After: after, Resamples: c.Resamples, Seed: c.Seed}
}

// both scores with base and tuned model, which must tokenise alike.
func (c Config) both(score func(model.Model) ([]model.Score, error)) (before, after []model.Score, err error) {
	if before, err = score(c.Base); err != nil {
		return nil, nil, err
	}
	if after, err = score(c.Tuned); err != nil {
		return nil, nil, err
	}
	for i := range before {
		if before[i].Tokens != after[i].Tokens {
			return nil, nil, errors.New("base and tuned model split a text into different tokens")
		}
	}
	return before, after, nil
}

// WriteTable writes the result as plain text, at most 110 characters wide.
func (f *Result) WriteTable(w io.Writer) error {
	t := table.New("Forgetting", "n", "before", "after", "change", "95% interval", "finding")
	t.Left = []int{6}
	for _, l := range f.Losses {
		finding := string(stats.NoDifference)
		switch {
		case l.Exceeded && !l.Change.Defined():
			finding = "not measured: over budget"
		case l.Exceeded:
			finding = "over budget"
		case l.Shown:
			finding = "changed, p " + figures.ShowP(l.P)
		}
		t.Row(l.Name, l.N, figures.PlainMetric(l.Before, false), figures.PlainMetric(l.After, false),
			figures.SignedMetric(l.Change.Value, false), figures.SignedInterval(l.Change, false), finding)
	}
	return figures.WriteText(w, t.String())
}
