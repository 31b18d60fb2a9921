package stats

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
)

// DefaultResamples is the default number of bootstrap samples.
const DefaultResamples = 2000

// confidenceLevel is that of every interval in this package.
const confidenceLevel = 0.95

// Estimate is a measured value with its 95% interval. Value, Low and High are NaN, and
// null in JSON, if they are not defined, such as a rate over no questions.
type Estimate struct {
	Value float64
	Low   float64
	High  float64
	N     int // questions that the value is based on
}

// Defined reports whether there is a value.
func (e Estimate) Defined() bool { return !math.IsNaN(e.Value) }

// Excludes reports whether the interval is known and x lies outside it.
func (e Estimate) Excludes(x float64) bool { return x < e.Low || x > e.High }

type estimateJSON struct {
	Value *float64 `json:"value"`
	Low   *float64 `json:"low"`
	High  *float64 `json:"high"`
	N     int      `json:"n"`
}

// MarshalJSON writes value, low, high and n.
func (e Estimate) MarshalJSON() ([]byte, error) {
	return json.Marshal(estimateJSON{Finite(e.Value), Finite(e.Low), Finite(e.High), e.N})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (e *Estimate) UnmarshalJSON(data []byte) error {
	var in estimateJSON
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	*e = Estimate{OrNaN(in.Value), OrNaN(in.Low), OrNaN(in.High), in.N}
	return nil
}

// Finite returns a pointer to x, or nil if x is not finite.
func Finite(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}

// OrNaN returns *x, or NaN for nil.
func OrNaN(x *float64) float64 {
	if x == nil {
		return math.NaN()
	}
	return *x
}

// Resampler draws bootstrap samples of groups of questions, the same for the same seed. A
// sample says how often each question was drawn, with its group. All systems share the
// samples, which makes differences paired (Efron and Tibshirani 1993, section 8.3; Koehn
// 2004).
type Resampler struct {
	rng            *rand.Rand
	groups         []int // of each question
	drawn, weights []float64
}

// NewResampler returns a resampler of questions, given the number of the group of each.
func NewResampler(groups []int, seed uint64) *Resampler {
	return &Resampler{
		rng:    rand.New(rand.NewPCG(seed, 0x5eed0fb007)),
		groups: groups, drawn: make([]float64, numberOf(groups)), weights: make([]float64, len(groups)),
	}
}

// Next returns the next sample, which is valid until the next call.
func (r *Resampler) Next() []float64 {
	clear(r.drawn)
	n := len(r.drawn)
	for range n {
		r.drawn[r.rng.IntN(n)]++
	}
	for i, group := range r.groups {
		r.weights[i] = r.drawn[group]
	}
	return r.weights
}

// Shuffler exchanges the records of two systems group by group with a fair coin: the
// approximate randomisation of Noreen (1989), which Yeh (2000) applies to metrics of two
// systems. The records of a group stay together, as they are not independent. The
// sequence is the same for the same seed.
type Shuffler struct {
	rng         *rand.Rand
	groups      []int // of each question
	swaps       []float64
	base, other []float64
}

// NewShuffler returns a shuffler of questions, given the number of the group of each.
func NewShuffler(groups []int, seed uint64) *Shuffler {
	n := len(groups)
	return &Shuffler{rand.New(rand.NewPCG(seed, 0x5eed0c01)), groups, make([]float64, numberOf(groups)), make([]float64, 2*n),
		make([]float64, 2*n)}
}

// Next returns which of 2n records, those of one system followed by those of the other,
// count for each system: 1 or 0. The slices are valid until the next call.
func (s *Shuffler) Next() (base, other []float64) {
	n := len(s.base) / 2
	for group := range s.swaps {
		s.swaps[group] = float64(s.rng.IntN(2))
	}
	for i, group := range s.groups {
		swap := s.swaps[group]
		s.base[i], s.base[n+i] = 1-swap, swap
		s.other[i], s.other[n+i] = swap, 1-swap
	}
	return s.base, s.other
}

// PercentileInterval is the central 95% of the values (Efron and Tibshirani
// 1993, section 13.3). Values that are not
// defined are left out; if that is more than half of them, so is the interval.
func PercentileInterval(values []float64) (low, high float64) {
	defined := make([]float64, 0, len(values))
	for _, v := range values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			defined = append(defined, v)
		}
	}
	if len(defined) == 0 || 2*len(defined) < len(values) {
		return math.NaN(), math.NaN()
	}
	slices.Sort(defined)
	tail := (1 - confidenceLevel) / 2
	return quantile(defined, tail), quantile(defined, 1-tail)
}

// quantile interpolates between the two nearest of the sorted values.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	below := int(math.Floor(at))
	above := min(below+1, len(sorted)-1)
	return sorted[below] + (at-float64(below))*(sorted[above]-sorted[below])
}

// NoWidth reports an interval whose ends are equal up to rounding. The bootstrap gives
// one if all samples have the same value, which would suggest certainty.
func NoWidth(low, high float64) bool { return high-low <= 1e-12 }

// SameScores is the exact interval of a mean of scores in [least, most], of which n were
// observed, all equal to value. A different score has a probability of at most
// 1 - 0.025^(1/n), or n equal ones would be rarer than 0.025 (Clopper and Pearson 1934);
// in the worst case it lies at one of the ends.
func SameScores(value, least, most float64, n int) (low, high float64) {
	other := 1 - math.Pow((1-confidenceLevel)/2, 1/float64(n))
	return value - other*(value-least), value + other*(most-value)
}

// Bootstrap is [GroupedBootstrap] of n items of which each is a group.
func Bootstrap(n, resamples int, seed uint64, value func(weights []float64) float64) Estimate {
	return GroupedBootstrap(Apart(n), resamples, seed, value)
}

// GroupedBootstrap returns a value of items with its percentile interval, given the number
// of the group of each. weights says how often each item counts; nil = once. An interval
// without width, such as that of one group, is unknown.
func GroupedBootstrap(groups []int, resamples int, seed uint64, value func(weights []float64) float64) Estimate {
	e := Estimate{Value: value(nil), N: len(groups), Low: math.NaN(), High: math.NaN()}
	samples, boot := NewResampler(groups, seed), make([]float64, resamples)
	for b := range boot {
		boot[b] = value(samples.Next())
	}
	if low, high := PercentileInterval(boot); !NoWidth(low, high) {
		e.Low, e.High = low, high
	}
	return e
}

// GroupedMean is the mean of values in [least, most] with its percentile interval, or the
// exact one if all values are equal, given the number of the group of each.
func GroupedMean(values []float64, groups []int, least, most float64, resamples int, seed uint64) Estimate {
	if len(values) == 0 {
		return Estimate{Value: math.NaN(), Low: math.NaN(), High: math.NaN()}
	}
	e := GroupedBootstrap(groups, resamples, seed, Singles(values).Mean)
	if slices.Min(values) == slices.Max(values) {
		n, _ := Independent(groups, func(int) bool { return true })
		e.Value = values[0]
		e.Low, e.High = SameScores(e.Value, least, most, n)
	}
	return e
}

// WeightedSum sums values; weights says how often each counts, nil = once.
func WeightedSum(values, weights []float64) float64 {
	sum := 0.0
	for i, v := range values {
		if weights != nil {
			v *= weights[i]
		}
		sum += v
	}
	return sum
}

// McNemar is the exact two-sided p value of McNemar's test: the probability of a split at
// least as uneven as this one if both systems were equally likely to be the one that is
// right. onlyA and onlyB count the questions that only one of them got right; 1 if there
// are none.
func McNemar(onlyA, onlyB int) float64 {
	n := onlyA + onlyB
	p := 0.0
	for k := 0; k <= min(onlyA, onlyB); k++ {
		p += math.Exp(logChoose(n, k) - float64(n)*math.Ln2)
	}
	return min(1, 2*p)
}

func logChoose(n, k int) float64 {
	a, _ := math.Lgamma(float64(n + 1))
	b, _ := math.Lgamma(float64(k + 1))
	c, _ := math.Lgamma(float64(n - k + 1))
	return a - b - c
}
