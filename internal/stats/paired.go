package stats

import (
	"math"
	"slices"
)

// TokenSums are the sums and counts of values by item, such as the log probabilities of
// the tokens of texts.
type TokenSums struct{ sum, n []float64 }

// SumTokens sums the values of each item.
func SumTokens(items [][]float64) TokenSums {
	s := TokenSums{make([]float64, len(items)), make([]float64, len(items))}
	for i, tokens := range items {
		s.sum[i], s.n[i] = WeightedSum(tokens, nil), float64(len(tokens))
	}
	return s
}

// Mean is the mean over all tokens. weights says how often each item counts; nil = once.
func (s TokenSums) Mean(weights []float64) float64 {
	return WeightedSum(s.sum, weights) / WeightedSum(s.n, weights)
}

// PairedMeans compares the means over the tokens of the same items before and after.
type PairedMeans struct {
	Before, After [][]float64
	Resamples     int
	Seed          uint64
}

// Change returns a function of the two means with the interval of a paired bootstrap over
// the items, and the p value of a randomisation test: how often the means differ as much
// if the values of each item before and after are exchanged by a fair coin. The p value is
// nil if the means are not defined.
func (m PairedMeans) Change(of func(before, after float64) float64) (Estimate, *float64) {
	before, after := SumTokens(m.Before), SumTokens(m.After)
	e := Bootstrap(
		len(m.Before),
		m.Resamples,
		m.Seed,
		func(weights []float64) float64 { return of(before.Mean(weights), after.Mean(weights)) },
	)
	observed := after.Mean(nil) - before.Mean(nil)
	if math.IsNaN(observed) {
		return e, nil
	}
	both := TokenSums{slices.Concat(before.sum, after.sum), slices.Concat(before.n, after.n)}
	shuffles, extreme := NewShuffler(len(m.Before), m.Seed), 0
	for range m.Resamples {
		base, other := shuffles.Next()
		if AsLarge(math.Abs(both.Mean(other)-both.Mean(base)), observed) {
			extreme++
		}
	}
	return e, Finite(float64(extreme+1) / float64(m.Resamples+1))
}
