package stats

import (
	"math"
)

// Finding says what a difference is worth.
type Finding string

// The findings. Higher and Lower are for metrics that have no better side.
const (
	Better       Finding = "better"
	Worse        Finding = "worse"
	Higher       Finding = "higher"
	Lower        Finding = "lower"
	NoDifference Finding = "no difference shown" // the interval includes 0, or p is not below 0.05
	NotMeasured  Finding = "not measured"        // one of the two has no value, or no question counts for both
	NotTested    Finding = "not tested"          // no test holds: of ECE, see [ECE], and of seconds, which answers of a batch share
)

// asLarge compares the size of a difference with that observed, but for
// rounding: their sums are formed in another order.
func AsLarge(d, observed float64) bool { return !(d < math.Abs(observed)*(1-1e-9)-1e-12) }

// shown reports whether a difference counts: its interval, where one is known,
// leaves 0 out, and the test agrees. With few questions the percentile interval
// is too narrow (3 changes of 6 exclude 0, and a fair coin does as much one time
// in four).
func Shown(difference Estimate, p *float64) bool {
	return p != nil && *p < 1-confidenceLevel && !(difference.Low <= 0 && difference.High >= 0)
}
