package report

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"io"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/ragft/ragft/internal/atomicfile"
	"github.com/ragft/ragft/internal/chart"
	"github.com/ragft/ragft/internal/figures"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/internal/trainlog"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/eval/forget"
	"github.com/ragft/ragft/ragft/question"
)

//go:embed report.html parts.html report.css browser.js
var reportFiles embed.FS

// ReportInfo is what a report says beside the evaluation. Every field may be
// left empty; what is empty is not shown.
type Info struct {
	Title string `json:"title,omitempty"` // "" = "What the adapter changed"; of one model, "What the model answers"

	// Base and Tuned name the two systems that the headline, the curves and the
	// examples are about. "" = those of the first comparison, or, without one,
	// the first system and the last.
	Base  string `json:"base,omitempty"`
	Tuned string `json:"tuned,omitempty"`

	Models []ModelFile          `json:"models,omitempty"`
	Loss   []trainlog.LossPoint `json:"loss,omitempty"` // of the training, by step
	// LossBySource is the held-out loss of the rows of each source with the
	// adapter, BaseLossBySource before the training, in nats per token: see
	// lora.Result.HeldOutBySource. exp of it is the perplexity.
	LossBySource     map[string]float64 `json:"loss_by_source,omitempty"`
	BaseLossBySource map[string]float64 `json:"base_loss_by_source,omitempty"`
	Settings         []Fact             `json:"settings,omitempty"` // configuration and seeds
	Timings          []Timing           `json:"timings,omitempty"`
	Costs            []Fact             `json:"costs,omitempty"` // calls, tokens, bytes, money

	// Examples lists the ids of questions to show first; nil = up to MaxExamples
	// chosen so that every kind of change, for the worse too, has its turn. All
	// questions stand further down.
	Examples    []string `json:"examples,omitempty"`
	MaxExamples int      `json:"max_examples,omitempty"` // 0 = 10

	Created time.Time `json:"created,omitzero"` // zero = not shown, so that equal data gives equal bytes
}

// AddTraining fills in what the report says of a training: its losses by step and
// by the source of rows, its time and its size.
func (i *Info) AddTraining(t trainlog.Training) {
	i.Loss, i.BaseLossBySource, i.LossBySource = t.Losses, t.BaseBySource, t.HeldOutBySource
	i.Timings = append(i.Timings, Timing{Name: "training", Took: time.Duration(t.Seconds * float64(time.Second))})
	i.Costs = append(i.Costs, Fact{"rows trained on", strconv.Itoa(t.Rows)}, Fact{"tokens trained", strconv.Itoa(t.Tokens)},
		Fact{"training memory", fmt.Sprintf("%.0f MiB", float64(t.Memory)/(1<<20))})
}

// ReportModel names a file that took part.
type ModelFile struct {
	Role   string `json:"role"` // "base model", "adapter", "judge"
	Name   string `json:"name"`
	SHA256 string `json:"sha256,omitempty"` // hex; "" = not known
}

// Fact is a name with its value, as a line of the report.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Timing is how long a step took.
type Timing struct {
	Name string        `json:"name"`
	Took time.Duration `json:"took"` // nanoseconds in JSON
}

// WriteReport writes one HTML file about the evaluation, and about all that it
// keeps beside the answers, that needs no network and no other file. Text from
// models, documents and questions is escaped, and the page's policy lets
// nothing run but its own script for searching the questions, without which it
// can be read as well. A zero info stands for the one that e keeps. The file is
// written aside and renamed, so a failure leaves an older report as it was.
func Write(path string, e *Results, info Info) error {
	if e.Info != nil && reflect.ValueOf(info).IsZero() {
		info = *e.Info
	}
	page, err := newReportPage(e, info)
	if err != nil {
		return fmt.Errorf("ragft: report: %w", err)
	}
	parsed, err := template.ParseFS(reportFiles, "*.html")
	if err != nil {
		return fmt.Errorf("ragft: report: %w", err)
	}
	return atomicfile.Write(path, func(w io.Writer) error { return parsed.ExecuteTemplate(w, "report.html", page) })
}

// Headline says in one or two sentences what the second system of the first
// comparison changed against the first, with intervals.
func Headline(e *Results) string {
	base, tuned, err := reportPair(e, Info{})
	if err != nil {
		return ""
	}
	return headline(e, base, tuned)
}

func headline(e *Results, base, tuned *eval.SystemResult) string {
	c := e.Comparison(base.Name, tuned.Name)
	if c == nil {
		return fmt.Sprintf("%s answers %s%% of the answerable questions correctly.", tuned.Name, figures.Percent(tuned.Estimate(metric.Correct).Value))
	}
	text := ""
	if base.Model == tuned.Model { // no adapter: two arms
		text = fmt.Sprintf("%s, against %s.", tuned.Name, base.Name)
	}
	for _, part := range []struct{ key, name string }{
		{metric.MadeUp, "Made-up answers to unanswerable questions"},
		{metric.Correct, "Correct answers to answerable ones"},
	} {
		from, to, d := base.Estimate(part.key), tuned.Estimate(part.key), c.Difference(part.key)
		if !from.Defined() || !to.Defined() {
			continue
		}
		if text != "" {
			text += " "
		}
		text += fmt.Sprintf("%s: from %s%% to %s%%, %s points (95%% interval %s), %s.", part.name,
			figures.Percent(from.Value), figures.Percent(to.Value), figures.SignedMetric(d.Estimate.Value, true),
			strings.Replace(figures.SignedInterval(d.Estimate, true), "..", " to ", 1), d.Finding)
	}
	return text
}

// reportPair finds the two systems that the report is about.
func reportPair(e *Results, info Info) (base, tuned *eval.SystemResult, err error) {
	if len(e.Systems) == 0 {
		return nil, nil, errors.New("the evaluation has no systems")
	}
	if info.Base == "" && info.Tuned == "" && len(e.Comparisons) > 0 {
		info.Base, info.Tuned = e.Comparisons[0].Base, e.Comparisons[0].Other
	}
	if info.Base == "" {
		info.Base = e.Systems[0].Name
	}
	if info.Tuned == "" {
		info.Tuned = e.Systems[len(e.Systems)-1].Name
	}
	if base = e.System(info.Base); base == nil {
		return nil, nil, fmt.Errorf("no system %q in the evaluation", info.Base)
	}
	if tuned = e.System(info.Tuned); tuned == nil {
		return nil, nil, fmt.Errorf("no system %q in the evaluation", info.Tuned)
	}
	return base, tuned, nil
}

// reportPage is what the template shows.
type reportPage struct {
	Title, Headline, Created string
	Style                    template.CSS
	Questions, Unanswerable  int
	K, Resamples             int
	Seed                     uint64
	Judge, PromptHash        string
	Version                  string
	Cards                    []reportCard
	Pair                     []swatch
	Verdicts                 []swatch
	LossLegend               []swatch
	Blocks                   []reportBlock
	Matrix, Intervals        template.HTML
	Risk, Reliability, Loss  template.HTML
	Comparisons              []reportComparison
	ComparisonNotes          []string
	Examples                 []reportExample
	Systems                  []eval.SystemResult
	Info                     Info
	Timings                  []Fact

	Script template.JS
	Policy string // what the browser may load and run

	CostHeads                []string
	Settings                 []reportSetting
	Forgetting               *forget.Result
	Losses                   []reportLoss
	Robustness               []reportRobustness
	Calibration              *reportCalibration
	Leakage                  *question.Leakage
	Dial                     *reportDial
	Memory                   []reportMemory
	DialPlot, DialLosses     template.HTML
	SecondsPlot, TokensPlot  template.HTML
	CostLegend               []swatch
	DialLegend, LossesLegend []swatch
	Sources                  []sourceLoss
	Browser                  reportBrowser
}

// swatch is an entry of a legend.
type swatch struct {
	Name  string
	Color template.CSS
}

// reportCard is a key figure, before and after.
type reportCard struct {
	Name, Meaning, Before, After, Change, Interval string
	Class                                          string // of the finding, for the style sheet
	Finding                                        stats.Finding
}

// reportBlock is a table of systems.
type reportBlock struct {
	Name    string // "" = the main one
	Columns []string
	Rows    []reportRow
}

// reportRow is a line of the table of systems.
type reportRow struct {
	Name   string
	N      int
	Number int // in the plots of quality against cost
	Cells  []reportCell
}

type reportCell struct{ Value, Interval string }

// reportComparison is a table of differences.
type reportComparison struct {
	Base, Other string
	Rows        []reportDifference
}

type reportDifference struct {
	Name, Meaning, Before, After, Change, Interval, P, Class string
	Finding                                                  stats.Finding
}

func newReportPage(e *Results, info Info) (*reportPage, error) {
	if err := e.check(); err != nil {
		return nil, err
	}
	base, tuned, err := reportPair(e, info)
	if err != nil {
		return nil, err
	}
	style, err := reportFiles.ReadFile("report.css")
	if err != nil {
		return nil, err
	}
	script, err := reportFiles.ReadFile("browser.js")
	if err != nil {
		return nil, err
	}
	hash := sha256.Sum256(script)
	page := &reportPage{
		Script: template.JS(script),
		Policy: "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'; base-uri 'none'; form-action 'none'",
		Title:  info.Title, Headline: headline(e, base, tuned), Style: template.CSS(style),
		Questions: len(e.Questions), K: e.K, Resamples: e.Resamples, Seed: e.Seed,
		Judge: e.Judge, PromptHash: e.PromptHash, Version: e.Version,
		Systems: e.Systems, Info: info,
	}
	if page.Title == "" {
		page.Title = "What the adapter changed"
		if base.Model == tuned.Model {
			page.Title = "What the model answers"
		}
	}
	if !info.Created.IsZero() {
		page.Created = info.Created.UTC().Format("2 January 2006, 15:04 UTC")
	}
	for _, q := range e.Questions {
		if q.Unanswerable {
			page.Unanswerable++
		}
	}
	for _, t := range info.Timings {
		page.Timings = append(page.Timings, Fact{t.Name, t.Took.Round(100 * time.Millisecond).String()})
	}
	page.tables(e, base, tuned)
	page.Examples = reportExamples(e, base, tuned, info)
	page.parts(e, base, tuned)
	page.plots(e, base, tuned)
	return page, nil
}

func (page *reportPage) tables(e *Results, base, tuned *eval.SystemResult) {
	if c := e.Comparison(base.Name, tuned.Name); c != nil {
		for _, key := range []string{metric.MadeUp, metric.Correct, metric.FalseRefusal, metric.Truthfulness} {
			row := differenceRow(c.Difference(key), base)
			page.Cards = append(page.Cards, reportCard{
				Name: row.Name, Meaning: row.Meaning, Before: row.Before, After: row.After,
				Change: row.Change, Interval: row.Interval, Class: row.Class, Finding: row.Finding,
			})
		}
	}
	for _, block := range tableBlocks() {
		if block.measured(e) {
			page.Blocks = append(page.Blocks, newReportBlock(e, block))
		}
	}
	page.ComparisonNotes = comparisonNotes()
	for i := range e.Comparisons {
		c := &e.Comparisons[i]
		out := reportComparison{Base: c.Base, Other: c.Other}
		from := e.System(c.Base)
		for _, d := range c.Differences {
			out.Rows = append(out.Rows, differenceRow(d, from))
		}
		page.Comparisons = append(page.Comparisons, out)
	}
}

func newReportBlock(e *Results, block tableBlock) reportBlock {
	out := reportBlock{Name: block.name}
	for _, c := range block.columns {
		for _, m := range e.Systems[0].Metrics {
			if m.Key == c.key {
				out.Columns = append(out.Columns, m.Name)
			}
		}
	}
	for i := range e.Systems {
		s := &e.Systems[i]
		row := reportRow{Name: s.Name, N: len(s.Records)}
		for _, c := range block.columns {
			value, interval := figuresOf(s, c.key)
			row.Cells = append(row.Cells, reportCell{typeset(value), typeset(interval)})
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

func differenceRow(d eval.Difference, base *eval.SystemResult) reportDifference {
	row := reportDifference{
		Name: d.Name, P: typeset(figures.ShowP(d.P)), Finding: d.Finding,
		Change: typeset(figures.SignedMetric(d.Estimate.Value, d.Rate)), Interval: typeset(figures.SignedInterval(d.Estimate, d.Rate)),
	}
	for _, m := range base.Metrics {
		if m.Key == d.Key {
			row.Name, row.Meaning = m.Name, m.Meaning
		}
	}
	row.Before = typeset(figures.PlainMetric(stats.OrNaN(d.Before), d.Rate))
	row.After = typeset(figures.PlainMetric(stats.OrNaN(d.After), d.Rate))
	switch d.Finding {
	case stats.Better:
		row.Class = "better"
	case stats.Worse:
		row.Class = "worse"
	default:
		row.Class = "noise"
	}
	return row
}

// typeset gives figures of the plain table their signs for the page: a true
// minus, and a word between the ends of an interval.
func typeset(f string) string {
	if f == figures.NoValue {
		return "–"
	}
	return strings.NewReplacer("..", " to ", "-", "−").Replace(f)
}

func (page *reportPage) plots(e *Results, base, tuned *eval.SystemResult) {
	pair, colors := []*eval.SystemResult{base, tuned}, []chart.Color{systemColor(0), systemColor(1)}
	if base == tuned {
		pair, colors = pair[1:], colors[1:]
	}
	for i, s := range pair {
		page.Pair = append(page.Pair, newSwatch(s.Name, colors[i]))
	}
	for _, v := range figures.Verdicts() {
		page.Verdicts = append(page.Verdicts, newSwatch(string(v), verdictColor(v)))
	}
	page.LossLegend = []swatch{newSwatch("training, with its running mean", systemColor(0)), newSwatch("held out", systemColor(1))}
	var all []*eval.SystemResult
	for i := range e.Systems {
		all = append(all, &e.Systems[i])
	}
	page.Matrix, page.Intervals = plotMatrix(all), plotIntervals(pair, colors)
	page.Risk, page.Reliability = plotRiskCoverage(pair, colors), plotReliability(pair, colors)
	page.Loss = plotLoss(page.Info.Loss, systemColor(0), systemColor(1))
	page.DialPlot, page.DialLosses = plotDial(e.Dial), plotDialLosses(e.Dial)
	page.SecondsPlot = plotCost(e, "seconds an answer",
		"Truthfulness against the seconds that an answer takes, with 95% intervals, one point a system", secondsOf)
	page.TokensPlot = plotCost(e, "tokens of prompt and answer",
		"Truthfulness against the tokens of prompt and answer, with 95% intervals, one point a system", tokensOf)
	if page.Calibration != nil {
		page.Calibration.plots(e, e.Calibration)
	}
}

func newSwatch(name string, c chart.Color) swatch {
	return swatch{Name: name, Color: template.CSS("background:" + c)}
}
