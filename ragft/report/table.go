package report

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/figures"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/internal/table"
	"github.com/ragft/ragft/ragft/eval"
)

// tableColumn is one metric of the systems table.
type tableColumn struct{ key, head string }

// tableBlock is a table of systems: as many metrics as a line has room for.
type tableBlock struct {
	name    string // "" = the main one
	columns []tableColumn
}

// tableBlocks hold every metric once, but for what is in the table of costs.
func tableBlocks() []tableBlock {
	return []tableBlock{
		{"", []tableColumn{
			{metric.ExactMatch, "exact\nmatch"},
			{metric.F1, "F1"},
			{metric.Containment, "contains\ngold"},
			{metric.Coverage, "coverage"},
			{metric.SelectiveAccuracy, "selective\naccuracy"},
			{metric.FalseRefusal, "false\nrefusals"},
			{metric.MadeUp, "made-up\nanswers"},
			{metric.Truthfulness, "truthful-\nness"},
		}},
		{"Answers and refusals", []tableColumn{
			{metric.Correct, "correct"},
			{metric.RougeL, "ROUGE-L"},
			{metric.Risk, "risk"},
			{metric.OverAnswer, "over-\nanswers"},
			{metric.AbstainPrecision, "abstention\nprecision"},
			{metric.AbstainRecall, "abstention\nrecall"},
			{metric.AbstainF1, "abstention\nF1"},
		}},
		{"Confidence, in shares", []tableColumn{
			{metric.AURC, "AURC"},
			{metric.EAURC, "E-AURC"},
			{metric.AUROC, "AUROC"},
			{metric.ECE, "ECE"},
			{metric.Brier, "Brier"},
		}},
	}
}

// measured tells whether any system has a value in the block.
func (t tableBlock) measured(e *Results) bool {
	return slices.ContainsFunc(e.Systems, func(s eval.SystemResult) bool {
		return slices.ContainsFunc(t.columns, func(c tableColumn) bool { return s.Estimate(c.key).Defined() })
	})
}

// figures are the value and the interval of a metric, a rate in percent.
func figuresOf(s *eval.SystemResult, key string) (value, interval string) {
	e := s.Estimate(key)
	at := slices.IndexFunc(s.Metrics, func(m eval.Metric) bool { return m.Key == key })
	if at < 0 || s.Metrics[at].Rate {
		return figures.Percent(e.Value), figures.PercentInterval(e)
	}
	if value, interval = figures.PlainMetric(e.Value, false), figures.NoValue; !math.IsNaN(e.Low) && !math.IsNaN(e.High) {
		interval = figures.PlainMetric(e.Low, false) + ".." + figures.PlainMetric(e.High, false)
	}
	return value, interval
}

const tableNameWidth = 14

// WriteTable writes the evaluation as plain text, at most 110 characters wide:
// the systems with all their metrics and 95% intervals, the evidence x outcome
// matrix of each, what an answer costs, the differences of each comparison of
// two models, the main ones of each comparison of two arms of one model, and
// then whatever else the evaluation keeps: leakage, calibration, robustness,
// forgetting, the dial, memory probes. It is a function of the evaluation alone.
func WriteTable(w io.Writer, e *Results) error {
	var b strings.Builder
	tableOfSystems(&b, e)
	tableOfMatrices(&b, e)
	tableOfCosts(&b, e)
	var arms []*eval.Comparison
	for i := range e.Comparisons {
		c := &e.Comparisons[i]
		if e.System(c.Base).Model == e.System(c.Other).Model {
			arms = append(arms, c)
		} else {
			tableOfDifferences(&b, c)
		}
	}
	tableOfArms(&b, arms)
	if len(e.Comparisons) > 0 {
		b.WriteString("\n")
		for _, text := range comparisonNotes() {
			b.WriteString(table.Wrap(text))
		}
	}
	for _, part := range e.parts() {
		b.WriteString("\n")
		if err := part.WriteTable(&b); err != nil {
			return err
		}
	}
	return figures.WriteText(w, b.String())
}

// parts lists what the evaluation keeps beside the answers, in reading order.
func (e *Results) parts() []interface{ WriteTable(io.Writer) error } {
	var parts []interface{ WriteTable(io.Writer) error }
	if e.Leakage != nil {
		parts = append(parts, e.Leakage)
	}
	if e.Calibration != nil {
		parts = append(parts, e.Calibration)
	}
	for _, r := range e.Robustness {
		parts = append(parts, r)
	}
	if e.Forgetting != nil {
		parts = append(parts, e.Forgetting)
	}
	if e.Dial != nil {
		parts = append(parts, e.Dial)
	}
	if e.Memory != nil {
		parts = append(parts, e.Memory)
	}
	return parts
}

// Table returns what [WriteTable] writes.
func (e *Results) Table() string {
	var b strings.Builder
	WriteTable(&b, e) // a strings.Builder takes everything
	return b.String()
}

func tableOfSystems(b *strings.Builder, e *Results) {
	unanswerable := 0
	for _, q := range e.Questions {
		if q.Unanswerable {
			unanswerable++
		}
	}
	fmt.Fprintf(b, "%d questions, %d answerable and %d not. In %%, with 95%% intervals (bootstrap over questions, %d samples, seed %d).\n",
		len(e.Questions), len(e.Questions)-unanswerable, unanswerable, e.Resamples, e.Seed)
	for _, block := range tableBlocks() {
		if block.measured(e) {
			tableOfBlock(b, e, block)
		}
	}
}

func tableOfBlock(b *strings.Builder, e *Results, block tableBlock) {
	b.WriteString("\n")
	if block.name != "" {
		b.WriteString(block.name + "\n")
	}
	heads := []string{"", "n"}
	for _, c := range block.columns {
		heads = append(heads, c.head)
	}
	t := table.New(heads...)
	for i := range e.Systems {
		s := &e.Systems[i]
		row := []any{figures.WrapName(s.Name, tableNameWidth), len(s.Records)}
		for _, c := range block.columns {
			value, interval := figuresOf(s, c.key)
			row = append(row, value+"\n"+interval)
		}
		t.Row(row...)
	}
	b.WriteString(t.String())
}

func tableOfMatrices(b *strings.Builder, e *Results) {
	heads := []string{"Evidence x outcome", ""}
	for _, v := range figures.Verdicts() {
		heads = append(heads, string(v))
	}
	t := table.New(append(heads, "total")...)
	t.Left = []int{1}
	for i := range e.Systems {
		s := &e.Systems[i]
		name := table.Cut(s.Name, 36)
		for _, c := range figures.Contexts() {
			total := s.Matrix.Total(c)
			row := []any{name, "answer " + string(c)}
			for _, v := range figures.Verdicts() {
				row = append(row, figures.CountShare(s.Matrix[c][v], total))
			}
			t.Row(append(row, total)...)
			name = ""
		}
	}
	b.WriteString("\n" + t.String())
}

// tableOfCosts says what an answer takes, and how well it is cited.
func tableOfCosts(b *strings.Builder, e *Results) {
	t := table.New("Cost of an answer, citations", "passages\nshown", "prompt\ntokens", "answer\ntokens", "seconds",
		"citation\nprecision", "citation\nrecall")
	for i := range e.Systems {
		s := &e.Systems[i]
		passages := 0
		for _, r := range s.Records {
			passages += r.Passages
		}
		t.Row(table.Cut(s.Name, 36), fmt.Sprintf("%.1f", float64(passages)/float64(max(1, len(s.Records)))),
			s.CostFigure(metric.PromptTokens), s.CostFigure(metric.AnswerTokens), s.CostFigure(metric.Seconds),
			figures.Percent(s.Estimate(metric.CitationPrecision).Value), figures.Percent(s.Estimate(metric.CitationRecall).Value))
	}
	b.WriteString("\n" + t.String())
}

// comparisonNotes say what the differences rest on, for table and report.
func comparisonNotes() []string {
	return []string{
		"No difference shown: the interval includes 0, or p is 0.05 or more. p is that of McNemar's exact test where both are shares of the same questions, " +
			"and otherwise of a randomisation test, which exchanges the answers of the two systems question by question.",
		"AURC, E-AURC, AUROC, ECE and Brier are compared over the questions that both systems answered. ECE is not tested: it grows as answers become fewer, however good the confidence is.",
		"Seconds are not tested, and have no interval: answers that were generated together share their time, and so are no independent measurements.",
		"Abstention precision and F1 are left out where nothing shown ever holds an answer: every refusal is right there.",
	}
}

func tableOfDifferences(b *strings.Builder, c *eval.Comparison) {
	t := table.New("", "difference", "95% interval", "p", "finding")
	t.Left = []int{4}
	for _, d := range c.Differences {
		t.Row(d.Name, figures.SignedMetric(d.Estimate.Value, d.Rate), figures.SignedInterval(d.Estimate, d.Rate), figures.ShowP(d.P), d.Finding)
	}
	fmt.Fprintf(b, "\n%s\n%s", table.Cut(fmt.Sprintf("Difference: %s - %s", c.Other, c.Base), table.Width), t)
}

// tableOfArms compares what one model does when it is shown or told something
// else: the main differences, a line each. All of them are in the report.
func tableOfArms(b *strings.Builder, arms []*eval.Comparison) {
	if len(arms) == 0 {
		return
	}
	t := table.New("", "correct", "coverage", "false\nrefusals", "made-up\nanswers", "truthful-\nness")
	for _, c := range arms {
		row := []any{figures.WrapName(c.Other+" - "+c.Base, 38)}
		for _, key := range []string{metric.Correct, metric.Coverage, metric.FalseRefusal, metric.MadeUp, metric.Truthfulness} {
			d := c.Difference(key)
			value := figures.SignedMetric(d.Estimate.Value, true)
			switch d.Finding {
			case stats.Better, stats.Worse, stats.Higher, stats.Lower:
				value += "*"
			}
			row = append(row, value+"\n"+figures.SignedInterval(d.Estimate, true))
		}
		t.Row(row...)
	}
	fmt.Fprintf(b, "\nArms of one model: differences in points, with 95%% intervals. * = a difference is shown.\n%s", t)
}
