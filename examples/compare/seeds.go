//go:build cgo

package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/stats"
)

// overSeeds writes what the runs with several seeds say together, in %: means, and from the lowest to the highest of
// them. The runs share questions, so that their intervals cannot be pooled.
func overSeeds(tables []*table) string {
	var b strings.Builder
	fmt.Fprintf(&b, "The mean over %d seeds, from %d to %d, and in brackets the lowest and the highest of them. In %%.\n\n",
		len(tables), tables[0].Seed, tables[len(tables)-1].Seed)
	heads := []string{"recipe"}
	for _, col := range columns() {
		heads = append(heads, col.head)
	}
	header(&b, append(heads, "perplexity of general text")...)
	var names []string
	lines := map[string][]line{}
	for _, t := range tables {
		for _, l := range t.Lines {
			if lines[l.Recipe] == nil {
				names = append(names, l.Recipe)
			}
			lines[l.Recipe] = append(lines[l.Recipe], l)
		}
	}
	for _, name := range names {
		b.WriteString(seedsOfRecipe(name, lines[name]))
	}
	b.WriteString("\nDifferences in points; in brackets in how many of the runs it is shown to be better or worse:\n\n")
	header(&b, append([]string{""}, heads[1:]...)...)
	for _, d := range tables[0].Differences {
		b.WriteString(seedsOfPair(d.Base, d.Other, tables))
	}
	return b.String()
}

func seedsOfRecipe(name string, lines []line) string {
	failed := 0
	for _, l := range lines {
		if l.Failed != "" {
			failed++
		}
	}
	if failed == len(lines) {
		return fmt.Sprintf("| %s | no adapter |%s\n", name, strings.Repeat(" |", len(columns())))
	}
	if failed > 0 {
		name += fmt.Sprintf(" (%d of %d came to nothing)", failed, len(lines))
	}
	cell := func(key, format string) string {
		var values []float64
		for _, l := range lines {
			if x, ok := l.Metrics[key]; ok && x.Defined() {
				values = append(values, 100*x.Value)
			}
		}
		if len(values) == 0 {
			return "–"
		}
		return fmt.Sprintf(format, mean(values), slices.Min(values), slices.Max(values))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "| %s |", name)
	for _, col := range columns() {
		b.WriteString(" " + cell(col.key, "%.1f (%.1f to %.1f)") + " |")
	}
	return b.String() + " " + cell(proseKey, "%+.1f (%+.1f to %+.1f)") + " |\n"
}

func seedsOfPair(base, other string, tables []*table) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s less %s |", other, base)
	for _, col := range columns() {
		var values []float64
		found := map[stats.Finding]int{}
		for _, t := range tables {
			for _, d := range t.Differences {
				if d.Base != base || d.Other != other {
					continue
				}
				if x, ok := d.Metrics[col.key]; ok && x.Estimate.Defined() {
					values = append(values, 100*x.Estimate.Value)
					found[x.Finding]++
				}
			}
		}
		if len(values) == 0 {
			b.WriteString(" – |")
			continue
		}
		fmt.Fprintf(&b, " %+.1f (better %d, worse %d of %d) |", mean(values), found[stats.Better], found[stats.Worse], len(values))
	}
	return b.String() + "\n"
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}
