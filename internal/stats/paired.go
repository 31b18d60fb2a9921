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
	Groups        []int // number of the group of each item; nil = each is one
	Resamples     int
	Seed          uint64
}

// Change returns of(before, after) of the two means, with the interval of a
// paired bootstrap over the groups, and the p value of a randomisation test: how
// often the means differ as much if each group's values before and after are
// exchanged by a fair coin. The p value is nil where it is not defined.
func (m PairedMeans) Change(of func(before, after float64) float64) (Estimate, *float64) {
	value := func(weights []float64) float64 { return of(m.Before.Mean(weights), m.After.Mean(weights)) }
	return GroupedBootstrap(m.groups(), m.Resamples, m.Seed, value), m.p()
}

func (m PairedMeans) groups() []int {
	if m.Groups == nil {
		return Apart(len(m.Before.Sum))
	}
	return m.Groups
}

// p is that of the randomisation test.
func (m PairedMeans) p() *float64 {
	observed := m.After.Mean(nil) - m.Before.Mean(nil)
	if math.IsNaN(observed) {
		return nil
	}
	both := Sums{slices.Concat(m.Before.Sum, m.After.Sum), slices.Concat(m.Before.N, m.After.N)}
	shuffles, extreme := NewShuffler(m.groups(), m.Seed), 0
	for range m.Resamples {
		base, other := shuffles.Next()
		if AsLarge(math.Abs(both.Mean(other)-both.Mean(base)), observed) {
			extreme++
		}
	}
	return Finite(float64(extreme+1) / float64(m.Resamples+1))
}
