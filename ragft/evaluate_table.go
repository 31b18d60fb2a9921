package ragft

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// tableWidth is the widest line of the table, in characters.
const tableWidth = 110

// tableColumn is one metric of the systems table. Its width includes the gap.
type tableColumn struct {
	key   string
	head  [2]string
	width int
}

// tableBlock is a table of systems: as many metrics as a line has room for.
type tableBlock struct {
	name    string // "" = the main one
	columns []tableColumn
}

// tableBlocks hold every metric once, but for what is in the table of costs.
func tableBlocks() []tableBlock {
	return []tableBlock{
		{"", []tableColumn{
			{MetricExactMatch, [2]string{"exact", "match"}, 11},
			{MetricF1, [2]string{"", "F1"}, 11},
			{MetricContainment, [2]string{"contains", "gold"}, 11},
			{MetricCoverage, [2]string{"", "coverage"}, 11},
			{MetricSelectiveAccuracy, [2]string{"selective", "accuracy"}, 11},
			{MetricFalseRefusal, [2]string{"false", "refusals"}, 11},
			{MetricMadeUp, [2]string{"made-up", "answers"}, 11},
			{MetricTruthfulness, [2]string{"truthful-", "ness"}, 13},
		}},
		{"Answers and refusals", []tableColumn{
			{MetricCorrect, [2]string{"", "correct"}, 13},
			{MetricRougeL, [2]string{"", "ROUGE-L"}, 13},
			{MetricRisk, [2]string{"", "risk"}, 13},
			{MetricOverAnswer, [2]string{"over-", "answers"}, 13},
			{MetricAbstainPrecision, [2]string{"abstention", "precision"}, 13},
			{MetricAbstainRecall, [2]string{"abstention", "recall"}, 13},
			{MetricAbstainF1, [2]string{"abstention", "F1"}, 13},
		}},
		{"Confidence, in shares", []tableColumn{
			{MetricAURC, [2]string{"", "AURC"}, 18},
			{MetricEAURC, [2]string{"", "E-AURC"}, 18},
			{MetricAUROC, [2]string{"", "AUROC"}, 18},
			{MetricECE, [2]string{"", "ECE"}, 18},
			{MetricBrier, [2]string{"", "Brier"}, 18},
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
	var b bytes.Buffer
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
		line(&b, "")
		for _, text := range comparisonNotes() {
			for _, part := range wrapLines(text, tableWidth-1) {
				line(&b, part)
			}
		}
	}
	for _, part := range e.parts() {
		line(&b, "")
		if err := part.WriteTable(&b); err != nil {
			return err
		}
	}
	return writeAll(w, &b)
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

func writeAll(w io.Writer, b *bytes.Buffer) error {
	if _, err := w.Write(b.Bytes()); err != nil {
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

// line ends a line, without blanks at its end.
func line(b *bytes.Buffer, text string) {
	b.WriteString(strings.TrimRight(text, " "))
	b.WriteByte('\n')
}

func tableOfSystems(b *bytes.Buffer, e *Results) {
	unanswerable := 0
	for _, q := range e.Questions {
		if q.Unanswerable {
			unanswerable++
		}
	}
	line(b, fmt.Sprintf("%d questions, %d answerable and %d not. In %%, with 95%% intervals (bootstrap over questions, %d samples, seed %d).",
		len(e.Questions), len(e.Questions)-unanswerable, unanswerable, e.Resamples, e.Seed))
	for _, block := range tableBlocks() {
		if block.measured(e) {
			tableOfBlock(b, e, block)
		}
	}
}

func tableOfBlock(b *bytes.Buffer, e *Results, block tableBlock) {
	line(b, "")
	if block.name != "" {
		line(b, block.name)
	}
	for row := range 2 {
		text := pad("", tableNameWidth)
		text += padLeft([2]string{"", "n"}[row], 5)
		for _, c := range block.columns {
			text += padLeft(c.head[row], c.width)
		}
		if strings.TrimSpace(text) != "" {
			line(b, text)
		}
	}
	line(b, strings.Repeat("-", tableWidth-1))
	for i := range e.Systems {
		s := &e.Systems[i]
		name := wrapName(s.Name, tableNameWidth)
		values := pad(name[0], tableNameWidth) + padLeft(fmt.Sprint(len(s.Records)), 5)
		intervals := pad(name[1], tableNameWidth+5)
		for _, c := range block.columns {
			value, interval := figuresOf(s, c.key)
			values += padLeft(value, c.width)
			intervals += padLeft(interval, c.width)
		}
		line(b, values)
		line(b, intervals)
	}
}

func tableOfMatrices(b *bytes.Buffer, e *Results) {
	line(b, "")
	text := pad("Evidence x outcome", 48)
	for _, v := range Verdicts() {
		text += padLeft(string(v), 15)
	}
	line(b, text+padLeft("total", 8))
	line(b, strings.Repeat("-", 48+3*15+8))
	for i := range e.Systems {
		s := &e.Systems[i]
		for j, c := range Contexts() {
			name := ""
			if j == 0 {
				name = s.Name
			}
			text := pad(cut(name, 22), 23) + pad("answer "+string(c), 25)
			total := s.Matrix.Total(c)
			for _, v := range Verdicts() {
				text += padLeft(countShare(s.Matrix[c][v], total), 15)
			}
			line(b, text+padLeft(fmt.Sprint(total), 8))
		}
	}
}

// tableOfCosts says what an answer takes, and how well it is cited.
func tableOfCosts(b *bytes.Buffer, e *Results) {
	line(b, "")
	line(b, pad("Cost of an answer, citations", 32)+padLeft("passages", 10)+padLeft("prompt", 9)+padLeft("answer", 9)+
		padLeft("seconds", 10)+padLeft("citation", 16)+padLeft("citation", 16))
	line(b, pad("", 32)+padLeft("shown", 10)+padLeft("tokens", 9)+padLeft("tokens", 9)+padLeft("", 10)+
		padLeft("precision", 16)+padLeft("recall", 16))
	line(b, strings.Repeat("-", 102))
	for i := range e.Systems {
		s := &e.Systems[i]
		passages := 0
		for _, r := range s.Records {
			passages += r.Passages
		}
		line(b, pad(cut(s.Name, 31), 32)+padLeft(fmt.Sprintf("%.1f", float64(passages)/float64(max(1, len(s.Records)))), 10)+
			padLeft(s.CostFigure(MetricPromptTokens), 9)+padLeft(s.CostFigure(MetricAnswerTokens), 9)+
			padLeft(s.CostFigure(MetricSeconds), 10)+
			padLeft(percent(s.Estimate(MetricCitationPrecision).Value), 16)+padLeft(percent(s.Estimate(MetricCitationRecall).Value), 16))
	}
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

func tableOfDifferences(b *bytes.Buffer, c *Comparison) {
	line(b, "")
	line(b, cut(fmt.Sprintf("Difference: %s - %s", c.Other, c.Base), tableWidth))
	line(b, pad("", 24)+padLeft("difference", 12)+padLeft("95% interval", 18)+padLeft("p", 12)+"   finding")
	line(b, strings.Repeat("-", 24+12+18+12+3+18))
	for _, d := range c.Differences {
		line(b, pad(d.Name, 24)+padLeft(signedMetric(d.Estimate.Value, d.Rate), 12)+
			padLeft(signedInterval(d.Estimate, d.Rate), 18)+padLeft(showP(d.P), 12)+"   "+string(d.Finding))
	}
}

// tableOfArms compares what one model does when it is shown or told something
// else: the main differences, a line each. All of them are in the report.
func tableOfArms(b *bytes.Buffer, arms []*Comparison) {
	if len(arms) == 0 {
		return
	}
	const name, width = 38, 14
	columns := []string{MetricCorrect, MetricCoverage, MetricFalseRefusal, MetricMadeUp, MetricTruthfulness}
	line(b, "")
	line(b, "Arms of one model: differences in points, with 95% intervals. * = a difference is shown.")
	for _, heads := range [2][]string{{"", "", "false", "made-up", "truthful-"}, {"correct", "coverage", "refusals", "answers", "ness"}} {
		text := pad("", name)
		for _, head := range heads {
			text += padLeft(head, width)
		}
		line(b, text)
	}
	line(b, strings.Repeat("-", name+len(columns)*width))
	for _, c := range arms {
		names := wrapName(c.Other+" - "+c.Base, name)
		values, intervals := pad(names[0], name), pad(names[1], name)
		for _, key := range columns {
			d := c.Difference(key)
			value := signedMetric(d.Estimate.Value, true)
			switch d.Finding {
			case Better, Worse, Higher, Lower:
				value += "*"
			}
			values += padLeft(value, width)
			intervals += padLeft(signedInterval(d.Estimate, true), width)
		}
		line(b, values)
		line(b, intervals)
	}
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

// pad and padLeft fill up to a width in characters.
func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s)))
}

func padLeft(s string, width int) string {
	return strings.Repeat(" ", max(0, width-utf8.RuneCountInString(s))) + s
}

// cut shortens to a width in characters.
func cut(s string, width int) string {
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) <= width {
		return s
	}
	return string([]rune(s)[:width-1]) + "…"
}

// wrapName breaks a name into two lines, at a blank if there is one.
func wrapName(name string, width int) [2]string {
	name = strings.Join(strings.Fields(name), " ")
	if utf8.RuneCountInString(name) <= width {
		return [2]string{name, ""}
	}
	head := string([]rune(name)[:width+1])
	if at := strings.LastIndexByte(head, ' '); at > 0 {
		return [2]string{name[:at], cut(name[at+1:], width)}
	}
	head = string([]rune(name)[:width])
	return [2]string{head, cut(name[len(head):], width)}
}
