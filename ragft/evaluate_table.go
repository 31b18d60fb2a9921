package ragft

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ragft/ragft/internal/table"
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
			{MetricExactMatch, "exact\nmatch"},
			{MetricF1, "F1"},
			{MetricContainment, "contains\ngold"},
			{MetricCoverage, "coverage"},
			{MetricSelectiveAccuracy, "selective\naccuracy"},
			{MetricFalseRefusal, "false\nrefusals"},
			{MetricMadeUp, "made-up\nanswers"},
			{MetricTruthfulness, "truthful-\nness"},
		}},
		{"Answers and refusals", []tableColumn{
			{MetricCorrect, "correct"},
			{MetricRougeL, "ROUGE-L"},
			{MetricRisk, "risk"},
			{MetricOverAnswer, "over-\nanswers"},
			{MetricAbstainPrecision, "abstention\nprecision"},
			{MetricAbstainRecall, "abstention\nrecall"},
			{MetricAbstainF1, "abstention\nF1"},
		}},
		{"Confidence, in shares", []tableColumn{
			{MetricAURC, "AURC"},
			{MetricEAURC, "E-AURC"},
			{MetricAUROC, "AUROC"},
			{MetricECE, "ECE"},
			{MetricBrier, "Brier"},
		}},
	}
}

// measured tells whether any system has a value in the block.
func (t tableBlock) measured(e *Results) bool {
	return slices.ContainsFunc(e.Systems, func(s SystemResult) bool {
		return slices.ContainsFunc(t.columns, func(c tableColumn) bool { return s.Estimate(c.key).Defined() })
	})
}

// figures are the value and the interval of a metric, a rate in percent.
func figuresOf(s *SystemResult, key string) (value, interval string) {
	e := s.Estimate(key)
	at := slices.IndexFunc(s.Metrics, func(m Metric) bool { return m.Key == key })
	if at < 0 || s.Metrics[at].Rate {
		return percent(e.Value), percentInterval(e)
	}
	if value, interval = plainMetric(e.Value, false), noValue; !math.IsNaN(e.Low) && !math.IsNaN(e.High) {
		interval = plainMetric(e.Low, false) + ".." + plainMetric(e.High, false)
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
	var arms []*Comparison
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
	return writeText(w, b.String())
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

func writeText(w io.Writer, text string) error {
	if _, err := io.WriteString(w, text); err != nil {
		return fmt.Errorf("ragft: write table: %w", err)
	}
	return nil
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
		row := []any{wrapName(s.Name, tableNameWidth), len(s.Records)}
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
	for _, v := range Verdicts() {
		heads = append(heads, string(v))
	}
	t := table.New(append(heads, "total")...)
	t.Left = []int{1}
	for i := range e.Systems {
		s := &e.Systems[i]
		name := table.Cut(s.Name, 36)
		for _, c := range Contexts() {
			total := s.Matrix.Total(c)
			row := []any{name, "answer " + string(c)}
			for _, v := range Verdicts() {
				row = append(row, countShare(s.Matrix[c][v], total))
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
			s.CostFigure(MetricPromptTokens), s.CostFigure(MetricAnswerTokens), s.CostFigure(MetricSeconds),
			percent(s.Estimate(MetricCitationPrecision).Value), percent(s.Estimate(MetricCitationRecall).Value))
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

func tableOfDifferences(b *strings.Builder, c *Comparison) {
	t := table.New("", "difference", "95% interval", "p", "finding")
	t.Left = []int{4}
	for _, d := range c.Differences {
		t.Row(d.Name, signedMetric(d.Estimate.Value, d.Rate), signedInterval(d.Estimate, d.Rate), showP(d.P), d.Finding)
	}
	fmt.Fprintf(b, "\n%s\n%s", table.Cut(fmt.Sprintf("Difference: %s - %s", c.Other, c.Base), table.Width), t)
}

// tableOfArms compares what one model does when it is shown or told something
// else: the main differences, a line each. All of them are in the report.
func tableOfArms(b *strings.Builder, arms []*Comparison) {
	if len(arms) == 0 {
		return
	}
	t := table.New("", "correct", "coverage", "false\nrefusals", "made-up\nanswers", "truthful-\nness")
	for _, c := range arms {
		row := []any{wrapName(c.Other+" - "+c.Base, 38)}
		for _, key := range []string{MetricCorrect, MetricCoverage, MetricFalseRefusal, MetricMadeUp, MetricTruthfulness} {
			d := c.Difference(key)
			value := signedMetric(d.Estimate.Value, true)
			switch d.Finding {
			case Better, Worse, Higher, Lower:
				value += "*"
			}
			row = append(row, value+"\n"+signedInterval(d.Estimate, true))
		}
		t.Row(row...)
	}
	fmt.Fprintf(b, "\nArms of one model: differences in points, with 95%% intervals. * = a difference is shown.\n%s", t)
}

// noValue stands where there is no value.
const noValue = "-"

// percent writes a rate without the sign: 69.2, or 100.
func percent(x float64) string {
	if math.IsNaN(x) {
		return noValue
	}
	return shortFixed(100*x, 1)
}

// shortFixed drops the decimals of 100 and the sign of -0.0.
func shortFixed(x float64, decimals int) string {
	text := fmt.Sprintf("%.*f", decimals, x)
	switch text {
	case "100.0", "-100.0":
		return strings.TrimSuffix(text, ".0")
	case "-0.0", "-0.000":
		return text[1:]
	}
	return text
}

func percentInterval(e Estimate) string {
	if math.IsNaN(e.Low) || math.IsNaN(e.High) {
		return noValue
	}
	return percent(e.Low) + ".." + percent(e.High)
}

// signedMetric writes a difference: rates in percentage points, other metrics
// with three decimals.
func signedMetric(x float64, rate bool) string {
	if math.IsNaN(x) {
		return noValue
	}
	text := shortFixed(x, 3)
	if rate {
		text = shortFixed(100*x, 1)
	}
	if x > 0 {
		text = "+" + text
	}
	return text
}

func signedInterval(e Estimate, rate bool) string {
	if math.IsNaN(e.Low) || math.IsNaN(e.High) {
		return noValue
	}
	return signedMetric(e.Low, rate) + ".." + signedMetric(e.High, rate)
}

func formatP(p float64) string {
	if p < 0.001 {
		return "<0.001"
	}
	return fmt.Sprintf("%.3f", p)
}

// showP is formatP of a p value that there may not be.
func showP(p *float64) string {
	if p == nil {
		return noValue
	}
	return formatP(*p)
}

func countShare(n, total int) string {
	if total == 0 {
		return noValue
	}
	return fmt.Sprintf("%d  %5s%%", n, shortFixed(100*float64(n)/float64(total), 1))
}

// wrapName breaks a name into at most two lines, at a blank if there is one.
func wrapName(name string, width int) string {
	name = strings.Join(strings.Fields(name), " ")
	if utf8.RuneCountInString(name) <= width {
		return name
	}
	head := string([]rune(name)[:width+1])
	if at := strings.LastIndexByte(head, ' '); at > 0 {
		return name[:at] + "\n" + table.Cut(name[at+1:], width)
	}
	head = string([]rune(name)[:width])
	return head + "\n" + table.Cut(name[len(head):], width)
}
