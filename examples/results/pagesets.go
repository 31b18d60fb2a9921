//go:build cgo

package main

import (
	"fmt"
	"slices"
	"strings"
)

// about says what a set is, and how the models were taught that are measured on it.
func about(set string) string {
	switch set {
	case "German", "French":
		return "Forty questions that the pages of `examples/results/languages` answer, ten that no page is about, and ten that a page is " +
			"about without answering them. Instruction and refusal are in the language of the questions; the default has learnt with both " +
			"from the same English questions and documents as above."
	}
	return "Measured with the same adapters as above, without training again: nothing was learnt from these documents or questions."
}

// writeSets writes the tables of what was measured on other questions, a section for each.
func writeSets(b *strings.Builder, all []*outcome) {
	var names []string
	for _, o := range all {
		if o.Set != "" && !slices.Contains(names, o.Set) {
			names = append(names, o.Set)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		of := slices.DeleteFunc(slices.Clone(all), func(o *outcome) bool { return o.Set != name })
		fmt.Fprintf(b, "\n## %s\n\n%s %d passages retrieved for each question.\n\n", name, about(name), of[0].Shown)
		writeSet(b, of, append(slices.Clone(columns), column{"F1", "f1"}), func(o *outcome) map[string]metric { return o.Found })
		b.WriteString("\nWith the passage that holds the answer, and every answerable question answered:\n\n")
		writeSet(b, of, givenColumns, func(o *outcome) map[string]metric { return o.Given })
	}
}

// writeSet writes a table with those of the columns that have a value.
func writeSet(b *strings.Builder, of []*outcome, columns []column, values func(*outcome) map[string]metric) {
	columns = slices.DeleteFunc(slices.Clone(columns), func(c column) bool {
		return !slices.ContainsFunc(of, func(o *outcome) bool { return values(o)[c.key].N > 0 })
	})
	head, line := "| | | questions |", "|---|---|---|"
	for _, c := range columns {
		head, line = head+" "+c.title+" |", line+"---|"
	}
	fmt.Fprintf(b, "%s\n%s\n", head, line)
	for _, o := range of {
		fmt.Fprintf(b, "| %s | %s | %d |", o.Model, o.Arm, values(o)["correct"].N)
		for _, c := range columns {
			fmt.Fprintf(b, " %s |", values(o)[c.key].text(strings.HasPrefix(c.key, "auc") || c.key == "answer_tokens"))
		}
		b.WriteByte('\n')
	}
}
