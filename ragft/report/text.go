package report

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/figures"
	"github.com/ragft/ragft/internal/metric"
	"github.com/ragft/ragft/internal/plural"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/internal/table"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/eval"
)

// tableColumn is a metric of a table of systems.
type tableColumn struct{ key, head string }

// tableBlock is a table of systems, with as many metrics as fit a line.
type tableBlock struct {
	name    string // "" = the main one
	columns []tableColumn
}

// tableBlocks hold all metrics except those in the table of costs.
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
		{"Answerable questions, by whether the passage with the answer was shown", []tableColumn{
			{metric.Shown, "shown"},
			{metric.CorrectShown, "shown:\ncorrect"},
			{metric.IncorrectShown, "incorrect"},
			{metric.FalseRefusal, "refused"},
			{metric.CorrectUnshown, "not shown:\ncorrect"},
			{metric.IncorrectUnshown, "incorrect"},
			{metric.RefusedUnshown, "refused"},
		}},
		{"Confidence, as fractions", []tableColumn{
			{metric.AURC, "AURC"},
			{metric.EAURC, "E-AURC"},
			{metric.AUROC, "AUROC"},
			{metric.ECE, "ECE"},
			{metric.Brier, "Brier"},
		}},
	}
}

// measured reports whether a system has a value in the block.
func (t tableBlock) measured(e *Results) bool {
	return slices.ContainsFunc(e.Systems, func(s eval.SystemResult) bool {
		return slices.ContainsFunc(t.columns, func(c tableColumn) bool { return s.Estimate(c.key).Defined() })
	})
}

// figuresOf returns the value and the interval of a metric, a rate in percent.
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

// Text returns the results as plain text, at most 110 characters wide: all systems with all
// metrics and 95% intervals, their matrices of context and verdict, [Results.Fault], the cost of an answer, the
// differences of each comparison of two models, the main differences of each comparison of
// two prompts or settings of one model, and then leakage, calibration, robustness,
// forgetting, the sweep of scales and fact questions, as far as they were measured.
func (e *Results) Text() string {
	var b strings.Builder
	tableOfSystems(&b, e)
	tableOfMatrices(&b, e)
	for _, text := range []string{e.Fault(), e.Unread()} {
		if text != "" {
			b.WriteString("\n" + table.Wrap(text))
		}
	}
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
		part.WriteTable(&b) // a strings.Builder takes everything
	}
	return b.String()
}

// parts lists what was measured beside the answers, in reading order.
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
	if e.Sweep != nil {
		parts = append(parts, e.Sweep)
	}
	if e.Memory != nil {
		parts = append(parts, e.Memory)
	}
	return parts
}

func tableOfSystems(b *strings.Builder, e *Results) {
	unanswerable := 0
	for _, q := range e.Questions {
		if q.Unanswerable {
			unanswerable++
		}
	}
	b.WriteString(table.Wrap(fmt.Sprintf("%s, %d unanswerable. In %%, with 95%% intervals (bootstrap over %s, "+
		"%d samples, seed %d).", plural.N(len(e.Questions), "question"), unanswerable, e.resampled(), e.Resamples, e.Seed)))
	for _, block := range tableBlocks() {
		if block.measured(e) {
			tableOfBlock(b, e, block)
		}
	}
}

// resampled says what the bootstrap draws.
func (e *Results) resampled() string {
	names := make([]string, len(e.Questions))
	for i, q := range e.Questions {
		names[i] = q.Group
	}
	if _, alone := stats.Independent(stats.Groups(names), func(int) bool { return true }); alone {
		return "questions"
	}
	return "groups of questions"
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
	heads := []string{"Evidence and outcome", ""}
	for _, v := range figures.Verdicts() {
		heads = append(heads, string(v))
	}
	t := table.New(append(heads, "total")...)
	t.Left = []int{1}
	for i := range e.Systems {
		s := &e.Systems[i]
		name := table.Cut(s.Name, 36)
		for _, c := range figures.Contexts() {
			total := matrixTotal(s, c)
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

// tableOfCosts shows what an answer costs, and how well it is cited.
func tableOfCosts(b *strings.Builder, e *Results) {
	t := table.New("Cost per answer, citations", "passages\nshown", "prompt\ntokens", "answer\ntokens", "seconds",
		"citation\nprecision", "citation\nrecall")
	for i := range e.Systems {
		s := &e.Systems[i]
		passages := 0
		for _, r := range s.Records {
			passages += r.Passages
		}
		t.Row(table.Cut(s.Name, 36), fmt.Sprintf("%.1f", float64(passages)/float64(max(1, len(s.Records)))),
			costFigure(s, metric.PromptTokens), costFigure(s, metric.AnswerTokens), costFigure(s, metric.Seconds),
			figures.Percent(s.Estimate(metric.CitationPrecision).Value), figures.Percent(s.Estimate(metric.CitationRecall).Value))
	}
	b.WriteString("\n" + t.String())
}

// comparisonNotes explain the differences, for text and page.
func comparisonNotes() []string {
	return []string{
		"No difference shown: the interval includes 0, or p is 0.05 or more. p is from McNemar's exact test if both values are shares " +
			"of the same questions and none of these belong together (such as those about one paragraph), and otherwise from a " +
			"randomisation test that exchanges the answers of the two systems question by question, or group by group.",
		"About one in twenty comparisons without a real difference looks like a finding.",
		"AURC, E-AURC, AUROC, ECE and Brier are compared over the questions that both systems answered. " +
			"ECE is not tested because it grows as answers become fewer, however good the confidence is.",
		"Seconds are not tested and have no interval, because answers generated in one batch share their time and are not independent.",
		"Abstention precision and F1 are not defined for a system whose passages never hold an answer, as every refusal is right then.",
	}
}

func tableOfDifferences(b *strings.Builder, c *eval.Comparison) {
	t := table.New("", "difference", "95% interval", "p", "finding")
	t.Left = []int{4}
	for _, d := range c.Differences {
		t.Row(
			d.Name,
			figures.SignedMetric(d.Estimate.Value, d.Rate),
			figures.SignedInterval(d.Estimate, d.Rate),
			figures.ShowP(d.P),
			d.Finding,
		)
	}
	fmt.Fprintf(b, "\n%s\n%s", table.Cut(fmt.Sprintf("Difference: %s - %s", c.Other, c.Base), table.Width), t)
}

// tableOfArms shows the main differences between settings or prompts of one model, a line for
// each comparison. The page shows all of them.
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
	fmt.Fprintf(b, "\nSettings and prompts of one model: differences in points, with 95%% intervals. * = difference shown.\n%s", t)
}

// matrixTotal is the number of questions with this context.
func matrixTotal(s *eval.SystemResult, c answer.Context) int {
	n := 0
	for _, count := range s.Matrix[c] {
		n += count
	}
	return n
}

// costFigure writes the mean tokens or seconds of an answer.
func costFigure(s *eval.SystemResult, key string) string { return metric.Cost(key, s.Estimate(key)) }
