package stats

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
)

// DefaultResamples is the number of bootstrap samples where none is set.
const DefaultResamples = 2000

// confidenceLevel is that of every interval in this package.
const confidenceLevel = 0.95

// Estimate is a measured value with its 95% interval. Value, Low and High are
// NaN where they are not defined (a rate over no questions); in JSON they are
// null then.
type Estimate struct {
	Value float64
	Low   float64
	High  float64
	N     int // questions that the value rests on
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

func Finite(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}

func OrNaN(x *float64) float64 {
	if x == nil {
		return math.NaN()
	}
	return *x
}

// resampler draws bootstrap samples of n questions, always the same ones for
// the same seed. A sample is how often each question was drawn. One sample is
// used for all systems, which makes the differences paired (Efron and
// Tibshirani 1993, section 8.3; Koehn 2004 for pairs of systems).
type resampler struct {
	rng     *rand.Rand
	weights []float64
}

func NewResampler(n int, seed uint64) *resampler {
	return &resampler{
		rng:     rand.New(rand.NewPCG(seed, 0x5eed0fb007)),
		weights: make([]float64, n),
	}
}

// next returns the next sample; it is valid until the next call.
func (r *resampler) Next() []float64 {
	clear(r.weights)
	n := len(r.weights)
	for range n {
		r.weights[r.rng.IntN(n)]++
	}
	return r.weights
}

// shuffler assigns the records of two systems to them anew, question by
// question with a fair coin: the approximate randomisation of Noreen (1989),
// as Yeh (2000) uses it for the metrics of two systems. It gives the same
// sequence for the same seed.
type shuffler struct {
	rng         *rand.Rand
	base, other []float64
}

func NewShuffler(n int, seed uint64) *shuffler {
	return &shuffler{rand.New(rand.NewPCG(seed, 0x5eed0c01)), make([]float64, 2*n), make([]float64, 2*n)}
}

// next returns, for 2n records, those of one system and then those of the other,
// which of them count for either: 1 or 0. They are valid until the next call.
func (s *shuffler) Next() (base, other []float64) {
	n := len(s.base) / 2
	for i := range n {
		swap := float64(s.rng.IntN(2))
		s.base[i], s.base[n+i] = 1-swap, swap
		s.other[i], s.other[n+i] = swap, 1-swap
	}
	return s.base, s.other
}

// percentileInterval is the central 95% of the values (Efron and Tibshirani
// 1993, section 13.3). Samples in which the value is not defined are left out;
// where that is more than half of them, the interval is not defined either.
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

// noWidth reports an interval whose ends are the same but for rounding. The
// bootstrap gives it where every sample repeats one value, and it would claim
// to be certain.
func NoWidth(low, high float64) bool { return high-low <= 1e-12 }

// sameScores is the exact interval of the mean of scores between least and most
// of which n were seen, all equal to value: a score that is another has a
// probability of at most 1 - 0.025^(1/n), or n equal ones would be rarer than
// that (Clopper and Pearson 1934), and at worst it lies at one of the ends.
func SameScores(value, least, most float64, n int) (low, high float64) {
	other := 1 - math.Pow((1-confidenceLevel)/2, 1/float64(n))
	return value - other*(value-least), value + other*(most-value)
}

// bootstrap is a value of n items with its percentile interval; weights counts
// each item, nil = once each. Where the interval has no width, as that of one
// item, it is not known.
func Bootstrap(n, resamples int, seed uint64, value func(weights []float64) float64) Estimate {
	e := Estimate{Value: value(nil), N: n, Low: math.NaN(), High: math.NaN()}
	samples, boot := NewResampler(n, seed), make([]float64, resamples)
	for b := range boot {
		boot[b] = value(samples.Next())
	}
	if low, high := PercentileInterval(boot); !NoWidth(low, high) {
		e.Low, e.High = low, high
	}
	return e
}

// meanEstimate is the mean of values between least and most with its percentile
// interval, or the exact one where all values are the same.
func MeanEstimate(values []float64, least, most float64, resamples int, seed uint64) Estimate {
	if len(values) == 0 {
		return Estimate{Value: math.NaN(), Low: math.NaN(), High: math.NaN()}
	}
	e := Bootstrap(len(values), resamples, seed, func(weights []float64) float64 { return WeightedSum(values, weights) / float64(len(values)) })
	if slices.Min(values) == slices.Max(values) {
		e.Value = values[0]
		e.Low, e.High = SameScores(e.Value, least, most, len(values))
	}
	return e
}

// weightedSum is the sum of values that weights count, nil = once each.
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

// McNemar is the exact two-sided p value of McNemar's test: the probability,
// if either system were as likely as the other to be the one that is right, of
// a split at least as uneven as this one. onlyA and onlyB count the questions
// that only one of the two got right. 1 where there is none.
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
