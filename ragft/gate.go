package ragft

import (
	"fmt"
	"math"
)

// GateTest is what a calibration does on questions that neither its confidence
// nor its threshold was chosen on: those that an evaluation reports.
type GateTest struct {
	N      int        `json:"n"` // questions
	Before GateRates  `json:"before"`
	After  *GateRates `json:"after,omitempty"` // with the gate; nil where the calibration has no threshold

	// The joined confidence of the answers that the system gives without the gate.
	Quality     ConfidenceQuality `json:"quality"`
	Curve       []CurvePoint      `json:"curve,omitempty"` // risk against coverage of all questions
	Reliability []Bin             `json:"reliability,omitempty"`
}

// GateRates count the answers given, with exact 95% intervals (Clopper and
// Pearson 1934).
type GateRates struct {
	Answered          int      `json:"answered"`
	Correct           int      `json:"correct"`
	Coverage          Estimate `json:"coverage"`           // answered, of all questions
	SelectiveAccuracy Estimate `json:"selective_accuracy"` // correct, of the answers given
}

func newGateRates(points []Point, gives func(p Point) bool) GateRates {
	var g GateRates
	for _, p := range points {
		if !p.Refused && gives(p) {
			g.Answered++
			if p.Correct {
				g.Correct++
			}
		}
	}
	g.Coverage, g.SelectiveAccuracy = exactShare(g.Answered, len(points)), exactShare(g.Correct, g.Answered)
	return g
}

// Test applies the calibration to the answers of the system that it was made
// for to other questions, and keeps what comes out as Gate. The questions must
// not be those that it was made on. The error wraps [ErrCalibration] where the
// answers are of another system or model or the calibration has no confidence,
// and [ErrOtherConditions] where they came about under other conditions.
func (c *Calibration) Test(a Points) error {
	if c.Unfit != "" {
		return fmt.Errorf("ragft: %w", ErrCalibration)
	}
	if a.System != c.System || a.Model != c.Model {
		return fmt.Errorf("ragft: %w: it was made for the system %q of the model %s, not for %q of %s", ErrCalibration, c.System, c.Model, a.System, a.Model)
	}
	if !a.Conditions.equal(c.Conditions) || a.Signals != c.Signals {
		return fmt.Errorf("ragft: %w than the answers of the system %q", ErrOtherConditions, a.System)
	}
	outcomes := make([]Outcome, len(a.Points))
	for i, p := range a.Points {
		outcomes[i] = Outcome{Confidence: math.NaN(), Correct: p.Correct && !p.Refused}
		if !p.Refused {
			outcomes[i].Confidence = c.Calibrator.Probability(p.Signals)
		}
	}
	curve, reliability := curvesOf(outcomes)
	c.Gate = &GateTest{
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
func (g *GateTest) String() string {
	text := fmt.Sprintf("On the %d questions that are reported, without the gate %s.", g.N, g.Before)
	if g.After == nil {
		return text
	}
	return text + fmt.Sprintf(" With it %s.", *g.After)
}

// String gives the two shares with their intervals.
func (r GateRates) String() string {
	text := fmt.Sprintf("%s %% (%s) are answered", percent(r.Coverage.Value), percentInterval(r.Coverage))
	if math.IsNaN(r.SelectiveAccuracy.Value) {
		return text
	}
	return text + fmt.Sprintf(", %s %% (%s) of the answers right", percent(r.SelectiveAccuracy.Value), percentInterval(r.SelectiveAccuracy))
}
