//go:build cgo

package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

const furtherText = "\nWhat else changed:\n\n"

// writeFurther lists what was measured beside the main table. Arms are compared with the untuned one of their seed.
func writeFurther(b *strings.Builder, of []*outcome) {
	of = slices.DeleteFunc(slices.Clone(of), func(o *outcome) bool { return o.Closed == nil })
	if len(of) == 0 {
		return
	}
	b.WriteString(furtherText + "| | seed | trust | AURC | citation precision | citation recall | without documents | memorisation ratio | " +
		"learnt to use | destroyed | perplexity |\n|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, o := range of {
		var untuned *outcome
		if at := slices.IndexFunc(of, func(u *outcome) bool { return u.Arm == "untuned" && u.Seed == o.Seed }); at >= 0 {
			untuned = of[at]
		}
		learnt, destroyed := "", ""
		if untuned != nil && untuned != o {
			learnt, destroyed = changed(untuned, o)
		}
		ratio := ""
		if n := len(o.Right.Given); n > 0 {
			ratio = fmt.Sprintf("%.2f", float64(len(o.Right.Closed))/float64(n))
		}
		perplexity := ""
		if o.Text.N > 0 {
			perplexity = fmt.Sprintf("%.1f", o.Text.Value)
			if untuned != nil && untuned.Text.N > 0 {
				perplexity += fmt.Sprintf(" (%+.1f %%)", 100*(o.Text.Value/untuned.Text.Value-1))
			}
		}
		fmt.Fprintf(b, "| %s | %d | %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", o.Arm, o.Seed, o.Found[trustKey].text(false),
			o.Found["aurc"].text(true), o.Found["citation_precision"].text(false), o.Found["citation_recall"].text(false),
			o.Closed["correct"].text(false), ratio, learnt, destroyed, perplexity)
	}
}

// writeProbes lists how models answer what they were taught of their documents.
func writeProbes(b *strings.Builder, of []*outcome) {
	for _, o := range of {
		if len(o.Probes) == 0 {
			continue
		}
		fmt.Fprintf(b, "\n%s, seed %d, asked questions of the kind that it learnt, kept from its rows, about single facts (local) and about the "+
			"documents as a whole (global):\n\n| | F1 |\n|---|---|\n", o.Arm, o.Seed)
		for _, name := range slices.Sorted(maps.Keys(o.Probes)) {
			fmt.Fprintf(b, "| %s | %s |\n", name, o.Probes[name].text(false))
		}
	}
}

// changed says what an arm learnt to use and what it destroyed: questions, of how many. They count if both were asked.
func changed(untuned, o *outcome) (learnt, destroyed string) {
	both := map[string]bool{}
	for _, a := range untuned.Asked.Given {
		both[a.ID] = slices.ContainsFunc(o.Asked.Given, func(b answered) bool { return b.ID == a.ID })
	}
	among := func(ids ...[]string) map[string]bool {
		out := map[string]bool{}
		for _, id := range slices.Concat(ids...) {
			if both[id] {
				out[id] = true
			}
		}
		return out
	}
	asked := 0
	for _, is := range both {
		asked += count(is)
	}
	was, known := among(untuned.Right.Given), among(untuned.Right.Given, untuned.Right.Closed)
	gained, kept := 0, 0
	for id := range among(o.Right.Given) {
		gained += count(!was[id])
		kept += count(known[id])
	}
	return fmt.Sprintf("%d of %d", gained, asked-len(was)), fmt.Sprintf("%d of %d", len(known)-kept, len(known))
}
