package stats

import (
	"math"
)

// ClopperPearson returns the exact upper bound of a proportion of which
// wrong of n were seen: with probability of at least 1 - delta over the
// sample the true proportion is at most the bound (Clopper and Pearson 1934,
// one-sided). It is 1 where n is 0.
func ClopperPearson(wrong, n int, delta float64) float64 {
	if n <= 0 || wrong >= n {
		return 1
	}
	// The largest p for which seeing so few wrong is not rarer than delta.
	low, high := float64(wrong)/float64(n), 1.0
	for range 100 {
		middle := (low + high) / 2
		if binomialAtMost(wrong, n, middle) > delta {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}

// binomialAtMost is P(X <= k) for X ~ Binomial(n, p), summed in logarithms.
func binomialAtMost(k, n int, p float64) float64 {
	if p <= 0 {
		return 1
	}
	if p >= 1 {
		return 0
	}
	all, _ := math.Lgamma(float64(n + 1))
	sum := 0.0
	for i := 0; i <= k; i++ {
		a, _ := math.Lgamma(float64(i + 1))
		b, _ := math.Lgamma(float64(n - i + 1))
		sum += math.Exp(all - a - b + float64(i)*math.Log(p) + float64(n-i)*math.Log1p(-p))
	}
	return min(sum, 1)
}
