//go:build cgo

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/ragft/ragft/ragft"
)

const reading, closed = ", reading", ", closed book"

// measure evaluates base and every tuned model, with passages and without, and writes the tables.
func (c *comparison) measure(ctx context.Context) error {
	systems := []ragft.System{
		{Name: "base" + reading, Model: c.cached, Setting: ragft.SettingRetrieval},
		{Name: "base, told to decline" + reading, Model: c.cached, Setting: ragft.SettingRetrieval, Prompt: ragft.DefaultCareful},
		{Name: "base" + closed, Model: c.cached},
	}
	for _, r := range c.results {
		if r.tuned != nil {
			systems = append(systems,
				ragft.System{Name: r.name + reading, Model: r.tuned, Setting: ragft.SettingRetrieval, Extract: ragft.FinalAnswer},
				ragft.System{Name: r.name + closed, Model: r.tuned, Extract: ragft.FinalAnswer})
		}
	}
	e, err := ragft.Evaluate(ctx, ragft.EvalConfig{
		Systems: systems, Questions: c.held, Search: c.index, K: c.passages, MaxTokens: 48, Seed: c.seed, Judge: ragft.JudgeOptions{Votes: -1},
	})
	if err != nil {
		return err
	}
	if err := e.WriteJSONFile(filepath.Join(c.out, "evaluation.json")); err != nil {
		return err
	}
	if err := ragft.WriteReport(filepath.Join(c.out, "report.html"), e, ragft.ReportInfo{Title: "Recipes side by side"}); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(c.out, "recipes.md"))
	if err != nil {
		return err
	}
	defer f.Close()
	if err := c.writeTable(io.MultiWriter(os.Stdout, f), e); err != nil {
		return err
	}
	return f.Close()
}

var tableColumns = []struct{ key, head string }{
	{ragft.MetricCorrect, "correct"}, {ragft.MetricSelectiveAccuracy, "selective accuracy"}, {ragft.MetricFalseRefusal, "false refusals"},
	{ragft.MetricMadeUp, "made-up answers"}, {ragft.MetricTruthfulness, "truthfulness"},
}

// writeTable writes recipes x metrics as Markdown, in %, with 95% intervals, and what differs from the base.
func (c *comparison) writeTable(w io.Writer, e *ragft.Evaluation) error {
	var b strings.Builder
	unanswerable := 0
	for _, q := range e.Questions {
		if q.Unanswerable {
			unanswerable++
		}
	}
	fmt.Fprintf(&b, "\n%d held-out questions, %d of them unanswerable; %d passages shown; seed %d. In %%, with 95%% intervals.\n\n",
		len(e.Questions), unanswerable, e.K, e.Seed)
	b.WriteString("| recipe | rows | calls | training, s |")
	for _, col := range tableColumns {
		fmt.Fprintf(&b, " %s |", col.head)
	}
	b.WriteString(" correct, closed book |\n|---|---|---|---|" + strings.Repeat("---|", len(tableColumns)+1) + "\n")
	line := func(name, made string) {
		fmt.Fprintf(&b, "| %s | %s |", name, made)
		for _, col := range tableColumns {
			b.WriteString(cell(e, name+reading, col.key))
		}
		b.WriteString(cell(e, name+closed, ragft.MetricCorrect) + "\n")
	}
	line("base", "| |")
	line("base, told to decline", "| |")
	for _, r := range c.results {
		if r.tuned == nil {
			fmt.Fprintf(&b, "| %s | %d | %d | | no adapter: %s |\n", r.name, r.rows, r.cost.Calls, r.failed)
			continue
		}
		line(r.name, fmt.Sprintf("%d | %d | %.0f", r.rows, r.cost.Calls, r.trained.TrainSeconds))
	}
	b.WriteString("\nAgainst the base, reading:\n\n")
	for _, r := range c.results {
		if d := difference(e, "base"+reading, r.name+reading); d != "" {
			fmt.Fprintf(&b, "- %s: %s\n", r.name, d)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func cell(e *ragft.Evaluation, system, key string) string {
	s := e.System(system)
	if s == nil || !s.Estimate(key).Defined() {
		return " – |"
	}
	x := s.Estimate(key)
	return fmt.Sprintf(" %.1f (%.1f to %.1f) |", 100*x.Value, 100*x.Low, 100*x.High)
}

// difference words what changed.
func difference(e *ragft.Evaluation, base, other string) string {
	for i := range e.Comparisons {
		c := &e.Comparisons[i]
		if c.Base != base || c.Other != other {
			continue
		}
		var parts []string
		for _, col := range tableColumns {
			d := c.Difference(col.key)
			if d.Estimate.Defined() {
				parts = append(parts, fmt.Sprintf("%s %+.1f (%+.1f to %+.1f), %s", col.head, 100*d.Estimate.Value, 100*d.Estimate.Low, 100*d.Estimate.High, d.Finding))
			}
		}
		return strings.Join(parts, "; ")
	}
	return ""
}
