package eval

import (
	"context"
	"math"
	"slices"

	"github.com/ragft/ragft/internal/metric"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/ragft/question"
)

// Finding says what a difference shows: "better" or "worse" than the base, "higher" or
// "lower" for metrics without a better side, "no difference shown" if its interval
// includes 0 or p is 0.05 or more, "not measured" if a value is missing, and "not tested"
// for ece and seconds, for which no test is valid.
type Finding = stats.Finding

// The findings of metrics with a better side.
const (
	Better = stats.Better
	Worse  = stats.Worse
)

// Comparison holds the differences Other - Base of all metrics.
type Comparison struct {
	Base        string       `json:"base"`
	Other       string       `json:"other"`
	Differences []Difference `json:"differences"`
}

// Difference is the difference of one metric between two systems. For metrics of
// confidence (AURC, E-AURC, AUROC, ECE, Brier) it is over the questions that both systems
// answered, as their values depend on how many and how hard the questions are.
type Difference struct {
	Key       string         `json:"key"`
	Name      string         `json:"name"`
	Direction int            `json:"direction"`
	Rate      bool           `json:"rate"`
	Before    *float64       `json:"before"`   // of Base; nil = not defined
	After     *float64       `json:"after"`    // of Other
	Estimate  stats.Estimate `json:"estimate"` // After - Before; N counts the questions that count for both
	Finding   stats.Finding  `json:"finding"`

	// P is the probability of a difference at least as large if it did not matter which
	// of the two systems gave which answer; nil = not tested. Test names the test:
	// "McNemar", exact, for shares of the same questions if none of them belong together
	// (see [question.Question.Group]), or "randomisation", approximate, for everything else.
	P    *float64 `json:"p,omitempty"`
	Test string   `json:"test,omitempty"`

	// For rates of questions: of the questions that count for both, those that only one
	// of the two systems has a hit on.
	OnlyBase  int `json:"only_base,omitempty"`
	OnlyOther int `json:"only_other,omitempty"`
}

// Difference returns the difference of the metric with this key. Its finding is "not
// measured" if there is none.
func (c *Comparison) Difference(key string) Difference {
	for _, d := range c.Differences {
		if d.Key == key {
			return d
		}
	}
	nan := math.NaN()
	return Difference{Key: key, Estimate: stats.Estimate{Value: nan, Low: nan, High: nan}, Finding: stats.NotMeasured}
}

// series is one metric of one system with its bootstrap values.
type series struct {
	measure
	boot []float64
}

func newSeries(defs []metricDefinition, records []Record, resamples int) []*series {
	ranked := stats.RankOutcomes(answeredOutcomes(records))
	all := make([]*series, len(defs))
	for m, def := range defs {
		all[m] = &series{newMeasure(def, records, def.ranking(records, ranked)), make([]float64, resamples)}
	}
	return all
}

// measure computes metrics, intervals and comparisons. All systems share the
// bootstrap samples, and all pairs the shuffles.
func (e *evaluator) measure(ctx context.Context, out *Evaluation) error {
	defs := out.definitions()
	systems, groups := map[string][]*series{}, out.groups()
	records := map[string][]Record{}
	var all []*series
	for _, s := range out.Systems {
		systems[s.Name], records[s.Name] = newSeries(defs, s.Records, e.Resamples), s.Records
		all = append(all, systems[s.Name]...)
	}
	var contrasts [][]*contrast
	for _, pair := range e.Compare {
		c := newContrasts(systems[pair.Base], systems[pair.Other], records[pair.Base], records[pair.Other], groups)
		for _, one := range c {
			all = append(all, one.own...)
		}
		contrasts = append(contrasts, c)
	}
	if err := e.resample(ctx, groups, all, slices.Concat(contrasts...)); err != nil {
		return err
	}
	for i := range out.Systems {
		s := &out.Systems[i]
		s.Metrics = nil
		for m, def := range defs {
			metric, of := def.Metric, systems[s.Name][m]
			metric.Estimate = of.estimate(of.boot, groups)
			s.Metrics = append(s.Metrics, metric)
		}
	}
	for i, pair := range e.Compare {
		c := Comparison{Base: pair.Base, Other: pair.Other}
		for _, one := range contrasts[i] {
			c.Differences = append(c.Differences, one.difference(e.Resamples, groups))
		}
		out.Comparisons = append(out.Comparisons, c)
	}
	return nil
}

// definitions returns the metrics that the evaluation has something to measure for.
func (e *Evaluation) definitions() []metricDefinition {
	gaps, decided := map[question.Gap]bool{}, false
	for _, s := range e.Systems {
		for _, r := range s.Records {
			gaps[r.Gap] = true
			decided = decided || r.Chance != nil
		}
	}
	return slices.DeleteFunc(metricDefinitions(), func(d metricDefinition) bool {
		switch d.Key {
		case metric.MadeUpAbsent:
			return !gaps[question.GapAbsent]
		case metric.MadeUpAltered:
			return !gaps[question.GapAltered]
		case metric.AUCAbsent:
			return !decided || !gaps[question.GapAbsent]
		case metric.AUCAltered:
			return !decided || !gaps[question.GapAltered]
		}
		return false
	})
}

// groups returns for each question the number of its group.
func (e *Evaluation) groups() []int {
	names := make([]string, len(e.Questions))
	for i, q := range e.Questions {
		names[i] = q.Group
	}
	return stats.Groups(names)
}

// independent is the number of groups of the questions that count.
func (m measure) independent(groups []int) int {
	n, _ := stats.Independent(groups, func(i int) bool { return m.den[i] > 0 })
	return n
}

// resample draws as many bootstrap samples of the groups of questions as shuffles.
func (e *evaluator) resample(ctx context.Context, groups []int, all []*series, contrasts []*contrast) error {
	samples, shuffles := stats.NewResampler(groups, e.Seed), stats.NewShuffler(groups, e.Seed)
	for b := range e.Resamples {
		if err := ctx.Err(); err != nil {
			return err
		}
		weights := samples.Next()
		for _, s := range all {
			s.boot[b] = s.value(weights)
		}
		base, other := shuffles.Next()
		for _, c := range contrasts {
			c.shuffle(base, other)
		}
		if (b+1)%100 == 0 || b+1 == e.Resamples {
			e.Progress(Progress{Stage: "bootstrap", Done: b + 1, Total: e.Resamples})
		}
	}
	return nil
}

// contrast is one metric of two systems.
type contrast struct {
	base, other *series
	own         []*series // base and other, if they are not those of the systems
	both        measure   // over the records of the first system, then those of the second
	n           int       // questions that count for both
	paired      bool      // no other question counts for either
	alone       bool      // none of them has its group in common with another
	observed    float64   // other - base
	extreme     int       // shuffles with a difference at least as large
}

func newContrasts(base, other []*series, baseRecords, otherRecords []Record, groups []int) []*contrast {
	from, to := answeredByBoth(baseRecords, otherRecords)
	ranked := [3]stats.Ranking{stats.RankOutcomes(from), stats.RankOutcomes(to), stats.RankOutcomes(slices.Concat(from, to))}
	together := slices.Concat(baseRecords, otherRecords)
	all := make([]*contrast, len(base))
	for m := range all {
		def := base[m].def
		c := &contrast{base: base[m], other: other[m], both: newMeasure(def, together, def.ranking(together, ranked[2]))}
		if def.pool != nil {
			c.base = &series{newMeasure(def, nil, def.ranking(baseRecords, ranked[0])), make([]float64, len(base[m].boot))}
			c.other = &series{newMeasure(def, nil, def.ranking(otherRecords, ranked[1])), make([]float64, len(base[m].boot))}
			c.own = []*series{c.base, c.other}
			if c.n = c.base.n; def.outcomes != nil { // which passages hold the answer may differ
				c.n = rankedByBoth(def.outcomes(baseRecords), def.outcomes(otherRecords))
			}
		}
		counts := func(i int) bool { return def.pool == nil && c.base.den[i] > 0 && c.other.den[i] > 0 }
		for i := range c.base.den {
			if counts(i) {
				c.n++
			}
		}
		_, c.alone = stats.Independent(groups, counts)
		c.paired = c.n == c.base.n && c.n == c.other.n
		c.observed = c.other.value(nil) - c.base.value(nil)
		all[m] = c
	}
	return all
}

// rankedByBoth counts the questions that have a confidence in both lists.
func rankedByBoth(base, other []stats.Outcome) (n int) {
	for i := range base {
		if !math.IsNaN(base[i].Confidence) && !math.IsNaN(other[i].Confidence) {
			n++
		}
	}
	return n
}

// measured reports whether there is a difference, on at least one question.
func (c *contrast) measured() bool { return c.n > 0 && !math.IsNaN(c.observed) }

// mcnemar reports whether both values are shares of the same questions, of which
// none depends on another.
func (c *contrast) mcnemar() bool { return c.base.def.binary && c.paired && c.alone }

// shuffle counts a shuffle whose difference is as large as the observed one. A
// difference that is not defined, because all correct or all incorrect answers fell to one side,
// counts too, which is conservative.
func (c *contrast) shuffle(base, other []float64) {
	if !c.measured() || c.mcnemar() || c.base.def.untested {
		return
	}
	d := math.Abs(c.both.value(other) - c.both.value(base))
	if stats.AsLarge(d, c.observed) {
		c.extreme++
	}
}

// difference returns other - base, with the interval of the paired bootstrap.
func (c *contrast) difference(shuffles int, groups []int) Difference {
	def := c.base.def
	d := Difference{
		Key: def.Key, Name: def.Name, Direction: def.Direction, Rate: def.Rate,
		Before: stats.Finite(c.base.value(nil)), After: stats.Finite(c.other.value(nil)),
		Estimate: stats.Estimate{Value: c.observed, Low: math.NaN(), High: math.NaN(), N: c.n},
	}
	if def.binary {
		d.OnlyBase, d.OnlyOther = c.discordant()
	}
	switch {
	case !c.measured():
		d.Finding = stats.NotMeasured
		return d
	case def.untested:
		d.Finding = stats.NotTested
		return d
	case c.mcnemar():
		d.P, d.Test = stats.Finite(stats.McNemar(d.OnlyBase, d.OnlyOther)), stats.ByMcNemar
	default:
		d.P, d.Test = stats.Finite(float64(c.extreme+1)/float64(shuffles+1)), stats.ByRandomisation
	}
	d.Estimate.Low, d.Estimate.High = c.interval(groups)
	d.Finding = d.finding()
	return d
}

// discordant counts the questions that only one of the two systems has a hit on.
func (c *contrast) discordant() (onlyBase, onlyOther int) {
	for i := range c.base.den {
		if c.base.den[i] == 0 || c.other.den[i] == 0 {
			continue
		}
		switch {
		case c.base.num[i] > c.other.num[i]:
			onlyBase++
		case c.base.num[i] < c.other.num[i]:
			onlyOther++
		}
	}
	return onlyBase, onlyOther
}

// interval returns the interval of the bootstrap. If that has no width, it is the exact
// one if there is one, and unknown otherwise.
func (c *contrast) interval(groups []int) (low, high float64) {
	deltas := make([]float64, len(c.base.boot))
	for i := range deltas {
		deltas[i] = c.other.boot[i] - c.base.boot[i]
	}
	low, high = stats.PercentileInterval(deltas)
	if !stats.NoWidth(low, high) {
		return low, high
	}
	if least, most := c.base.def.scale[0], c.base.def.scale[1]; most > least && c.paired && c.sameEverywhere() {
		return stats.SameScores(c.observed, least-most, most-least, c.base.independent(groups))
	}
	return math.NaN(), math.NaN()
}

// sameEverywhere reports whether the difference is the same for all questions.
func (c *contrast) sameEverywhere() bool {
	for i, den := range c.base.den {
		if den > 0 && math.Abs(c.other.num[i]-c.base.num[i]-c.observed) > 1e-12 {
			return false
		}
	}
	return true
}

// finding says what a tested difference shows.
func (d *Difference) finding() Finding {
	return stats.FindingOf(d.Estimate, d.P, d.Direction)
}
