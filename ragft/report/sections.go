package report

import (
	"fmt"
	"html/template"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/chart"
	"github.com/ragft/ragft/internal/figures"
	"github.com/ragft/ragft/internal/metric"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/eval/forget"
)

// reportSetting lists the systems of one setting: the quality of their answers and what an
// answer costs.
type reportSetting struct {
	Name string
	Rows []reportRow
}

// costHeads are the columns of the table of costs.
func costHeads() []string {
	return []string{
		"correct",
		"made-up answers",
		"truthfulness",
		"passages",
		"prompt tokens",
		"answer tokens",
		"seconds",
		"citation precision",
		"citation recall",
	}
}

func reportSettings(e *Results) []reportSetting {
	settings := settingsOf(e)
	out := make([]reportSetting, len(settings))
	for i, s := range costsOf(e) {
		into := &out[slices.Index(settings, s.Setting)]
		into.Name = s.Setting.Describe()
		row := costRow(s)
		row.Number = i + 1
		into.Rows = append(into.Rows, row)
	}
	return out
}

func costRow(s *eval.SystemResult) reportRow {
	row := reportRow{Name: s.Name, N: len(s.Records)}
	rate := func(key string) {
		e := s.Estimate(key)
		row.Cells = append(row.Cells, reportCell{typeset(figures.Percent(e.Value)), typeset(figures.PercentInterval(e))})
	}
	for _, key := range []string{metric.Correct, metric.MadeUp, metric.Truthfulness} {
		rate(key)
	}
	passages := 0
	for _, r := range s.Records {
		passages += r.Passages
	}
	row.Cells = append(row.Cells, reportCell{Value: fmt.Sprintf("%.1f", float64(passages)/float64(max(1, len(s.Records))))})
	for _, key := range []string{metric.PromptTokens, metric.AnswerTokens, metric.Seconds} {
		row.Cells = append(row.Cells, reportCell{Value: typeset(costFigure(s, key))})
	}
	rate(metric.CitationPrecision)
	rate(metric.CitationRecall)
	return row
}

// reportLoss is a line of the table of forgetting.
type reportLoss struct {
	Name, Before, After, Change, Interval, P, Budget, Finding, Class string
	N                                                                int
}

func reportLosses(f *forget.Result) []reportLoss {
	if f == nil {
		return nil
	}
	var out []reportLoss
	for _, l := range f.Losses {
		row := reportLoss{
			Name: l.Name, N: l.N, Before: typeset(figures.PlainMetric(l.Before, false)), After: typeset(figures.PlainMetric(l.After, false)),
			Change: typeset(figures.SignedMetric(l.Change.Value, false)), Interval: typeset(figures.SignedInterval(l.Change, false)),
			P: typeset(figures.ShowP(l.P)), Budget: "none set", Finding: string(stats.NoDifference), Class: "noise",
		}
		if l.Shown {
			row.Finding = "changed"
		}
		if l.Budget > 0 {
			row.Budget = figures.ShortFixed(l.Budget, 3)
			row.Finding += ", within budget"
		}
		if l.Exceeded {
			row.Finding, row.Class = "over budget", "worse"
			if !l.Change.Defined() {
				row.Finding = "not measured: over budget"
			}
		}
		out = append(out, row)
	}
	return out
}

// reportRobustness shows how one system reacts to changes of its passages.
type reportRobustness struct {
	System      string
	Rows        []reportPerturbed
	TooLong     string
	Base, Note  string // of the differences
	Differences []reportDifference
}

type reportPerturbed struct {
	Name, Meaning string
	N             int
	Cells         []reportCell
	Flips         []reportFlip
}

func reportRobustnesses(e *Results) []reportRobustness {
	number := map[string]int{}
	for i, q := range e.Questions {
		number[q.ID] = i + 1
	}
	cell := func(x stats.Estimate) reportCell {
		if x.N == 0 {
			return reportCell{Value: typeset(figures.NoValue)}
		}
		return reportCell{typeset(figures.Percent(x.Value)), typeset(figures.PercentInterval(x))}
	}
	var out []reportRobustness
	for _, r := range e.Robustness {
		of := reportRobustness{System: r.System, TooLong: r.TooLongNote()}
		for _, p := range r.Changes {
			row := reportPerturbed{
				Name: p.Name, Meaning: p.Meaning, N: p.N,
				Cells: []reportCell{cell(p.Flipped), cell(p.Lost), cell(p.Followed), cell(p.Correct), cell(p.Refused)},
			}
			for _, f := range p.Flips {
				flip := reportFlip{Flip: f, Question: f.QuestionID, Number: number[f.QuestionID]}
				flip.Sides = flipSides(documentsAt(r.Documents, f.ShownBefore), documentsAt(r.Documents, f.ShownAfter))
				if flip.Number > 0 {
					flip.Question = e.Questions[flip.Number-1].Question.Question
				}
				row.Flips = append(row.Flips, flip)
			}
			of.Rows = append(of.Rows, row)
		}
		of.Base, of.Note = r.Base, r.DifferencesNote()
		for _, change := range r.Differences {
			for _, d := range change.Measured() {
				row := differenceRow(d, &eval.SystemResult{})
				row.Name, row.Meaning = change.Name, fmt.Sprintf("%s; n = %d", d.Name, d.Estimate.N)
				of.Differences = append(of.Differences, row)
			}
		}
		out = append(out, of)
	}
	return out
}

// reportCalibration shows the confidence before and after, and the guarantee.
type reportCalibration struct {
	System, Promise string
	Signals         []string
	N               int
	Kept            bool
	Rows            []reportDifference

	Test              string // what the threshold does to the reported questions
	Legend            []swatch
	Risk, Reliability template.HTML
}

// plots draws the confidence of the calibrated system from the log probability alone and from
// the combined signals.
func (r *reportCalibration) plots(e *Results, c *confidence.Calibration) {
	s := e.System(c.Conditions.System)
	if c.ThresholdTest == nil || s == nil {
		return
	}
	before := &eval.SystemResult{Name: "log probability alone", Curve: s.Curve, Reliability: s.Reliability}
	after := &eval.SystemResult{Name: "combined signals", Curve: c.ThresholdTest.Curve, Reliability: c.ThresholdTest.Reliability}
	systems, colors := []*eval.SystemResult{before, after}, []chart.Color{systemColor(0), systemColor(1)}
	r.Legend = []swatch{newSwatch(before.Name, colors[0]), newSwatch(after.Name, colors[1])}
	r.Risk, r.Reliability = plotRiskCoverage(systems, colors), plotReliability(systems, colors)
}

func newReportCalibration(c *confidence.Calibration) *reportCalibration {
	if c == nil {
		return nil
	}
	if c.Unfit != "" {
		return &reportCalibration{Promise: c.Promise()}
	}
	out := &reportCalibration{
		System: c.Conditions.System, Promise: c.Promise(), Signals: c.Calibrator.Names, N: c.Calibrator.N, Kept: c.Guarantee.Answered > 0,
	}
	if c.ThresholdTest != nil {
		out.Test = c.ThresholdTest.String()
	}
	for _, r := range stats.QualityRows(c.Before, c.After) {
		out.Rows = append(out.Rows, reportDifference{
			Name: r.Name, Meaning: r.Meaning,
			Before: typeset(figures.PlainMetric(stats.OrNaN(r.Before), false)), After: typeset(figures.PlainMetric(stats.OrNaN(r.After), false)),
		})
	}
	return out
}

// reportSweep is the table of a sweep of adapter scales.
type reportSweep struct {
	Heads []string
	Rows  []reportRow // Name is the scale
}

func newReportSweep(d *forget.SweepResult) *reportSweep {
	if d == nil || len(d.Points) == 0 {
		return nil
	}
	out := &reportSweep{Heads: d.Heads()}
	if f := d.Points[0].Forgetting; f != nil {
		for _, l := range f.Losses {
			out.Heads = append(out.Heads, "change of "+l.Name)
		}
	}
	for _, p := range d.Points {
		row := reportRow{Name: fmt.Sprint(p.Scale)}
		for _, key := range metric.Sweep() {
			e := p.Estimate(key)
			row.Cells = append(row.Cells, reportCell{typeset(figures.Percent(e.Value)), typeset(figures.PercentInterval(e))})
		}
		if p.Forgetting != nil {
			for _, l := range p.Forgetting.Losses {
				row.Cells = append(
					row.Cells,
					reportCell{typeset(figures.SignedMetric(l.Change.Value, false)), typeset(figures.SignedInterval(l.Change, false))},
				)
			}
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

// parts fills in what was measured beside the answers.
func (page *reportPage) parts(e *Results, base, tuned *eval.SystemResult) {
	page.CostHeads, page.Settings = costHeads(), reportSettings(e)
	for i, s := range settingsOf(e) {
		name, _, _ := strings.Cut(s.Describe(), ":")
		page.CostLegend = append(page.CostLegend, newSwatch(name, systemColor(i)))
	}
	page.Forgetting, page.Losses = e.Forgetting, reportLosses(e.Forgetting)
	page.Robustness = reportRobustnesses(e)
	page.Calibration = newReportCalibration(e.Calibration)
	page.Leakage = e.Leakage
	page.Sweep = newReportSweep(e.Sweep)
	page.Memory = reportMemories(e.Memory)
	if page.Sweep != nil {
		colors := []chart.Color{systemColor(1), verdictColor(answer.Correct), verdictColor(answer.Incorrect)}
		for i, name := range page.Sweep.Heads {
			if i < 3 {
				page.SweepLegend = append(page.SweepLegend, newSwatch(name, colors[i]))
			}
		}
		if f := e.Sweep.Points[0].Forgetting; f != nil {
			for i, l := range f.Losses {
				page.LossesLegend = append(page.LossesLegend, newSwatch(l.Name, systemColor(i+1)))
			}
		}
	}
	for _, source := range slices.Sorted(maps.Keys(page.Info.LossBySource)) {
		name := source
		if name == "" {
			name = "rows without a source"
		}
		page.Sources = append(page.Sources, newSourceLoss(name, page.Info.BaseLossBySource[source], page.Info.LossBySource[source]))
	}
	for _, s := range page.Info.Scores {
		page.Scores = append(page.Scores, scoreLine{s.Step, figures.ShortFixed(s.Score, 0), figures.ShortFixed(stats.OrNaN(s.HeldOut), 3)})
	}
	page.Browser = newBrowser(e, base, tuned)
}

// scoreLine is a line of the table of scores.
type scoreLine struct {
	Step        int
	Score, Loss string
}

// sourceLoss is the held-out loss of the rows of a source.
type sourceLoss struct{ Name, Loss, Perplexity string }

// newSourceLoss shows a loss in nats per token, and that before training unless it is 0, which is unknown.
func newSourceLoss(name string, before, after float64) sourceLoss {
	s := sourceLoss{name, figures.ShortFixed(after, 3), figures.ShortFixed(math.Exp(after), 2)}
	if before > 0 {
		s.Loss, s.Perplexity = figures.ShortFixed(before, 3)+" → "+s.Loss, figures.ShortFixed(math.Exp(before), 2)+" → "+s.Perplexity
	}
	return s
}
