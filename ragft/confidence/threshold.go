package confidence

import (
	"fmt"
	"math"

	"github.com/ragft/ragft/internal/figures"
	"github.com/ragft/ragft/internal/stats"
)

// GateTest is what a calibration does on questions that neither its confidence
// nor its threshold was chosen on: those that an evaluation reports.
type ThresholdTest struct {
	N      int             `json:"n"` // questions
	Before ThresholdRates  `json:"before"`
	After  *ThresholdRates `json:"after,omitempty"` // with the gate; nil where the calibration has no threshold

	// The joined confidence of the answers that the system gives without the gate.
	Quality     Quality            `json:"quality"`
	Curve       []stats.CurvePoint `json:"curve,omitempty"` // risk against coverage of all questions
	Reliability []stats.Bin        `json:"reliability,omitempty"`
}

// GateRates count the answers given, with exact 95% intervals (Clopper and
// Pearson 1934).
type ThresholdRates struct {
	Answered          int            `json:"answered"`
	Correct           int            `json:"correct"`
	Coverage          stats.Estimate `json:"coverage"`           // answered, of all questions
	SelectiveAccuracy stats.Estimate `json:"selective_accuracy"` // correct, of the answers given
}

func newGateRates(points []Point, gives func(p Point) bool) ThresholdRates {
	var g ThresholdRates
	for _, p := range points {
		if !p.Refused && gives(p) {
			g.Answered++
			if p.Correct {
				g.Correct++
			}
		}
	}
	g.Coverage, g.SelectiveAccuracy = stats.ExactShare(g.Answered, len(points)), stats.ExactShare(g.Correct, g.Answered)
	return g
}

// Test applies the calibration to the answers of the system that it was made
// for to other questions, and keeps what comes out as Gate. The questions must
// not be those that it was made on. The error wraps [ErrUncalibrated] where the
// answers are of another system or model or the calibration has no confidence,
// and [ErrConditions] where they came about under other conditions.
func (c *Calibration) Test(a Points) error {
	if c.Unfit != "" {
		return fmt.Errorf("ragft: %w", ErrUncalibrated)
	}
	if a.System != c.System || a.Model != c.Model {
		return fmt.Errorf("ragft: %w: it was made for the system %q of the model %s, not for %q of %s", ErrUncalibrated, c.System, c.Model, a.System, a.Model)
	}
	if !a.Conditions.equal(c.Conditions) || a.Signals != c.Signals {
		return fmt.Errorf("ragft: %w than the answers of the system %q", ErrConditions, a.System)
	}
	outcomes := make([]stats.Outcome, len(a.Points))
	for i, p := range a.Points {
		outcomes[i] = stats.Outcome{Confidence: math.NaN(), Correct: p.Correct && !p.Refused}
		if !p.Refused {
			outcomes[i].Confidence = c.Calibrator.Probability(p.Signals)
		}
	}
	curve, reliability := stats.CurvesOf(outcomes)
	c.Gate = &ThresholdTest{
		N: len(a.Points), Before: newGateRates(a.Points, func(Point) bool { return true }), Quality: qualityOf(outcomes),
		Curve: curve, Reliability: reliability,
	}
	if c.Guarantee.Answered > 0 {
		after := newGateRates(a.Points, func(p Point) bool { return c.Calibrator.Probability(p.Signals) >= c.Guarantee.Threshold })
		c.Gate.After = &after
	}
	return nil
}

// String says what the gate does, and how well the promise was kept.
func (g *ThresholdTest) String() string {
	text := fmt.Sprintf("On the %d questions that are reported, without the gate %s.", g.N, g.Before)
	if g.After == nil {
		return text
	}
	return text + fmt.Sprintf(" With it %s.", *g.After)
}

// String gives the two shares with their intervals.
func (r ThresholdRates) String() string {
	text := fmt.Sprintf("%s %% (%s) are answered", figures.Percent(r.Coverage.Value), figures.PercentInterval(r.Coverage))
	if math.IsNaN(r.SelectiveAccuracy.Value) {
		return text
	}
	return text + fmt.Sprintf(", %s %% (%s) of the answers right", figures.Percent(r.SelectiveAccuracy.Value), figures.PercentInterval(r.SelectiveAccuracy))
}
