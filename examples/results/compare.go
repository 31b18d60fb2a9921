//go:build cgo

package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/question"
)

// share is a metric that counts questions: hits among those that count.
type share struct {
	title, key  string
	counts, hit func(answered) bool
}

func correctly(a answered) bool     { return a.Verdict == answer.Correct }
func declined(a answered) bool      { return a.Verdict == answer.Refused }
func wasAnswered(a answered) bool   { return !declined(a) }
func hasAnswer(a answered) bool     { return a.Gap == "" }
func ofAbsent(a answered) bool      { return a.Gap == question.GapAbsent }
func ofAltered(a answered) bool     { return a.Gap == question.GapAltered }
func evidenceShown(a answered) bool { return a.Held }

// foundShares are those of retrieved passages.
var foundShares = []share{
	{"correct", "correct", hasAnswer, correctly}, {"made up (a)", "made_up_absent", ofAbsent, wasAnswered},
	{"made up (b)", "made_up_altered", ofAltered, wasAnswered}, {"false refusals", "false_refusal", evidenceShown, declined},
}

// givenShare is that of given paragraphs.
var givenShare = share{"correct with the paragraph", "correct", hasAnswer, correctly}

// groupsOf numbers the paragraphs of questions, so that those about one paragraph are drawn together.
func groupsOf(of records) (group []int, n int) {
	numbers := map[string]int{}
	for _, a := range of {
		if _, ok := numbers[a.Group]; !ok {
			numbers[a.Group] = len(numbers)
		}
		group = append(group, numbers[a.Group])
	}
	return group, len(numbers)
}

// byParagraph is a value of weighted questions, from least to 1, with an interval that resamples paragraphs.
func byParagraph(of records, seed uint64, least float64, value func(weights []float64) float64) metric {
	group, n := groupsOf(of)
	weights := make([]float64, len(of))
	e := stats.Bootstrap(n, stats.DefaultResamples, seed, func(drawn []float64) float64 {
		for i, g := range group {
			if weights[i] = 1; drawn != nil {
				weights[i] = drawn[g]
			}
		}
		return value(weights)
	})
	if math.IsNaN(e.Low) { // all samples agree
		e.Low, e.High = stats.SameScores(e.Value, least, 1, n)
	}
	return metric{e.Value, e.Low, e.High, len(of)}
}

// of is the share of the hits.
func (s share) of(all records, weights []float64) float64 {
	hits, n := 0.0, 0.0
	for i, a := range all {
		if s.counts(a) {
			n += weights[i]
			hits += weights[i] * stats.Indicator(s.hit(a))
		}
	}
	return hits / n
}

// difference is the share of one row less that of another, of the questions that both were asked. ok is false if there are none.
func (s share) difference(row, base records, seed uint64) (d metric, ok bool) {
	at := map[string]answered{}
	for _, a := range base {
		at[a.ID] = a
	}
	var rows, bases records
	for _, a := range row {
		if b, asked := at[a.ID]; asked && s.counts(a) {
			rows, bases = append(rows, a), append(bases, b)
		}
	}
	if len(rows) == 0 {
		return metric{}, false
	}
	all := share{counts: func(answered) bool { return true }, hit: s.hit}
	return byParagraph(rows, seed, -1, func(weights []float64) float64 { return all.of(rows, weights) - all.of(bases, weights) }), true
}

// points are a difference in percentage points.
func (m metric) points() string {
	return fmt.Sprintf("%+.1f (%+.1f to %+.1f)", 100*m.Value, 100*m.Low, 100*m.High)
}

const differencesText = `
The default less other rows, question by question, in percentage points. A difference whose interval includes 0 is not shown:

`

// writeDifferences compares the default with the rows of its seed that it is to beat.
func writeDifferences(b *strings.Builder, of []*outcome) {
	var table strings.Builder
	for _, o := range of {
		if o.Arm != "default" || o.Asked.Found == nil {
			continue
		}
		for _, base := range of {
			if base.Seed != o.Seed || base.Arm == o.Arm || !slices.Contains(compared, base.Arm) || base.Asked.Found == nil {
				continue
			}
			fmt.Fprintf(&table, "| %s | %d |", base.Arm, o.Seed)
			for _, s := range foundShares {
				d, ok := s.difference(o.Asked.Found, base.Asked.Found, o.Seed)
				writeCell(&table, d, ok)
			}
			d, ok := givenShare.difference(o.Asked.Given, base.Asked.Given, o.Seed)
			writeCell(&table, d, ok)
			table.WriteByte('\n')
		}
	}
	if table.Len() == 0 {
		return
	}
	head, line := "| less | seed |", "|---|---|"
	for _, s := range append(slices.Clone(foundShares), givenShare) {
		head, line = head+" "+s.title+" |", line+"---|"
	}
	b.WriteString(differencesText + head + "\n" + line + "\n" + table.String())
}

// compared are the rows that the default is compared with.
var compared = []string{"untuned", "told to decline", "untuned, rule", "gold", "ralt", "self-demo"}

func writeCell(b *strings.Builder, d metric, ok bool) {
	text := ""
	if ok {
		text = d.points()
	}
	fmt.Fprintf(b, " %s |", text)
}

// writeParts compares the decision with the best of the signals that it combines, on questions of the kind (b).
func writeParts(b *strings.Builder, of []*outcome) {
	var table strings.Builder
	for _, o := range of {
		whole, best, name, d := parts(o)
		if name != "" {
			fmt.Fprintf(&table, "| %s | %d | %d | %.3f | %.3f (%s) | %+.3f (%+.3f to %+.3f) |\n", o.Arm, o.Seed, d.N, whole, best, name,
				d.Value, d.Low, d.High)
		}
	}
	if table.Len() > 0 {
		b.WriteString("\nThe area under the curve of the decision, for (b), and that of the best single signal of those it combines:\n\n" +
			"| | seed | questions | decision | best signal | difference |\n|---|---|---|---|---|---|\n" + table.String())
	}
}

// parts is the area under the curve of the rule's decision for (b), and of the signal that has the largest by itself.
func parts(o *outcome) (whole, best float64, name string, d metric) {
	var of records
	for _, a := range o.Asked.Found {
		if a.Chance != nil && (a.Held || ofAltered(a)) {
			of = append(of, a)
		}
	}
	if len(of) == 0 || o.Rule == nil {
		return 0, 0, "", d
	}
	area := func(value func(answered) float64) stats.Ranking {
		outcomes := make([]stats.Outcome, len(of))
		for i, a := range of {
			outcomes[i] = stats.Outcome{Confidence: value(a), Correct: a.Held}
		}
		return stats.RankOutcomes(outcomes)
	}
	decision := area(func(a answered) float64 { return *a.Chance })
	var single stats.Ranking
	for i, signal := range o.Rule.Chance.Names {
		sign := math.Copysign(1, o.Rule.Chance.Weight[i]) // as the rule uses it
		ranking := area(func(a answered) float64 {
			if x, ok := a.Signals[signal]; ok {
				return sign * x
			}
			return sign * o.Rule.Chance.Mean[i] // as the rule counts it
		})
		if v := ranking.Auroc(nil); name == "" || v > best {
			best, name, single = v, signal, ranking
		}
	}
	d = byParagraph(of, o.Seed, -1, func(weights []float64) float64 { return decision.Auroc(weights) - single.Auroc(weights) })
	d.N = len(slices.DeleteFunc(slices.Clone(of), evidenceShown))
	return decision.Auroc(nil), best, name, d
}

// mean is the mean row of an arm over its seeds, nil if it has one seed. Intervals resample the paragraphs of all seeds.
func mean(of []*outcome) *outcome {
	if len(of) < 2 {
		return nil
	}
	m := &outcome{Model: of[0].Model, Arm: of[0].Arm, Held: of[0].Held, Shown: of[0].Shown}
	m.Found = meanOf(of, func(o *outcome) map[string]metric { return o.Found })
	m.Given = meanOf(of, func(o *outcome) map[string]metric { return o.Given })
	var found, given records
	for _, o := range of {
		if o.Asked.Found == nil {
			return m
		}
		found, given = slices.Concat(found, o.Asked.Found), slices.Concat(given, o.Asked.Given)
	}
	for _, s := range foundShares {
		s.over(found, m.Found)
	}
	givenShare.over(given, m.Given)
	return m
}

// over computes the share of all seeds, from the paragraphs of the questions that count, if there are any.
func (s share) over(all records, into map[string]metric) {
	all = slices.DeleteFunc(slices.Clone(all), func(a answered) bool { return !s.counts(a) })
	if len(all) > 0 {
		into[s.key] = byParagraph(all, 1, 0, func(weights []float64) float64 { return s.of(all, weights) })
	}
}

// meanOf is the mean of each metric that all have, without an interval.
func meanOf(of []*outcome, metrics func(*outcome) map[string]metric) map[string]metric {
	out := map[string]metric{}
	for key := range maps.Keys(metrics(of[0])) {
		sum, n := 0.0, 0
		for _, o := range of {
			if v := metrics(o)[key]; v.N > 0 {
				sum, n = sum+v.Value, n+1
			}
		}
		if v := sum / float64(n); n == len(of) {
			out[key] = metric{v, v, v, n}
		}
	}
	return out
}
