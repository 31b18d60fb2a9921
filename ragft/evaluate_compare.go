package ragft

import (
	"context"
	"math"
)

// Finding says what a difference is worth.
type Finding string

// The findings. Higher and Lower are for metrics that have no better side.
const (
	Better       Finding = "better"
	Worse        Finding = "worse"
	Higher       Finding = "higher"
	Lower        Finding = "lower"
	NoDifference Finding = "no difference shown" // the interval includes 0, or McNemar's p is not below 0.05
	NotMeasured  Finding = "not measured"        // one of the two systems has no value
)

// Comparison holds the differences Other - Base for every metric.
type Comparison struct {
	Base        string       `json:"base"`
	Other       string       `json:"other"`
	Differences []Difference `json:"differences"`
}

// Difference is that of one metric.
type Difference struct {
	Key       string    `json:"key"`
	Name      string    `json:"name"`
	Direction Direction `json:"direction"`
	Rate      bool      `json:"rate"`
	Estimate  Estimate  `json:"estimate"` // of the difference; N counts the questions that both values rest on
	Finding   Finding   `json:"finding"`

	// For metrics that are rates of questions: the questions that count in only
	// one of the two systems, of those that both rates are about. P is McNemar's
	// exact p value of that split; nil where one rate is about other questions
	// than the other, as the share correct of what each answered.
	OnlyBase  int      `json:"only_base,omitempty"`
	OnlyOther int      `json:"only_other,omitempty"`
	P         *float64 `json:"p,omitempty"`
}

// Difference returns that of the metric with this key; NotMeasured if there is
// none.
func (c *Comparison) Difference(key string) Difference {
	for _, d := range c.Differences {
		if d.Key == key {
			return d
		}
	}
	nan := math.NaN()
	return Difference{Key: key, Estimate: Estimate{Value: nan, Low: nan, High: nan}, Finding: NotMeasured}
}

// measure computes metrics, intervals and comparisons. All systems share the
// bootstrap samples.
func (e *evaluator) measure(ctx context.Context, out *Evaluation) error {
	defs := metricDefinitions()
	measures := make([][]measure, len(out.Systems))
	boot := make([][][]float64, len(out.Systems)) // system, metric, sample
	at := map[string]int{}
	for s := range out.Systems {
		at[out.Systems[s].Name] = s
		ranked := rankOutcomes(answeredOutcomes(out.Systems[s].Records))
		boot[s] = make([][]float64, len(defs))
		for m, def := range defs {
			measures[s] = append(measures[s], newMeasure(def, out.Systems[s].Records, ranked))
			boot[s][m] = make([]float64, e.Resamples)
		}
	}
	samples := newResampler(len(out.Questions), e.Seed)
	for b := range e.Resamples {
		if err := ctx.Err(); err != nil {
			return err
		}
		weights := samples.next()
		for s := range measures {
			for m := range measures[s] {
				boot[s][m][b] = measures[s][m].value(weights)
			}
		}
		if (b+1)%100 == 0 || b+1 == e.Resamples {
			e.Progress(EvalProgress{Stage: "bootstrap", Done: b + 1, Total: e.Resamples})
		}
	}
	for s := range out.Systems {
		for m, def := range defs {
			metric := def.Metric
			metric.Estimate = measures[s][m].estimate(boot[s][m])
			out.Systems[s].Metrics = append(out.Systems[s].Metrics, metric)
		}
	}
	for _, pair := range e.Compare {
		base, other := at[pair.Base], at[pair.Other]
		c := Comparison{Base: pair.Base, Other: pair.Other}
		for m := range defs {
			c.Differences = append(c.Differences,
				difference(measures[base][m], measures[other][m], boot[base][m], boot[other][m]))
		}
		out.Comparisons = append(out.Comparisons, c)
	}
	return nil
}

// difference is other - base, sample by sample of the same bootstrap.
func difference(base, other measure, baseBoot, otherBoot []float64) Difference {
	def := base.def
	d := Difference{Key: def.Key, Name: def.Name, Direction: def.Direction, Rate: def.Rate}
	d.Estimate = Estimate{Value: other.value(nil) - base.value(nil), Low: math.NaN(), High: math.NaN(), N: min(base.n, other.n)}
	if d.Estimate.Defined() {
		deltas := make([]float64, len(baseBoot))
		for i := range deltas {
			deltas[i] = otherBoot[i] - baseBoot[i]
		}
		d.Estimate.Low, d.Estimate.High = percentileInterval(deltas)
	}
	if def.binary {
		d.discordant(base, other)
	}
	d.Finding = d.find()
	return d
}

// discordant fills in the paired counts, over the questions that both rates
// are about. It also widens an interval of no width, which the bootstrap gives
// where all questions differ in the same way: see allOrNothing.
func (d *Difference) discordant(base, other measure) {
	both := 0
	for i := range base.den {
		if base.den[i] == 0 || other.den[i] == 0 {
			continue
		}
		both++
		switch {
		case base.num[i] > other.num[i]:
			d.OnlyBase++
		case base.num[i] < other.num[i]:
			d.OnlyOther++
		}
	}
	d.Estimate.N = both
	if both == 0 || both != base.n || both != other.n {
		return
	}
	p := McNemar(d.OnlyBase, d.OnlyOther)
	d.P = &p
	bound, _ := allOrNothing(true, both)
	switch {
	case d.OnlyBase == both:
		d.Estimate.Low, d.Estimate.High = -1, -bound
	case d.OnlyOther == both:
		d.Estimate.Low, d.Estimate.High = bound, 1
	case d.OnlyBase == 0 && d.OnlyOther == 0:
		d.Estimate.Low, d.Estimate.High = bound-1, 1-bound
	}
}

// find words the difference.
func (d *Difference) find() Finding {
	e := d.Estimate
	switch {
	case !e.Defined() || math.IsNaN(e.Low):
		return NotMeasured
	case !e.Excludes(0), d.P != nil && *d.P >= 1-confidenceLevel:
		// With few questions the percentile interval is too narrow (3 changes of
		// 6 exclude 0, and a fair coin does as much one time in four), so the
		// exact test has to agree where it is about the same questions.
		return NoDifference
	case d.Direction == Neither && e.Value > 0:
		return Higher
	case d.Direction == Neither:
		return Lower
	case e.Value > 0 == (d.Direction == HigherIsBetter):
		return Better
	default:
		return Worse
	}
}
