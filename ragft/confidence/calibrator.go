package confidence

import (
	"errors"
	"fmt"
	"math"
)

// Signals are what is known of an answer's certainty, by name. The names of
// this package are the constants below; callers may add their own.
type Signals map[string]float64

// The signals that [eval.Run] and [assistant.Assistant] can collect.
const (
	SignalLogProb     = "log_prob"         // mean natural log probability of the answer's tokens
	SignalTrue        = "p_true"           // probability that the model calls the answer right (Kadavath et al. 2022, section 3)
	SignalConsistency = "self_consistency" // share of sampled answers that agree with it (Wang et al. 2022)
	SignalRetrieval   = "retrieval"        // log of the best passage's score
	SignalMargin      = "retrieval_margin" // log of the best passage's score over the second's
)

// Calibrator turns signals into the probability that the answer is correct, by
// logistic regression on standardised signals. The zero value is not fitted.
// Its fields are what a file needs to keep. Safe for concurrent use.
type Calibrator struct {
	Names  []string  `json:"names"`
	Mean   []float64 `json:"mean"`
	Scale  []float64 `json:"scale"` // standard deviations; 1 where a signal never varies
	Weight []float64 `json:"weight"`
	Bias   float64   `json:"bias"`
	N      int       `json:"n"` // answers that it was fitted on
}

// ErrCalibration means that a calibrator cannot be fitted on these answers.
var ErrUncalibrated = errors.New("cannot calibrate confidence")

// Point is one question that a system was asked, as far as its confidence is
// concerned.
type Point struct {
	Signals  Signals
	Correct  bool
	Refused  bool   // declined: neither right nor wrong
	Question string // its text, which decides by seed what the point is used for
}

// Points are the answers of one system to a set of questions, and how they came
// about.
type Points struct {
	System     string        // name of the system
	Model      string        // [model.Model.Name]
	Signals    SignalOptions // how the signals were collected
	Conditions Conditions
	Points     []Point
}

// FitCalibrator fits a logistic model of correctness on the named signals, by
// Newton's method on the log likelihood with a ridge penalty of 1/2 |w|^2 on
// the standardised weights, so that separable data has a solution. Fit it on a
// development split, never on the questions that are measured. A signal that
// is missing or not finite counts as its mean. It needs a right and a wrong
// answer.
func FitCalibrator(points []Point, names []string) (*Calibrator, error) {
	right := 0
	for _, p := range points {
		if p.Correct {
			right++
		}
	}
	if len(names) == 0 || right == 0 || right == len(points) {
		return nil, fmt.Errorf("ragft: %w: %d right of %d answers, %d signals; it needs right and wrong answers and a signal",
			ErrUncalibrated, right, len(points), len(names))
	}
	c := &Calibrator{Names: names, N: len(points)}
	c.standardise(points)
	rows := make([][]float64, len(points)) // 1, then the standardised signals
	for i, p := range points {
		rows[i] = append([]float64{1}, c.features(p.Signals)...)
	}
	w := make([]float64, len(names)+1)
	for range 100 {
		step, err := newtonStep(rows, points, w)
		if err != nil {
			return nil, fmt.Errorf("ragft: %w: %w", ErrUncalibrated, err)
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

// Probability is the probability that an answer with these signals is correct.
func (c *Calibrator) Probability(s Signals) float64 {
	z := c.Bias
	for j, x := range c.features(s) {
		z += c.Weight[j] * x
	}
	return Sigmoid(z)
}

func Sigmoid(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

func IsFinite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// standardise finds mean and deviation of every signal over the answers that have it.
func (c *Calibrator) standardise(points []Point) {
	c.Mean, c.Scale = make([]float64, len(c.Names)), make([]float64, len(c.Names))
	for j, name := range c.Names {
		sum, squares, n := 0.0, 0.0, 0.0
		for _, p := range points {
			if x, ok := p.Signals[name]; ok && IsFinite(x) {
				sum, n = sum+x, n+1
			}
		}
		c.Mean[j] = sum / max(n, 1)
		for _, p := range points {
			if x, ok := p.Signals[name]; ok && IsFinite(x) {
				squares += (x - c.Mean[j]) * (x - c.Mean[j])
			}
		}
		if c.Scale[j] = math.Sqrt(squares / max(n, 1)); c.Scale[j] < 1e-12 {
			c.Scale[j] = 1
		}
	}
}

// features are the standardised signals; one that is missing is 0, the mean.
func (c *Calibrator) features(s Signals) []float64 {
	out := make([]float64, len(c.Names))
	for j, name := range c.Names {
		if x, ok := s[name]; ok && IsFinite(x) {
			out[j] = (x - c.Mean[j]) / c.Scale[j]
		}
	}
	return out
}

// newtonStep solves (X'PX + R) step = X'(y - p) - R w, R being 1 but for the bias.
func newtonStep(rows [][]float64, points []Point, w []float64) ([]float64, error) {
	k := len(w)
	a := make([][]float64, k) // the Hessian with the gradient as last column
	for j := range a {
		a[j] = make([]float64, k+1)
		if j > 0 {
			a[j][j] = 1
			a[j][k] = -w[j]
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

// solve is Gauss elimination with row pivots of the k x (k+1) system a.
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
