package confidence

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/atomicfile"
	"github.com/ragft/ragft/internal/figures"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/internal/table"
)

// CalibrationOptions controls [Calibrate]. The zero value aims at 10 % wrong
// answers, to hold with 90 % probability.
type Options struct {
	// Risk is the greatest share of wrong answers among those given; 0 = 0.1.
	Risk float64
	// Delta is the probability that the guarantee fails to hold; 0 = 0.1.
	Delta float64
	// Names of the signals to be joined; nil = all that at least half of the
	// answers have.
	Names []string
	// Development is the share of the questions that the logistic model is
	// fitted on, in (0, 1); the threshold is chosen on the others. 0 = 0.5.
	Development float64
	Seed        uint64 // of the split
}

// Calibration is what an [assistant.Assistant] needs to say how sure it is, and to
// abstain where it is not sure enough. It holds under the conditions that it was
// made under: with others, make it again. See [Calibration.Check].
type Calibration struct {
	Calibrator Calibrator    `json:"calibrator"`
	Guarantee  Guarantee     `json:"guarantee"`
	Signals    SignalOptions `json:"signals"` // how the signals were collected
	System     string        `json:"system"`
	Model      string        `json:"model"` // [model.Model.Name]
	Conditions Conditions    `json:"conditions"`

	// Unfit says why no confidence could be fitted; "" where one was. With it,
	// everything is empty but what names the system and the bound asked for.
	Unfit string `json:"unfit,omitempty"`

	// Quality of the confidence on the questions of the threshold, by the log
	// probability alone and by the joined signals.
	Before Quality `json:"before"`
	After  Quality `json:"after"`

	// Gate is what the threshold does to the questions that are reported; nil
	// until [Calibration.Test].
	Gate *ThresholdTest `json:"gate,omitempty"`
}

// ConfidenceQuality says how well a confidence tells right answers from wrong
// ones. A value that cannot be computed is nil.
type Quality struct {
	AUROC *float64 `json:"auroc"`
	AURC  *float64 `json:"aurc"`
	ECE   *float64 `json:"ece"`
	Brier *float64 `json:"brier"`
}

func qualityOf(outcomes []stats.Outcome) Quality {
	return Quality{
		AUROC: stats.Finite(stats.AUROC(outcomes)), AURC: stats.Finite(stats.AURC(outcomes)), ECE: stats.Finite(stats.ECE(outcomes)), Brier: stats.Finite(stats.Brier(outcomes)),
	}
}

// Calibrate fits a confidence to the answers of one system, and chooses the threshold that keeps the risk: see [FitCalibrator] and
// [ControlRisk]. Refusals take no part. The questions must not be those that
// are reported on afterwards. The error wraps [ErrUncalibrated] where no confidence
// can be fitted, such as where all answers are right or all are wrong, and
// [ErrNoGuarantee] where only the risk cannot be kept. With either the
// calibration is returned without a threshold:
// it is for the report, and an [assistant.Assistant] answers nothing by it alone.
func Calibrate(a Points, o Options) (*Calibration, error) {
	o = o.withDefaults()
	var fit, choose []Point
	for _, p := range a.Points {
		switch {
		case p.Refused:
		case seed.Uniform(o.Seed, "calibration", p.Question) < o.Development:
			fit = append(fit, p)
		default:
			choose = append(choose, p)
		}
	}
	if o.Names == nil {
		o.Names = commonSignals(slices.Concat(fit, choose))
	}
	c := &Calibration{Signals: a.Signals, System: a.System, Model: a.Model, Conditions: a.Conditions}
	fitted, err := FitCalibrator(fit, o.Names)
	if err != nil {
		c.Guarantee, c.Unfit = Guarantee{Risk: o.Risk, Delta: o.Delta}, strings.TrimPrefix(err.Error(), "ragft: ")
		return c, err
	}
	c.Calibrator = *fitted
	var before, after []stats.Outcome
	for _, p := range choose {
		logProb, ok := p.Signals[SignalLogProb]
		if !ok {
			logProb = math.NaN()
		}
		before = append(before, stats.Outcome{Confidence: math.Exp(logProb), Correct: p.Correct})
		after = append(after, stats.Outcome{Confidence: fitted.Probability(p.Signals), Correct: p.Correct})
	}
	c.Before, c.After = qualityOf(before), qualityOf(after)
	c.Guarantee, err = ControlRisk(after, o.Risk, o.Delta)
	return c, err
}

func (o Options) withDefaults() Options {
	fill := func(x *float64, value float64) {
		if *x == 0 {
			*x = value
		}
	}
	fill(&o.Risk, 0.1)
	fill(&o.Delta, 0.1)
	fill(&o.Development, 0.5)
	return o
}

// commonSignals lists the signals that at least half of the answers have, by name.
func commonSignals(points []Point) []string {
	count := map[string]int{}
	for _, p := range points {
		for name := range p.Signals {
			count[name]++
		}
	}
	var names []string
	for name, n := range count {
		if 2*n >= len(points) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// String says in plain words what the threshold promises, or that there is none.
func (g Guarantee) String() string {
	if g.Answered == 0 {
		return fmt.Sprintf("No threshold keeps the share of wrong answers at or below %s %%: the %d answers that it would be chosen on are too few, or too often wrong.",
			figures.Percent(g.Risk), g.N)
	}
	return fmt.Sprintf("Answers with a confidence of at least %.3f are given, the others withheld. Of %d answers that the confidence was not fitted on, "+
		"%d pass (%s %%), %d of them wrong (%s %%). For new questions of the same kind at most %s %% of the answers given are wrong; "+
		"the chance that this does not hold is at most %s %%.",
		g.Threshold, g.N, g.Answered, figures.Percent(g.Coverage), g.Wrong, figures.Percent(g.Empirical), figures.Percent(g.Risk), figures.Percent(g.Delta))
}

// none says why there is no confidence to calibrate.
func (c *Calibration) None() string {
	return fmt.Sprintf("Calibration of %s: none (%s). Nothing keeps the share of wrong answers at or below %s %%.", c.System, c.Unfit, figures.Percent(c.Guarantee.Risk))
}

// rows lists the qualities of the confidence before and after.
func (c *Calibration) Rows() []calibrationRow {
	return []calibrationRow{
		{"AUROC", "chance that a correct answer has more confidence than a wrong one", c.Before.AUROC, c.After.AUROC},
		{"AURC", "mean risk over the answers by falling confidence", c.Before.AURC, c.After.AURC},
		{"ECE", "mean gap of confidence and accuracy, 15 bins", c.Before.ECE, c.After.ECE},
		{"Brier", "mean squared gap of confidence and correctness", c.Before.Brier, c.After.Brier},
	}
}

type calibrationRow struct {
	Name, Meaning string
	Before, After *float64
}

// WriteTable writes the result as plain text, at most 110 characters wide.
func (c *Calibration) WriteTable(w io.Writer) error {
	if c.Unfit != "" {
		return figures.WriteText(w, table.Wrap(c.None()))
	}
	t := table.New("", "log probability", "joined signals", "meaning")
	t.Left = []int{3}
	for _, r := range c.Rows() {
		t.Row(r.Name, figures.PlainMetric(stats.OrNaN(r.Before), false), figures.PlainMetric(stats.OrNaN(r.After), false), r.Meaning)
	}
	head := fmt.Sprintf("Calibration of %s: %s, fitted on %d answers.", c.System, strings.Join(c.Calibrator.Names, ", "), c.Calibrator.N)
	text := table.Cut(head, table.Width) + "\n\n" + t.String() + "\n" + table.Wrap(c.Guarantee.String())
	if c.Gate != nil {
		text += table.Wrap(c.Gate.String())
	}
	return figures.WriteText(w, text)
}

// WriteFile writes the calibration as JSON, aside and renamed.
func (c *Calibration) WriteFile(path string) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetIndent("", " ")
		return enc.Encode(c)
	})
}

// ReadCalibrationFile reads what [Calibration.WriteFile] wrote.
func ReadFile(path string) (*Calibration, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("ragft: calibration: %w", err)
	}
	var c Calibration
	if err := json.Unmarshal(data, &c); err != nil {
		return nil, fmt.Errorf("ragft: calibration %s: %w", path, err)
	}
	if c.Unfit != "" { // it has no lists
		return &c, nil
	}
	k := len(c.Calibrator.Names)
	if k == 0 || len(c.Calibrator.Mean) != k || len(c.Calibrator.Scale) != k || len(c.Calibrator.Weight) != k || slices.Contains(c.Calibrator.Scale, 0) {
		return nil, fmt.Errorf("ragft: calibration %s: its lists do not belong together", path)
	}
	return &c, nil
}
