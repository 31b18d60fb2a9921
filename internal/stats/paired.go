package stats

import (
	"math"
	"slices"
)

// tokenSums are values of items, such as the log probabilities of the tokens of
// texts, as far as means over all tokens need them.
type tokenSums struct{ sum, n []float64 } // by item

func SumTokens(items [][]float64) tokenSums {
	s := tokenSums{make([]float64, len(items)), make([]float64, len(items))}
	for i, tokens := range items {
		s.sum[i], s.n[i] = WeightedSum(tokens, nil), float64(len(tokens))
	}
	return s
}

// mean is that over all tokens; weights counts each item, nil = once each.
func (s tokenSums) Mean(weights []float64) float64 {
	return WeightedSum(s.sum, weights) / WeightedSum(s.n, weights)
}

// pairedMeans compares the means over the tokens of the same items before and
// after.
type PairedMeans struct {
	Before, After [][]float64
	Resamples     int
	Seed          uint64
}

// change is of of the two means, with the interval of a paired bootstrap over
// the items, and the p value of a randomisation test: how often means differ as
// much where each item's values before and after are exchanged by a fair coin.
// The p value is nil where nothing can be told.
func (m PairedMeans) Change(of func(before, after float64) float64) (Estimate, *float64) {
	before, after := SumTokens(m.Before), SumTokens(m.After)
	e := Bootstrap(len(m.Before), m.Resamples, m.Seed, func(weights []float64) float64 { return of(before.Mean(weights), after.Mean(weights)) })
	observed := after.Mean(nil) - before.Mean(nil)
	if math.IsNaN(observed) {
		return e, nil
	}
	both := tokenSums{slices.Concat(before.sum, after.sum), slices.Concat(before.n, after.n)}
	shuffles, extreme := NewShuffler(len(m.Before), m.Seed), 0
	for range m.Resamples {
		base, other := shuffles.Next()
		if AsLarge(math.Abs(both.Mean(other)-both.Mean(base)), observed) {
			extreme++
		}
	}
	return e, Finite(float64(extreme+1) / float64(m.Resamples+1))
}
