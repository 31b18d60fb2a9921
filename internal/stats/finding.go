package stats

import "math"

// Finding says what a difference shows.
type Finding string

// The findings. Higher and Lower are for metrics without a better side.
const (
	Better       Finding = "better"
	Worse        Finding = "worse"
	Higher       Finding = "higher"
	Lower        Finding = "lower"
	NoDifference Finding = "no difference shown" // the interval includes 0, or p is 0.05 or more
	NotMeasured  Finding = "not measured"        // a value is missing, or no question counts for both
	NotTested    Finding = "not tested"          // no test is valid, as for [ECE] and the seconds of batches
)

// The tests that a p value comes from.
const (
	ByMcNemar       = "McNemar"       // exact, for shares of the same questions, if they are independent
	ByRandomisation = "randomisation" // approximate, for everything else
)

// FindingOf says what a tested difference shows. direction is 1 if higher is better, -1
// if lower is better, and 0 if neither is.
func FindingOf(difference Estimate, p *float64, direction int) Finding {
	higher := difference.Value > 0
	switch {
	case !Shown(difference, p):
		return NoDifference
	case direction == 0 && higher:
		return Higher
	case direction == 0:
		return Lower
	case higher == (direction > 0):
		return Better
	default:
		return Worse
	}
}

// Shown reports whether a difference counts: its interval, if known, excludes 0, and p is
// below 0.05. The percentile interval alone is too narrow for few questions: with 3
// changes of 6 it excludes 0, although a fair coin does that one time in four.
func Shown(difference Estimate, p *float64) bool {
	return p != nil && *p < 1-confidenceLevel && !(difference.Low <= 0 && difference.High >= 0)
}

// AsLarge reports whether a difference is at least as large as the observed one. It
// allows for rounding, as their sums are formed in different orders, and NaN counts as
// large.
func AsLarge(d, observed float64) bool { return !(d < math.Abs(observed)*(1-1e-9)-1e-12) }
