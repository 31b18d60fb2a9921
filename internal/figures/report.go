package figures

import (
	"math"
)

// plainMetric writes a rate in percent and any other metric with three decimals.
func PlainMetric(x float64, rate bool) string {
	switch {
	case math.IsNaN(x):
		return NoValue
	case rate:
		return Percent(x)
	default:
		return ShortFixed(x, 3)
	}
}
