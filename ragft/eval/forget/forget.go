package forget

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/ragft/ragft/internal/figures"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/internal/table"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/rows"
)

// ForgettingConfig says what a tuned model is asked to see what it lost. Base
// and Tuned are needed, and at least one of the lists.
type Config struct {
	Base, Tuned model.Model

	Closed       []question.Question // answered from the question alone, see Evaluation
	Instructions []rows.Instruction  // the likelihood of the reference responses
	Texts        []string            // general text, for its perplexity
	Prompts      []string            // plain prompts, for how far the distributions moved; nil = those of Instructions

	// Evaluation says how Closed is asked and judged: prompts, stops, longest
	// answers. Its Systems, Questions, Compare, Signals, Seed and Resamples are not
	// used; the zero value works.
	Evaluation eval.Config
	Extract    func(text string) string // of an answer to Closed, as System.Extract; nil = all of what is written

	// Samples drawn of each prompt to estimate the divergence; 0 = 1.
	Samples   int
	MaxTokens int // of a sample; 0 = 64
	Seed      uint64
	Resamples int // bootstrap samples; 0 = [stats.DefaultResamples]
	Budget    Budget
}

// ForgettingBudget bounds what a tuning may lose; a zero field bounds nothing.
// A bound on what the config has nothing to measure is an error.
type Budget struct {
	Closed       float64 `json:"closed,omitempty"`       // greatest fall of the share correct, in [0, 1]
	Instructions float64 `json:"instructions,omitempty"` // greatest relative rise of the perplexity: 0.1 = 10 %
	Texts        float64 `json:"texts,omitempty"`        // the same, of general text
	KL           float64 `json:"kl,omitempty"`           // greatest divergence, nats a token
}

// Loss is one thing that was measured before and after.
type Loss struct {
	Key    string // "closed", "instructions", "texts" or "kl"
	Name   string
	N      int
	Before float64        // 0 for the divergence, which is from the base
	After  float64        // NaN where it cannot be told
	Change stats.Estimate // difference of shares, relative rise of a perplexity, or the divergence
	Budget float64
	// Exceeded: the change is over the budget, or is not a number, as where the
	// tuned model's probabilities are not. Where only its interval reaches over,
	// it is not: see Change.
	Exceeded bool
	// P is that of McNemar's exact test of the questions, and of a randomisation
	// test of everything else; nil where nothing was tested.
	P *float64
	// Shown: the interval of the change, where one is known, leaves zero out, and
	// P is below 0.05.
	Shown bool
}

// Forgetting is what a tuning cost outside its task.
type Result struct {
	Base   string `json:"base"`
	Tuned  string `json:"tuned"`
	Losses []Loss `json:"losses"`
}

// ErrForgot means that a tuned model lost more than its budget.
var ErrForgot = errors.New("the tuned model forgot more than its budget")

// MeasureForgetting compares a tuned model with its base on what it was not
// tuned for: closed-book questions, the likelihood of reference responses to
// plain instructions, the perplexity of general text, and the divergence
// KL(base || tuned) on plain prompts, estimated from samples of the base:
// the mean over the tokens that it drew, the one that ends a sample included, of
// log p_base - log p_tuned. Intervals are paired bootstraps over questions,
// instructions, texts and prompts; where all of these change by the same there is
// none but for questions. All but the questions need a [model.Scorer]. Where the budget is exceeded the result comes
// with an error that wraps [ErrForgot].
func Run(ctx context.Context, c Config) (*Result, error) {
	if c.Base == nil || c.Tuned == nil {
		return nil, errors.New("ragft: forgetting: set Base and Tuned: what was lost shows in the difference")
	}
	if c.Resamples <= 0 {
		c.Resamples = stats.DefaultResamples
	}
	if c.Prompts == nil {
		for _, i := range c.Instructions {
			c.Prompts = append(c.Prompts, i.Prompt)
		}
	}
	if len(c.Closed)+len(c.Texts)+len(c.Prompts)+len(c.Instructions) == 0 {
		return nil, fmt.Errorf("%w: no questions, instructions, texts or prompts to see forgetting by", eval.ErrNothing)
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

// measurable is an error where a budget bounds what nothing is there to measure.
func (c Config) measurable() error {
	for _, b := range []struct {
		of     string
		budget float64
		items  int
	}{
		{"closed-book questions", c.Budget.Closed, len(c.Closed)}, {"instructions", c.Budget.Instructions, len(c.Instructions)},
		{"texts", c.Budget.Texts, len(c.Texts)}, {"the divergence", c.Budget.KL, len(c.Prompts)},
	} {
		if math.IsNaN(b.budget) || b.budget < 0 {
			return fmt.Errorf("ragft: forgetting: a budget of %v for %s", b.budget, b.of)
		}
		if b.budget > 0 && b.items == 0 {
			return fmt.Errorf("%w: a budget of %g for %s, and nothing to measure it on", eval.ErrNothing, b.budget, b.of)
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

// MarshalJSON writes null for a value that is not a number.
func (l Loss) MarshalJSON() ([]byte, error) {
	return json.Marshal(lossJSON{l.Key, l.Name, l.N, stats.Finite(l.Before), stats.Finite(l.After), l.Change, l.Budget, l.Exceeded, l.P, l.Shown})
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

// add puts a loss in. worse is the change in the direction of loss.
func (f *Result) add(l Loss, worse float64) {
	// Not "worse > Budget", which is false for what is not a number.
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
	config.Questions, config.Compare, config.Signals, config.Seed, config.Resamples = c.Closed, nil, confidence.SignalOptions{}, c.Seed, c.Resamples
	e, err := eval.Run(ctx, config)
	if err != nil {
		return err
	}
	d := e.Comparisons[0].Difference(eval.MetricCorrect)
	f.add(Loss{
		Key: "closed", Name: "closed-book questions, correct", N: d.Estimate.N, Before: e.Systems[0].Estimate(eval.MetricCorrect).Value,
		After: e.Systems[1].Estimate(eval.MetricCorrect).Value, Change: d.Estimate, P: d.P, Budget: c.Budget.Closed,
	}, -d.Estimate.Value)
	return nil
}

func (c Config) instructions(ctx context.Context, f *Result) error {
	pairs := make([]model.Completion, len(c.Instructions))
	for i, in := range c.Instructions {
		pairs[i] = model.Completion{Messages: in.Messages(), Response: in.Response}
	}
	return c.perplexity(f, Loss{Key: "instructions", Name: "perplexity of reference responses", Budget: c.Budget.Instructions},
		len(pairs), func(s model.Scorer) ([][]float64, error) { return s.ScoreResponses(ctx, pairs) })
}

func (c Config) texts(ctx context.Context, f *Result) error {
	return c.perplexity(f, Loss{Key: "texts", Name: "perplexity of general text", Budget: c.Budget.Texts},
		len(c.Texts), func(s model.Scorer) ([][]float64, error) { return s.ScoreTexts(ctx, c.Texts) })
}

// perplexity scores the same items by both models.
func (c Config) perplexity(f *Result, l Loss, n int, score func(model.Scorer) ([][]float64, error)) error {
	if n == 0 {
		return nil
	}
	before, after, err := c.both(score)
	if err != nil {
		return err
	}
	l.N = n
	l.Before, l.After = math.Exp(-stats.SumTokens(before).Mean(nil)), math.Exp(-stats.SumTokens(after).Mean(nil))
	l.Change, l.P = c.paired(before, after).Change(func(b, a float64) float64 { return math.Exp(b-a) - 1 })
	f.add(l, l.Change.Value)
	return nil
}

// divergence is the Monte Carlo estimate of KL(base || tuned), nats a token.
func (c Config) divergence(ctx context.Context, f *Result) error {
	if len(c.Prompts) == 0 {
		return nil
	}
	maxTokens := c.MaxTokens
	if maxTokens == 0 {
		maxTokens = 64
	}
	reqs := make([]model.Request, len(c.Prompts))
	for i, p := range c.Prompts {
		reqs[i] = model.Request{Messages: rows.Instruction{Prompt: p}.Messages(), Samples: max(1, c.Samples), Temperature: 1, MaxTokens: maxTokens,
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
				continue // half a character, or blanks: its tokens are not known
			}
			pairs, drawn, of = append(pairs, model.Completion{Messages: reqs[i].Messages, Response: s.Text}), append(drawn, s), append(of, i)
		}
	}
	if len(pairs) == 0 {
		return errors.New("the base says nothing to any of the prompts")
	}
	before, after, err := c.both(func(s model.Scorer) ([][]float64, error) { return s.ScoreResponses(ctx, pairs) })
	if err != nil {
		return err
	}
	// Samples of one prompt are drawn together in the bootstrap: they are alike.
	before, after = byPrompt(before, drawn, of, len(reqs)), byPrompt(after, drawn, of, len(reqs))
	l := Loss{Key: "kl", Name: "divergence from the base, nats a token", N: len(pairs), Budget: c.Budget.KL}
	l.Change, l.P = c.paired(before, after).Change(func(b, a float64) float64 { return b - a })
	l.After = l.Change.Value
	f.add(l, l.Change.Value)
	return nil
}

// byPrompt joins the scores of the samples of each prompt. The token that ends a
// response is left out where the length limit cut the sample: it was not drawn.
func byPrompt(scores [][]float64, drawn []model.Sample, of []int, prompts int) [][]float64 {
	out := make([][]float64, prompts)
	for i, s := range scores {
		if drawn[i].Truncated {
			s = s[:max(0, len(s)-1)]
		}
		out[of[i]] = append(out[of[i]], s...)
	}
	return out
}

func (c Config) paired(before, after [][]float64) stats.PairedMeans {
	return stats.PairedMeans{Before: before, After: after, Resamples: c.Resamples, Seed: c.Seed}
}

// both scores by base and tuned, which must agree about the tokens.
func (c Config) both(score func(model.Scorer) ([][]float64, error)) (before, after [][]float64, err error) {
	base, err := model.AsScorer(c.Base)
	if err != nil {
		return nil, nil, err
	}
	tuned, err := model.AsScorer(c.Tuned)
	if err != nil {
		return nil, nil, err
	}
	if before, err = score(base); err != nil {
		return nil, nil, err
	}
	if after, err = score(tuned); err != nil {
		return nil, nil, err
	}
	for i := range before {
		if len(before[i]) != len(after[i]) {
			return nil, nil, errors.New("base and tuned model split the same text into different tokens")
		}
	}
	return before, after, nil
}

// WriteTable writes the result as plain text, at most 110 characters wide.
func (f *Result) WriteTable(w io.Writer) error {
	t := table.New("Forgetting", "n", "before", "after", "change", "95% interval", "finding")
	t.Left = []int{6}
	for _, l := range f.Losses {
		finding := "no difference shown"
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
