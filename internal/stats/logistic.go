package stats

import (
	"errors"
	"fmt"
	"math"

	"github.com/ragft/ragft/internal/plural"
)

// Logistic is a logistic regression on named, standardised features. The zero value is
// not fitted. Safe for concurrent use.
type Logistic struct {
	Names  []string  `json:"names"`
	Mean   []float64 `json:"mean"`
	Scale  []float64 `json:"scale"` // standard deviations; 1 for a feature that never varies
	Weight []float64 `json:"weight"`
	Bias   float64   `json:"bias"`
	N      int       `json:"n"` // observations that it was fitted on
}

// Observation is an outcome with its features by name.
type Observation struct {
	Features map[string]float64
	Correct  bool
}

// FitLogistic fits the probability of a correct outcome on the named features, by Newton's
// method on the log likelihood with a ridge penalty of ridge/2 |w|^2 on the standardised
// weights, which must be above 0, so that separable data has a solution. A feature that is missing or not finite
// counts as its mean. It needs a correct and an incorrect observation, and a feature.
func FitLogistic(points []Observation, names []string, ridge float64) (*Logistic, error) {
	right := 0
	for _, p := range points {
		right += int(Indicator(p.Correct))
	}
	if len(names) == 0 || right == 0 || right == len(points) {
		return nil, fmt.Errorf("%d of %s %s right, with %s; it takes right and wrong answers and a signal",
			right, plural.N(len(points), "answer"), plural.Pick(len(points), "is", "are"), plural.N(len(names), "signal"))
	}
	c, err := Standardise(points, names)
	if err != nil {
		return nil, err
	}
	rows := make([][]float64, len(points)) // 1, then the standardised features
	for i, p := range points {
		rows[i] = append([]float64{1}, c.standardised(p.Features)...)
	}
	w := make([]float64, len(names)+1)
	for range 100 {
		step, err := newtonStep(rows, points, w, ridge)
		if err != nil {
			return nil, err
		}
		size := 0.0
		for j := range w {
			w[j] += step[j]
			size = max(size, math.Abs(step[j]))
		}
		if size < 1e-10 {
			break
		}
	}
	c.Bias, c.Weight = w[0], w[1:]
	return c, nil
}

// Standardise returns a regression of the named features, standardised over the observations, whose weights are still 0. It
// needs a feature.
func Standardise(points []Observation, names []string) (*Logistic, error) {
	if len(names) == 0 {
		return nil, errors.New("no signal is there for most of the answers; it takes one")
	}
	c := &Logistic{Names: names, Weight: make([]float64, len(names)), N: len(points)}
	c.standardise(points)
	return c, nil
}

// Probability returns the probability of a correct outcome.
func (c *Logistic) Probability(features map[string]float64) float64 { return Sigmoid(c.Odds(features)) }

// Odds returns the natural log of the odds of a correct outcome.
func (c *Logistic) Odds(features map[string]float64) float64 {
	z := c.Bias
	for j, x := range c.standardised(features) {
		z += c.Weight[j] * x
	}
	return z
}

// Sigmoid is the logistic function.
func Sigmoid(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

// standardise computes the mean and the standard deviation of each feature over the
// observations that have it.
func (c *Logistic) standardise(points []Observation) {
	c.Mean, c.Scale = make([]float64, len(c.Names)), make([]float64, len(c.Names))
	for j, name := range c.Names {
		sum, squares, n := 0.0, 0.0, 0.0
		for _, p := range points {
			if x, ok := p.Features[name]; ok && IsFinite(x) {
				sum, n = sum+x, n+1
			}
		}
		c.Mean[j] = sum / max(n, 1)
		for _, p := range points {
			if x, ok := p.Features[name]; ok && IsFinite(x) {
				squares += (x - c.Mean[j]) * (x - c.Mean[j])
			}
		}
		if c.Scale[j] = math.Sqrt(squares / max(n, 1)); c.Scale[j] < 1e-12 {
			c.Scale[j] = 1
		}
	}
}

// standardised returns the features, standardised; a missing one is 0, the mean.
func (c *Logistic) standardised(features map[string]float64) []float64 {
	out := make([]float64, len(c.Names))
	for j, name := range c.Names {
		if x, ok := features[name]; ok && IsFinite(x) {
			out[j] = (x - c.Mean[j]) / c.Scale[j]
		}
	}
	return out
}

// newtonStep solves (X'PX + R) step = X'(y - p) - R w, where R is the ridge except for the bias.
func newtonStep(rows [][]float64, points []Observation, w []float64, ridge float64) ([]float64, error) {
	k := len(w)
	a := make([][]float64, k) // the Hessian with the gradient as last column
	for j := range a {
		a[j] = make([]float64, k+1)
		if j > 0 {
			a[j][j] = ridge
			a[j][k] = -ridge * w[j]
		}
	}
	for i, x := range rows {
		z := 0.0
		for j := range w {
			z += w[j] * x[j]
		}
		p := Sigmoid(z)
		y := 0.0
		if points[i].Correct {
			y = 1
		}
		for j := range x {
			for l := range x {
				a[j][l] += p * (1 - p) * x[j] * x[l]
			}
			a[j][k] += (y - p) * x[j]
		}
	}
	return solve(a)
}

// solve solves the k x (k+1) system a by Gaussian elimination with row pivots.
func solve(a [][]float64) ([]float64, error) {
	k := len(a)
	for c := range k {
		pivot := c
		for r := c + 1; r < k; r++ {
			if math.Abs(a[r][c]) > math.Abs(a[pivot][c]) {
				pivot = r
			}
		}
		if math.Abs(a[pivot][c]) < 1e-14 {
			return nil, errors.New("the signals do not determine a model")
		}
		a[c], a[pivot] = a[pivot], a[c]
		for r := range k {
			if r == c {
				continue
			}
			f := a[r][c] / a[c][c]
			for l := c; l <= k; l++ {
				a[r][l] -= f * a[c][l]
			}
		}
	}
	x := make([]float64, k)
	for c := range k {
		x[c] = a[c][k] / a[c][c]
	}
	return x, nil
}
