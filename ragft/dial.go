package ragft

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/ragft/ragft/internal/table"
)

// DialConfig says how [SweepDial] turns the adapter up and down.
type DialConfig struct {
	// Scales of the adapter; nil = 0, 0.25, 0.5, 0.75, 1, 1.25, 1.5.
	Scales []float64
	// Open returns the model with the adapter at a scale, and what closes it;
	// at 0 it may return the base. The models are opened one after another.
	Open func(ctx context.Context, scale float64) (Model, func() error, error)

	// Evaluation is what is measured at each scale; its Systems are set here, and
	// its Signals not collected. Setting zero means SettingRetrieval.
	Evaluation EvalConfig
	Setting    Setting
	Extract    func(text string) string // as System.Extract; nil = all of what is written
	// Forgetting, if any of its lists is set, is measured at each scale too,
	// against Forgetting.Base, without a budget.
	Forgetting ForgettingConfig
	// Progress is called after each scale; nil = silent.
	Progress func(done, total int)
}

// DialPoint is what was measured at one scale.
type DialPoint struct {
	Scale      float64     `json:"scale"`
	Metrics    []Metric    `json:"metrics"`
	Forgetting *Forgetting `json:"forgetting,omitempty"`
}

// Dial is the sweep: truthfulness against forgetting, with no retraining.
type Dial struct {
	Points []DialPoint `json:"points"`
}

// Estimate returns a metric at a point.
func (p DialPoint) Estimate(key string) Estimate {
	s := SystemResult{Metrics: p.Metrics}
	return s.Estimate(key)
}

// check holds what came from a file to what tables and plots rely on.
func (d *Dial) check() error {
	if d == nil || len(d.Points) == 0 {
		return nil
	}
	losses := func(p DialPoint) (keys []string) {
		if p.Forgetting != nil {
			for _, l := range p.Forgetting.Losses {
				keys = append(keys, l.Key)
			}
		}
		return keys
	}
	for _, p := range d.Points[1:] {
		if !slices.Equal(losses(p), losses(d.Points[0])) {
			return fmt.Errorf("the dial has the losses %q at %g and %q at %g", losses(d.Points[0]), d.Points[0].Scale, losses(p), p.Scale)
		}
	}
	return nil
}

// SweepDial measures the model with its adapter at several scales. A low-rank
// update is applied as W + scale * (alpha / rank) * B A, so that the scale
// between base (0) and tuned (1), and beyond, is free to choose at inference.
func SweepDial(ctx context.Context, c DialConfig) (*Dial, error) {
	if c.Open == nil {
		return nil, errors.New("ragft: dial: Open is not set")
	}
	if c.forgetting() && c.Forgetting.Base == nil {
		return nil, errors.New("ragft: dial: set Forgetting.Base: what was lost shows in the difference from it")
	}
	if c.Scales == nil {
		c.Scales = []float64{0, 0.25, 0.5, 0.75, 1, 1.25, 1.5}
	}
	if c.Setting == SettingClosed {
		c.Setting = SettingRetrieval
	}
	out := &Dial{}
	for i, scale := range c.Scales {
		point, err := c.at(ctx, scale)
		if err != nil {
			return nil, fmt.Errorf("ragft: dial at %g: %w", scale, err)
		}
		out.Points = append(out.Points, point)
		if c.Progress != nil {
			c.Progress(i+1, len(c.Scales))
		}
	}
	return out, nil
}

func (c DialConfig) at(ctx context.Context, scale float64) (point DialPoint, err error) {
	model, closeModel, err := c.Open(ctx, scale)
	if err != nil {
		return point, err
	}
	if closeModel != nil {
		defer func() { err = errors.Join(err, closeModel()) }()
	}
	config := c.Evaluation
	config.Systems, config.Compare = []System{{Name: "dial", Model: model, Setting: c.Setting, Extract: c.Extract}}, []Pair{}
	config.Signals = SignalOptions{}
	e, err := Evaluate(ctx, config)
	if err != nil {
		return point, err
	}
	point = DialPoint{Scale: scale, Metrics: e.Systems[0].Metrics}
	if c.forgetting() {
		f := c.Forgetting
		f.Tuned, f.Budget = model, ForgettingBudget{}
		if point.Forgetting, err = MeasureForgetting(ctx, f); err != nil {
			return point, err
		}
	}
	return point, nil
}

// forgetting reports whether it is to be measured.
func (c DialConfig) forgetting() bool {
	f := c.Forgetting
	return len(f.Closed)+len(f.Instructions)+len(f.Texts)+len(f.Prompts) > 0
}

// WriteTable writes the sweep as plain text, at most 110 characters wide.
func (d *Dial) WriteTable(w io.Writer) error {
	heads := append([]string{"scale"}, dialHeads()...)
	losses := len(d.Points) > 0 && d.Points[0].Forgetting != nil
	if losses {
		for _, l := range d.Points[0].Forgetting.Losses {
			heads = append(heads, "Δ "+table.Cut(l.Key, 7))
		}
	}
	t := table.New(heads...)
	for _, p := range d.Points {
		row := []any{p.Scale}
		for _, key := range dialMetrics() {
			e := p.Estimate(key)
			row = append(row, percent(e.Value)+"  "+percentInterval(e))
		}
		if losses {
			for _, l := range p.Forgetting.Losses {
				row = append(row, signedMetric(l.Change.Value, false))
			}
		}
		t.Row(row...)
	}
	return writeText(w, "The dial: the adapter at several scales. In %, with 95% intervals; changes against the base.\n\n"+t.String())
}
