package stats

import "math"

// Indicator is 1 for true and 0 for false.
func Indicator(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// IsFinite reports whether x is a number, neither NaN nor infinite.
func IsFinite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// GroupedShare is the share of hits among some items, given the number of the group of
// each: with the exact interval of [ExactShare] if each is alone, and otherwise with that
// of a bootstrap over the groups.
func GroupedShare(hits []bool, groups []int) Estimate {
	k, values := 0, make([]float64, len(hits))
	for i, hit := range hits {
		values[i] = Indicator(hit)
		k += int(values[i])
	}
	if _, alone := Independent(groups, func(int) bool { return true }); alone {
		return ExactShare(k, len(hits))
	}
	return GroupedMean(values, groups, 0, 1, DefaultResamples, 0)
}

// ExactShare is k of n with its exact 95% interval (Clopper and Pearson 1934); NaN for 0
// of 0.
func ExactShare(k, n int) Estimate {
	const tail = (1 - confidenceLevel) / 2
	e := Estimate{Value: float64(k) / float64(n), N: n}
	e.High = ClopperPearson(k, n, tail)
	e.Low = 1 - ClopperPearson(n-k, n, tail)
	if n == 0 {
		e.Low, e.High = e.Value, e.Value
	}
	return e
}

// ShareDifference compares two shares of the same questions.
type ShareDifference struct {
	Before, After       *float64 // nil = not defined
	Estimate            Estimate // After - Before
	P                   *float64 // nil = not tested
	Test                string   // that P comes from
	OnlyBase, OnlyOther int      // questions that only one of the two has a hit on
}

// CompareShares compares the shares of hits of base and other, among those questions that
// count, given the number of the group of each. The interval is that of a paired bootstrap
// over the groups, or the exact one if all questions differ alike. The test is McNemar's
// exact one if each of the questions is alone in its group, and otherwise a randomisation
// that exchanges groups.
func CompareShares(groups []int, resamples int, seed uint64, counts, base, other func(i int) bool) ShareDifference {
	n := len(groups)
	from, to, den := make([]float64, n), make([]float64, n), make([]float64, n)
	d := ShareDifference{Estimate: Estimate{Value: math.NaN(), Low: math.NaN(), High: math.NaN()}}
	for i := range n {
		if !counts(i) {
			continue
		}
		from[i], to[i], den[i] = Indicator(base(i)), Indicator(other(i)), 1
		d.Estimate.N++
		d.OnlyBase += int(Indicator(from[i] > to[i]))
		d.OnlyOther += int(Indicator(from[i] < to[i]))
	}
	if d.Estimate.N == 0 {
		return d
	}
	share := func(hits, weights []float64) float64 { return WeightedSum(hits, weights) / WeightedSum(den, weights) }
	d.Before, d.After = Finite(share(from, nil)), Finite(share(to, nil))
	d.Estimate.Value = *d.After - *d.Before
	independent, alone := Independent(groups, counts)
	if d.P, d.Test = Finite(McNemar(d.OnlyBase, d.OnlyOther)), ByMcNemar; !alone {
		m := PairedMeans{Before: Sums{from, den}, After: Sums{to, den}, Groups: groups, Resamples: resamples, Seed: seed}
		d.P, d.Test = m.p(), ByRandomisation
	}
	samples, boot := NewResampler(groups, seed), make([]float64, resamples)
	for b := range boot {
		weights := samples.Next()
		boot[b] = share(to, weights) - share(from, weights)
	}
	low, high := PercentileInterval(boot)
	switch {
	case !NoWidth(low, high):
		d.Estimate.Low, d.Estimate.High = low, high
	case max(d.OnlyBase, d.OnlyOther) == d.Estimate.N || d.OnlyBase+d.OnlyOther == 0:
		d.Estimate.Low, d.Estimate.High = SameScores(d.Estimate.Value, -1, 1, independent)
	}
	return d
}

// Finding says what the difference shows. direction is as in [FindingOf].
func (d ShareDifference) Finding(direction int) Finding {
	if d.P == nil {
		return NotMeasured
	}
	return FindingOf(d.Estimate, d.P, direction)
}
