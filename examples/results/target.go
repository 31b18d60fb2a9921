//go:build cgo

package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ragft/ragft/ragft/eval"
)

// targetRate is the share of false refusals at which rows are compared.
const targetRate = 0.1

const targetText = `
The rows above use the thresholds chosen in training, on other articles. These use the threshold that gives at most 10 % false refusals
here; in %:

| | seed | false refusals | made up (a) | made up (b) | correct |
|---|---|---|---|---|---|
`

// writeAtTarget compares what the rows with a rule do at the same share of false refusals, which the thresholds of training
// keep to more or less well.
func writeAtTarget(b *strings.Builder, of []*outcome) {
	var table strings.Builder
	add := func(arm, seed string, p eval.TradeoffPoint, n float64) {
		fmt.Fprintf(&table, "| %s | %s | %.1f | %.1f | %.1f | %.1f |\n", arm, seed,
			100*p.FalseRefusals/n, 100*p.MadeUpAbsent/n, 100*p.MadeUpAltered/n, 100*p.Correct/n)
	}
	var arms []string
	for _, o := range of {
		if !slices.Contains(arms, o.Arm) {
			arms = append(arms, o.Arm)
		}
	}
	for _, arm := range arms {
		var sum eval.TradeoffPoint
		n := 0.0
		for _, o := range of {
			p, ok := atRate(o.Curve, targetRate)
			if o.Arm != arm || !ok {
				continue
			}
			add(arm, strconv.FormatUint(o.Seed, 10), p, 1)
			n++
			sum.FalseRefusals, sum.Correct = sum.FalseRefusals+p.FalseRefusals, sum.Correct+p.Correct
			sum.MadeUpAbsent, sum.MadeUpAltered = sum.MadeUpAbsent+p.MadeUpAbsent, sum.MadeUpAltered+p.MadeUpAltered
		}
		if n > 1 {
			add(arm, "mean", sum, n)
		}
	}
	if table.Len() > 0 {
		b.WriteString(targetText + table.String())
	}
}

// atRate is the point of a curve with the most false refusals up to the rate. There is none without a curve.
func atRate(curve []eval.TradeoffPoint, rate float64) (best eval.TradeoffPoint, ok bool) {
	for _, p := range curve {
		if p.FalseRefusals <= rate && (!ok || p.Threshold > best.Threshold) {
			best, ok = p, true
		}
	}
	return best, ok
}
