package report

import (
	"fmt"
	"html/template"
	"math"
	"slices"

	"github.com/ragft/ragft/internal/chart"
	"github.com/ragft/ragft/internal/metric"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/ragft/eval"
)

// costsOf returns the systems in the order of the table of settings.
func costsOf(e *Results) []*eval.SystemResult {
	var out []*eval.SystemResult
	for _, setting := range settingsOf(e) {
		for i := range e.Systems {
			if e.Systems[i].Setting == setting {
				out = append(out, &e.Systems[i])
			}
		}
	}
	return out
}

// settingsOf lists the settings of the systems.
func settingsOf(e *Results) []eval.Setting {
	var out []eval.Setting
	for i := range e.Systems {
		if !slices.Contains(out, e.Systems[i].Setting) {
			out = append(out, e.Systems[i].Setting)
		}
	}
	return out
}

// secondsOf and tokensOf are the cost of an answer; NaN = unknown.
func secondsOf(s *eval.SystemResult) float64 { return s.Estimate(metric.Seconds).Value }

func tokensOf(s *eval.SystemResult) float64 {
	return s.Estimate(metric.PromptTokens).Value + s.Estimate(metric.AnswerTokens).Value
}

// plotCost shows the quality of answers by their cost on a logarithmic axis, one point per
// system, with the number of its row in the table; empty if fewer than two are known.
func plotCost(e *Results, xLabel, title string, cost func(*eval.SystemResult) float64) template.HTML {
	settings := settingsOf(e)
	low, least, most := 0.0, math.Inf(1), math.Inf(-1)
	var points []chart.Point
	var numbers []string
	var series []chart.Series
	for i, s := range costsOf(e) {
		at, worth := cost(s), s.Estimate(metric.Truthfulness)
		if !stats.IsFinite(at) || at <= 0 || !worth.Defined() {
			continue
		}
		low, least, most = min(low, 100*ifDefined(worth.Low, worth.Value)), min(least, at), max(most, at)
		p := chart.Point{X: at, Y: 100 * worth.Value, Low: 100 * worth.Low, High: 100 * worth.High, Radius: 4}
		points, numbers = append(points, p), append(numbers, fmt.Sprint(i+1))
		series = append(series, chart.Series{Name: s.Name, Color: systemColor(slices.Index(settings, s.Setting)), Points: []chart.Point{p}})
	}
	if len(points) < 2 {
		return ""
	}
	c := chart.New(plotWide, 300, chart.Log(xLabel, least, most), chart.Rounded("truthfulness, %", low, 100))
	for _, s := range series {
		c.Draw(s)
	}
	c.Label(points, numbers)
	return c.SVG(title)
}
