package stats

import (
	"math"
	"slices"
)

// Sums holds, for each item, the sum of its values and how many there are, such
// as the log probabilities of the tokens of a text. Means over all values of
// all items need no more.
type Sums struct{ Sum, N []float64 } // by item

// Mean returns the mean over all values. weights counts each item, nil = once each.
func (s Sums) Mean(weights []float64) float64 {
	return WeightedSum(s.Sum, weights) / WeightedSum(s.N, weights)
}

// Singles returns the sums of items that have one value each.
func Singles(values []float64) Sums {
	return Sums{Sum: values, N: slices.Repeat([]float64{1}, len(values))}
}

// PairedMeans compares the means over the values of the same items before and
// after.
type PairedMeans struct {
	Before, After Sums
	Resamples     int
	Seed          uint64
}

// Change returns of(before, after) of the two means, with the interval of a
// paired bootstrap over the items, and the p value of a randomisation test: how
// often the means differ as much if each item's values before and after are
// exchanged by a fair coin. The p value is nil where it is not defined.
func (m PairedMeans) Change(of func(before, after float64) float64) (Estimate, *float64) {
	before, after, n := m.Before, m.After, len(m.Before.Sum)
	e := Bootstrap(n, m.Resamples, m.Seed, func(weights []float64) float64 { return of(before.Mean(weights), after.Mean(weights)) })
	observed := after.Mean(nil) - before.Mean(nil)
	if math.IsNaN(observed) {
		return e, nil
	}
	both := Sums{slices.Concat(before.Sum, after.Sum), slices.Concat(before.N, after.N)}
	shuffles, extreme := NewShuffler(n, m.Seed), 0
	for range m.Resamples {
		base, other := shuffles.Next()
		if AsLarge(math.Abs(both.Mean(other)-both.Mean(base)), observed) {
			extreme++
		}
	}
	return e, Finite(float64(extreme+1) / float64(m.Resamples+1))
}
