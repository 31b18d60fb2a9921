package forget

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/ragft/ragft/internal/figures"
	"github.com/ragft/ragft/internal/metric"
	"github.com/ragft/ragft/internal/nonnegative"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/internal/table"
	"github.com/ragft/ragft/ragft/abstain"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/model"
)

// SweepConfig says at which scales of an adapter [Sweep] measures, and what.
type SweepConfig struct {
	// Scales of the adapter, not negative; empty = 0, 0.25, 0.5, 0.75, 1, 1.25, 1.5.
	Scales []float64
	// Open returns the model with the adapter at a scale, and a function that closes it,
	// which may be nil. At scale 0 it may return the base. The models are opened one at a
	// time. Required.
	Open func(ctx context.Context, scale float64) (model.Model, func() error, error)

	// Evaluation is measured at each scale. Its Systems, Compare and Signals are ignored.
	Evaluation eval.Config
	Setting    eval.Setting             // the passages shown; "" = none, as everywhere
	Extract    func(text string) string // as System.Extract; nil = the whole text
	// Rule is System.Rule at all scales but 0, which is the base; nil = none. Fitted at one of them, it need not fit the others.
	Rule *abstain.Rule
	// Forgetting is measured at each scale against Forgetting.Base, without a budget, if any
	// of its lists is set.
	Forgetting Config
	// Progress is called after each scale; nil = not at all.
	Progress func(done, total int)
}

// SweepPoint is what was measured at one scale.
type SweepPoint struct {
	Scale      float64       `json:"scale"`
	Metrics    []eval.Metric `json:"metrics"`
	Forgetting *Result       `json:"forgetting,omitempty"`
}

// SweepResult shows the quality of answers and forgetting by the scale of the adapter.
type SweepResult struct {
	Points []SweepPoint `json:"points"`
}

// Estimate returns a metric at this scale; NaN if there is none.
func (p SweepPoint) Estimate(key string) stats.Estimate {
	s := eval.SystemResult{Metrics: p.Metrics}
	return s.Estimate(key)
}

// Check returns an error if the points of a result that was read from a file do not measure
// the same losses.
func (r *SweepResult) Check() error {
	if r == nil || len(r.Points) == 0 {
		return nil
	}
	losses := func(p SweepPoint) (keys []string) {
		if p.Forgetting != nil {
			for _, l := range p.Forgetting.Losses {
				keys = append(keys, l.Key)
			}
		}
		return keys
	}
	first := r.Points[0]
	for _, p := range r.Points[1:] {
		if !slices.Equal(losses(p), losses(first)) {
			return fmt.Errorf("the sweep has the losses %q at scale %g but %q at %g", losses(first), first.Scale, losses(p), p.Scale)
		}
	}
	return nil
}

// Sweep measures a model with its adapter at several scales, without retraining. A low-rank
// update is applied as W + scale * (alpha / rank) * B A, so any scale between base (0) and
// tuned (1), and beyond, can be chosen at inference.
func Sweep(ctx context.Context, c SweepConfig) (*SweepResult, error) {
	if c.Open == nil {
		return nil, errors.New("ragft: sweep: Open is not set")
	}
	if c.forgetting() && c.Forgetting.Base == nil {
		return nil, errors.New("ragft: sweep: set Forgetting.Base, which the scales are compared with")
	}
	if err := nonnegative.Check(c); err != nil {
		return nil, fmt.Errorf("ragft: sweep: %w", err)
	}
	if len(c.Scales) == 0 {
		c.Scales = []float64{0, 0.25, 0.5, 0.75, 1, 1.25, 1.5}
	}
	out := &SweepResult{}
	for i, scale := range c.Scales {
		point, err := c.at(ctx, scale)
		if err != nil {
			return nil, fmt.Errorf("ragft: sweep at scale %g: %w", scale, err)
		}
		out.Points = append(out.Points, point)
		if c.Progress != nil {
			c.Progress(i+1, len(c.Scales))
		}
	}
	return out, nil
}

func (c SweepConfig) at(ctx context.Context, scale float64) (point SweepPoint, err error) {
	m, closeModel, err := c.Open(ctx, scale)
	if err != nil {
		return point, err
	}
	if closeModel != nil {
		defer func() { err = errors.Join(err, closeModel()) }()
	}
	config := c.Evaluation
	s := eval.System{Name: "sweep", Model: m, Setting: c.Setting, Extract: c.Extract}
	if scale > 0 {
		s.Rule = c.Rule
	}
	config.Systems, config.Compare = []eval.System{s}, nil
	config.Signals = confidence.SignalOptions{}
	e, err := eval.Run(ctx, config)
	if err != nil {
		return point, err
	}
	point = SweepPoint{Scale: scale, Metrics: e.Systems[0].Metrics}
	if c.forgetting() {
		f := c.Forgetting
		f.Tuned, f.Budget = m, Budget{}
		if point.Forgetting, err = Run(ctx, f); err != nil {
			return point, err
		}
	}
	return point, nil
}

// forgetting reports whether forgetting is measured.
func (c SweepConfig) forgetting() bool {
	f := c.Forgetting
	return len(f.Closed)+len(f.Instructions)+len(f.Texts)+len(f.Prompts) > 0
}

// WriteTable writes the result as plain text, at most 110 characters wide.
func (r *SweepResult) WriteTable(w io.Writer) error {
	if len(r.Points) == 0 {
		return nil
	}
	heads := append([]string{"scale"}, r.Heads()...)
	losses := r.Points[0].Forgetting != nil
	if losses {
		for _, l := range r.Points[0].Forgetting.Losses {
			heads = append(heads, "Δ "+table.Cut(l.Key, 7))
		}
	}
	t := table.New(heads...)
	for _, p := range r.Points {
		row := []any{p.Scale}
		for _, key := range metric.Sweep() {
			e := p.Estimate(key)
			row = append(row, figures.Percent(e.Value)+"  "+figures.PercentInterval(e))
		}
		if losses {
			for _, l := range p.Forgetting.Losses {
				row = append(row, figures.SignedMetric(l.Change.Value, false))
			}
		}
		t.Row(row...)
	}
	return figures.WriteText(w, "The adapter at several scales. In %, with 95% intervals; changes are relative to the base.\n\n"+t.String())
}

// Heads returns the names of the metrics that tables and plots of the sweep show.
func (r *SweepResult) Heads() []string {
	names := metric.Sweep()
	for i, key := range names {
		for _, m := range r.Points[0].Metrics {
			if m.Key == key {
				names[i] = m.Name
			}
		}
	}
	return names
}
