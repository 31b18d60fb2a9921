package report

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/ragft/ragft/internal/atomicfile"
	"github.com/ragft/ragft/internal/chart"
	"github.com/ragft/ragft/internal/figures"
	"github.com/ragft/ragft/internal/metric"
	"github.com/ragft/ragft/internal/nonnegative"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/eval/forget"
	"github.com/ragft/ragft/ragft/question"
)

//go:embed report.html sections.html report.css browser.js
var reportFiles embed.FS

// WriteHTMLFile writes [Results.HTML] to a file, which is replaced atomically.
func (r *Results) WriteHTMLFile(path string) error { return atomicfile.WritePrivate(path, r.HTML) }

// HTML writes a single HTML page about the results, which needs no network and no other file.
// Texts of models, documents and questions are escaped. The policy of the page allows no
// script but its own, which searches the questions; without it the page is readable as well.
// The error says if Info names an unknown system. Equal results give equal pages.
func (r *Results) HTML(w io.Writer) error {
	page, err := newReportPage(r, r.info())
	if err != nil {
		return fmt.Errorf("ragft: report: %w", err)
	}
	parsed, err := template.ParseFS(reportFiles, "*.html")
	if err != nil {
		return fmt.Errorf("ragft: report: %w", err)
	}
	return parsed.ExecuteTemplate(w, "report.html", page)
}

func (r *Results) info() Info {
	if r.Info == nil {
		return Info{}
	}
	return *r.Info
}

// reportPage is what the template shows.
type reportPage struct {
	Title, Headline, Created string
	Fault, Unread            string
	Style                    template.CSS
	Questions, Unanswerable  int
	Passages, Resamples      int
	Resampled                string // what the bootstrap draws
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
	Tradeoff                 template.HTML
	TradeoffLegend           []swatch
	Comparisons              []reportComparison
	ComparisonNotes          []string
	Examples                 []reportExample
	Systems                  []eval.SystemResult
	Info                     Info

	Script template.JS
	Policy string // what the browser may load and run

	CostHeads               []string
	Settings                []reportSetting
	Forgetting              *forget.Result
	Losses                  []reportLoss
	Robustness              []reportRobustness
	Calibration             *reportCalibration
	Leakage                 *question.Leakage
	Sweep                   *reportSweep
	Memory                  []reportMemory
	SweepPlot, SweepLosses  template.HTML
	SecondsPlot, TokensPlot template.HTML
	CostLegend              []swatch
	SweepLegend             []swatch
	LossesLegend            []swatch
	Sources                 []sourceLoss
	Scores                  []scoreLine
	Browser                 reportBrowser
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
	if err := errors.Join(e.check(), nonnegative.Check(info)); err != nil {
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
		Policy: "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-" + base64.StdEncoding.EncodeToString(
			hash[:],
		) + "'; base-uri 'none'; form-action 'none'",
		Title: info.Title, Headline: headline(e, base, tuned), Fault: e.Fault(), Unread: e.Unread(), Style: template.CSS(style),
		Questions: len(e.Questions), Passages: e.Passages, Resamples: e.Resamples, Resampled: e.resampled(), Seed: e.Seed,
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

// typeset turns figures of text tables into those of the page: a true minus sign, and a word
// between the ends of an interval.
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
	page.LossLegend = []swatch{newSwatch("training, with running mean", systemColor(0)), newSwatch("held out", systemColor(1))}
	var all []*eval.SystemResult
	for i := range e.Systems {
		all = append(all, &e.Systems[i])
		page.TradeoffLegend = append(page.TradeoffLegend, newSwatch(e.Systems[i].Name, systemColor(i)))
	}
	page.Matrix, page.Intervals = plotMatrix(all), plotIntervals(pair, colors)
	page.Tradeoff = plotTradeoff(all, tuned)
	page.Risk, page.Reliability = plotRiskCoverage(pair, colors), plotReliability(pair, colors)
	page.Loss = plotLoss(page.Info.Loss, systemColor(0), systemColor(1))
	page.SweepPlot, page.SweepLosses = plotSweep(e.Sweep), plotSweepLosses(e.Sweep)
	page.SecondsPlot = plotCost(e, "seconds per answer",
		"Truthfulness by seconds per answer, with 95% intervals, one point per system", secondsOf)
	page.TokensPlot = plotCost(e, "tokens of prompt and answer",
		"Truthfulness by tokens of prompt and answer, with 95% intervals, one point per system", tokensOf)
	if page.Calibration != nil {
		page.Calibration.plots(e, e.Calibration)
	}
}

func newSwatch(name string, c chart.Color) swatch {
	return swatch{Name: name, Color: template.CSS("background:" + c)}
}
