package forget

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/ragft/ragft/internal/figures"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/internal/table"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/model"
)

// DialConfig says how [Sweep] turns the adapter up and down.
type SweepConfig struct {
	// Scales of the adapter; nil = 0, 0.25, 0.5, 0.75, 1, 1.25, 1.5.
	Scales []float64
	// Open returns the model with the adapter at a scale, and what closes it;
	// at 0 it may return the base. The models are opened one after another.
	Open func(ctx context.Context, scale float64) (model.Model, func() error, error)

	// Evaluation is what is measured at each scale; its Systems are set here, and
	// its Signals not collected. Setting zero means SettingRetrieval.
	Evaluation eval.Config
	Setting    eval.Setting
	Extract    func(text string) string // as System.Extract; nil = all of what is written
	// Forgetting, if any of its lists is set, is measured at each scale too,
	// against Forgetting.Base, without a budget.
	Forgetting Config
	// Progress is called after each scale; nil = silent.
	Progress func(done, total int)
}

// DialPoint is what was measured at one scale.
type SweepPoint struct {
	Scale      float64       `json:"scale"`
	Metrics    []eval.Metric `json:"metrics"`
	Forgetting *Result       `json:"forgetting,omitempty"`
}

// Dial is the sweep: truthfulness against forgetting, with no retraining.
type SweepResult struct {
	Points []SweepPoint `json:"points"`
}

// Estimate returns a metric at a point.
func (p SweepPoint) Estimate(key string) stats.Estimate {
	s := eval.SystemResult{Metrics: p.Metrics}
	return s.Estimate(key)
}

// check holds what came from a file to what tables and plots rely on.
func (d *SweepResult) Check() error {
	if d == nil || len(d.Points) == 0 {
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
func Sweep(ctx context.Context, c SweepConfig) (*SweepResult, error) {
	if c.Open == nil {
		return nil, errors.New("ragft: dial: Open is not set")
	}
	if c.forgetting() && c.Forgetting.Base == nil {
		return nil, errors.New("ragft: dial: set Forgetting.Base: what was lost shows in the difference from it")
	}
	if c.Scales == nil {
		c.Scales = []float64{0, 0.25, 0.5, 0.75, 1, 1.25, 1.5}
	}
	if c.Setting == eval.SettingClosed {
		c.Setting = eval.SettingRetrieval
	}
	out := &SweepResult{}
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

func (c SweepConfig) at(ctx context.Context, scale float64) (point SweepPoint, err error) {
	model, closeModel, err := c.Open(ctx, scale)
	if err != nil {
		return point, err
	}
	if closeModel != nil {
		defer func() { err = errors.Join(err, closeModel()) }()
	}
	config := c.Evaluation
	config.Systems, config.Compare = []eval.System{{Name: "dial", Model: model, Setting: c.Setting, Extract: c.Extract}}, []eval.Pair{}
	config.Signals = confidence.SignalOptions{}
	e, err := eval.Run(ctx, config)
	if err != nil {
		return point, err
	}
	point = SweepPoint{Scale: scale, Metrics: e.Systems[0].Metrics}
	if c.forgetting() {
		f := c.Forgetting
		f.Tuned, f.Budget = model, Budget{}
		if point.Forgetting, err = Run(ctx, f); err != nil {
			return point, err
		}
	}
	return point, nil
}

// forgetting reports whether it is to be measured.
func (c SweepConfig) forgetting() bool {
	f := c.Forgetting
	return len(f.Closed)+len(f.Instructions)+len(f.Texts)+len(f.Prompts) > 0
}

// WriteTable writes the sweep as plain text, at most 110 characters wide.
func (d *SweepResult) WriteTable(w io.Writer) error {
	heads := append([]string{"scale"}, DialHeads()...)
	losses := len(d.Points) > 0 && d.Points[0].Forgetting != nil
	if losses {
		for _, l := range d.Points[0].Forgetting.Losses {
			heads = append(heads, "Δ "+table.Cut(l.Key, 7))
		}
	}
	t := table.New(heads...)
	for _, p := range d.Points {
		row := []any{p.Scale}
		for _, key := range DialMetrics() {
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
	return figures.WriteText(w, "The dial: the adapter at several scales. In %, with 95% intervals; changes against the base.\n\n"+t.String())
}

func DialMetrics() []string {
	return []string{eval.MetricTruthfulness, eval.MetricCorrect, eval.MetricMadeUp}
}

func DialHeads() []string { return []string{"truthfulness", "correct", "made-up answers"} }
