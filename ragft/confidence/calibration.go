package confidence

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/atomicfile"
	"github.com/ragft/ragft/internal/figures"
	"github.com/ragft/ragft/internal/nonnegative"
	"github.com/ragft/ragft/internal/plural"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/internal/table"
)

// Options controls [Calibrate]. The zero value aims at no more than 10 % wrong answers,
// to hold with a probability of 90 %.
type Options struct {
	// Risk is the largest share of wrong answers among those given, in (0, 1); 0 = 0.1.
	Risk float64
	// Delta is the probability that the guarantee does not hold, in (0, 1); 0 = 0.1.
	Delta float64
	// Names of the signals to combine; empty = all that at least half of the answers have.
	Names []string
	// Development is the share of the questions that the confidence is fitted on, in
	// (0, 1); the threshold is chosen on the others. Those of a group are on the same side.
	// 0 = 0.5.
	Development float64
	Seed        uint64 // of the split
}

// Calibration is what an assistant needs to tell how certain it is, and to abstain if it
// is not certain enough. It holds under the conditions it was made under; see
// [Calibration.Holds].
type Calibration struct {
	// Calibrator combines signals into the probability that an answer is right.
	Calibrator stats.Logistic `json:"calibrator"`
	Guarantee  Guarantee      `json:"guarantee"`
	Conditions Conditions     `json:"conditions"`

	// Unfit says why no confidence could be fitted; "" = one was. With it, only Conditions
	// and the bound in Guarantee are set.
	Unfit string `json:"unfit,omitempty"`

	// Before and After say how well the log probability alone and the combined signals
	// tell right answers from wrong ones, on the questions of the threshold: AUROC, AURC,
	// ECE and Brier score.
	Before stats.Quality `json:"before"`
	After  stats.Quality `json:"after"`

	// ThresholdTest is what the threshold does to other questions; nil before
	// [Calibration.Test].
	ThresholdTest *ThresholdTest `json:"threshold_test,omitempty"`
}

// Calibrate fits a confidence to the answers of one system and chooses the threshold that
// keeps the risk. The confidence is a logistic regression of correctness on the signals
// with a ridge penalty; the threshold is that of [Guarantee]. Refusals are ignored. The
// questions must not be those that are reported on afterwards.
//
// The error wraps [ErrUncalibrated] if no confidence can be fitted, for example because all
// answers are right or all are wrong, and [ErrNoGuarantee] if no threshold keeps the risk.
// With both the calibration is returned as well, without a threshold, for the report.
func Calibrate(points []Point, conditions Conditions, o Options) (*Calibration, error) {
	if err := nonnegative.Check(o); err != nil {
		return nil, fmt.Errorf("ragft: calibrate: %w", err)
	}
	if o.Development >= 1 {
		return nil, fmt.Errorf("ragft: calibrate: Development is %g, but must be below 1", o.Development)
	}
	o.Risk, o.Delta, o.Development = cmp.Or(o.Risk, 0.1), cmp.Or(o.Delta, 0.1), cmp.Or(o.Development, 0.5)
	var fit []stats.Observation
	var choose []Point
	for _, p := range points {
		switch {
		case p.Refused:
		case p.draw(o.Seed) < o.Development:
			fit = append(fit, stats.Observation{Features: p.Signals, Correct: p.Correct})
		default:
			choose = append(choose, p)
		}
	}
	if len(o.Names) == 0 {
		o.Names = commonSignals(points)
	}
	c := &Calibration{Conditions: conditions}
	fitted, err := stats.FitLogistic(fit, o.Names, 1)
	if err != nil {
		c.Guarantee, c.Unfit = Guarantee{Risk: o.Risk, Delta: o.Delta}, err.Error()
		return c, fmt.Errorf("ragft: %w: %w", ErrUncalibrated, err)
	}
	c.Calibrator = *fitted
	var before, after []stats.Outcome
	for _, p := range choose {
		logProb, ok := p.Signals[logProbSignal]
		if !ok {
			logProb = math.NaN()
		}
		before = append(before, stats.Outcome{Confidence: math.Exp(logProb), Correct: p.Correct})
		after = append(after, stats.Outcome{Confidence: c.Probability(p.Signals), Correct: p.Correct})
	}
	c.Before, c.After = stats.QualityOf(before), stats.QualityOf(after)
	c.Guarantee, err = controlRisk(after, o.Risk, o.Delta)
	return c, err
}

// draw is a number in [0, 1) that decides the side of a point, the same for all points of a group.
func (p Point) draw(s uint64) float64 {
	if p.Group != "" {
		return seed.Uniform(s, "calibration group", p.Group)
	}
	return seed.Uniform(s, "calibration", p.Question)
}

// logProbSignal is the name of the log probability of an answer's tokens.
const logProbSignal = "log_prob"

// Probability returns the probability that an answer with these signals is right. It is NaN,
// unknown, if a signal that it goes by is not finite, or if the log probability is missing, as it is
// with servers that do not tell it. Another signal that is missing counts as its mean: answers from
// a single passage have no margin.
func (c *Calibration) Probability(s Signals) float64 {
	for _, name := range c.Calibrator.Names {
		value, known := s[name]
		if known && !stats.IsFinite(value) || !known && name == logProbSignal {
			return math.NaN()
		}
	}
	return c.Calibrator.Probability(s)
}

// commonSignals lists the signals that at least half of the answers have, in order.
func commonSignals(points []Point) []string {
	count := map[string]int{}
	answers := 0
	for _, p := range points {
		if p.Refused {
			continue
		}
		answers++
		for name, value := range p.Signals {
			if stats.IsFinite(value) {
				count[name]++
			}
		}
	}
	var names []string
	for name, n := range count {
		if 2*n >= answers {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// String says what the threshold guarantees, or that there is none.
func (g Guarantee) String() string {
	if g.Answered == 0 {
		why := fmt.Sprintf("the %d answers that it is chosen on are too few, or too often wrong", g.N)
		if g.N < 2 {
			why = "there are too few answers to choose it on"
		}
		return fmt.Sprintf("No threshold keeps the share of wrong answers at or below %s %%: %s.", figures.Percent(g.Risk), why)
	}
	return fmt.Sprintf(
		"Answers with a confidence of at least %.3f are given, others withheld. Of %s that the confidence was not fitted on, "+
			"%d %s (%s %%), of which %d %s wrong (%s %%). For new questions of the same kind at most %s %% of the answers given are wrong; "+
			"this guarantee fails with a probability of at most %s %%.",
		g.Threshold,
		plural.N(g.N, "answer"),
		g.Answered, plural.Pick(g.Answered, "passes", "pass"),
		figures.Percent(g.Coverage),
		g.Wrong, plural.Pick(g.Wrong, "is", "are"),
		figures.Percent(g.Empirical),
		figures.Percent(g.Risk),
		figures.Percent(g.Delta),
	)
}

// Promise says what the calibration guarantees, or why there is none.
func (c *Calibration) Promise() string {
	if c.Unfit == "" {
		return c.Guarantee.String()
	}
	return fmt.Sprintf("No confidence could be fitted for %s: %s. There is no bound of %s %% on the share of wrong answers.",
		c.Conditions.System, c.Unfit, figures.Percent(c.Guarantee.Risk))
}

// WriteTable writes the calibration as plain text, at most 110 characters wide.
func (c *Calibration) WriteTable(w io.Writer) error {
	if c.Unfit != "" {
		return figures.WriteText(w, table.Wrap(c.Promise()))
	}
	t := table.New("", "log probability", "combined signals", "meaning")
	t.Left = []int{3}
	for _, r := range stats.QualityRows(c.Before, c.After) {
		t.Row(r.Name, figures.PlainMetric(stats.OrNaN(r.Before), false), figures.PlainMetric(stats.OrNaN(r.After), false), r.Meaning)
	}
	head := fmt.Sprintf(
		"Calibration of %s: %s, fitted on %s.",
		c.Conditions.System,
		strings.Join(c.Calibrator.Names, ", "),
		plural.N(c.Calibrator.N, "answer"),
	)
	text := table.Cut(head, table.Width) + "\n\n" + t.String() + "\n" + table.Wrap(c.Guarantee.String())
	if c.ThresholdTest != nil {
		text += table.Wrap(c.ThresholdTest.String())
	}
	return figures.WriteText(w, text)
}

// WriteFile writes the calibration as JSON. The file is replaced atomically.
func (c *Calibration) WriteFile(path string) error {
	return atomicfile.WritePrivate(path, func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetIndent("", " ")
		return enc.Encode(c)
	})
}

// ReadFile reads a file of [Calibration.WriteFile].
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
	if k == 0 || len(c.Calibrator.Mean) != k || len(c.Calibrator.Scale) != k || len(c.Calibrator.Weight) != k ||
		slices.Contains(c.Calibrator.Scale, 0) {
		return nil, fmt.Errorf("ragft: calibration %s: its lists differ in length", path)
	}
	return &c, nil
}
