package confidence

import (
	"fmt"
	"math"

	"github.com/ragft/ragft/internal/figures"
	"github.com/ragft/ragft/internal/plural"
	"github.com/ragft/ragft/internal/stats"
)

// ThresholdTest is what a calibration does on questions that neither its confidence nor
// its threshold was chosen on.
type ThresholdTest struct {
	N      int             `json:"n"`               // questions
	Before ThresholdRates  `json:"before"`          // without the threshold
	After  *ThresholdRates `json:"after,omitempty"` // with it; nil if the calibration has none

	// Quality, Curve and Reliability are those of the combined confidence of all answers
	// that the system gives without the threshold.
	Quality     stats.Quality      `json:"quality"`
	Curve       []stats.CurvePoint `json:"curve,omitempty"` // risk and coverage over all questions
	Reliability []stats.Bin        `json:"reliability,omitempty"`
}

// ThresholdRates count the answers given, with 95% intervals: exact (Clopper and Pearson
// 1934), or of a bootstrap over groups if some of the questions have one in common.
type ThresholdRates struct {
	Answered          int            `json:"answered"`
	Correct           int            `json:"correct"`
	Coverage          stats.Estimate `json:"coverage"`           // answered, of all questions
	SelectiveAccuracy stats.Estimate `json:"selective_accuracy"` // correct, of the answers given
}

func newThresholdRates(points []Point, gives func(p Point) bool) ThresholdRates {
	var r ThresholdRates
	var answered, correct []bool
	var groups, ofAnswered []string
	for _, p := range points {
		given := !p.Refused && gives(p)
		if answered, groups = append(answered, given), append(groups, p.Group); !given {
			continue
		}
		correct, ofAnswered = append(correct, p.Correct), append(ofAnswered, p.Group)
		r.Answered++
		if p.Correct {
			r.Correct++
		}
	}
	r.Coverage = stats.GroupedShare(answered, stats.Groups(groups))
	r.SelectiveAccuracy = stats.GroupedShare(correct, stats.Groups(ofAnswered))
	return r
}

// Test applies the calibration to the answers of the same system to other questions than
// those it was made on, and stores the result as ThresholdTest. The error wraps
// [ErrUncalibrated] if the answers are of another system or model or no calibration could
// be fitted, and [ErrConditions] if they were given under other conditions.
func (c *Calibration) Test(points []Point, conditions Conditions) error {
	if c.Unfit != "" {
		return fmt.Errorf("ragft: %w", ErrUncalibrated)
	}
	of := c.Conditions
	if conditions.System != of.System || conditions.Model != of.Model {
		return fmt.Errorf("ragft: %w: the calibration is for the system %q of the model %s, not for %q of %s",
			ErrUncalibrated, of.System, of.Model, conditions.System, conditions.Model)
	}
	if !conditions.equal(of) {
		return fmt.Errorf("ragft: %w than the answers of the system %q", ErrConditions, conditions.System)
	}
	outcomes := make([]stats.Outcome, len(points))
	for i, p := range points {
		outcomes[i] = stats.Outcome{Confidence: math.NaN(), Correct: p.Correct && !p.Refused}
		if !p.Refused {
			outcomes[i].Confidence = c.Probability(p.Signals)
		}
	}
	curve, reliability := stats.CurvesOf(outcomes)
	c.ThresholdTest = &ThresholdTest{
		N: len(points), Before: newThresholdRates(points, func(Point) bool { return true }), Quality: stats.QualityOf(outcomes),
		Curve: curve, Reliability: reliability,
	}
	if c.Guarantee.Answered > 0 {
		after := newThresholdRates(points, func(p Point) bool { return c.Probability(p.Signals) >= c.Guarantee.Threshold })
		c.ThresholdTest.After = &after
	}
	return nil
}

// String says what the threshold does, with intervals.
func (t *ThresholdTest) String() string {
	text := fmt.Sprintf("On the %s, without the threshold: %s.", plural.N(t.N, "reported question"), t.Before)
	if t.After == nil {
		return text
	}
	return text + fmt.Sprintf(" With it: %s.", *t.After)
}

// String writes the two shares with their intervals.
func (r ThresholdRates) String() string {
	text := fmt.Sprintf("%s %% (%s) answered", figures.Percent(r.Coverage.Value), figures.PercentInterval(r.Coverage))
	if math.IsNaN(r.SelectiveAccuracy.Value) {
		return text
	}
	return text + fmt.Sprintf(
		", %s %% (%s) of the answers right",
		figures.Percent(r.SelectiveAccuracy.Value),
		figures.PercentInterval(r.SelectiveAccuracy),
	)
}
