package report

import (
	"fmt"
	"html/template"
	"math"
	"strings"

	"github.com/ragft/ragft/internal/chart"
	"github.com/ragft/ragft/internal/figures"
	"github.com/ragft/ragft/internal/metric"
	"github.com/ragft/ragft/internal/table"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/eval"
)

// Widths of the plots in units of their view boxes; the page scales them to its
// own width.
const (
	plotWide = 740
	plotHalf = 360
)

// systemColorCount is the number of colors for systems in the style sheet.
const systemColorCount = 6

// systemColor is the color of the i-th system of the report.
func systemColor(i int) chart.Color {
	return chart.Color(fmt.Sprintf("var(--s%d)", i%systemColorCount))
}

// verdictColor is distinguishable without telling red from green.
func verdictColor(v answer.Verdict) chart.Color { return chart.Color("var(--" + string(v) + ")") }

// plotMatrix shows, for each system, the outcomes with the answer present and
// absent as bars that fill 100%.
func plotMatrix(systems []*eval.SystemResult) template.HTML {
	var names []string
	var draw []func(c *chart.Chart, row float64)
	for _, s := range systems {
		for _, context := range figures.Contexts() {
			total := matrixTotal(s, context)
			if total == 0 {
				continue
			}
			name := fmt.Sprintf("%s: answer %s", table.Cut(s.Name, 28), context)
			names = append(names, fmt.Sprintf("%s (%d)", name, total))
			draw = append(draw, func(c *chart.Chart, row float64) {
				from := 0.0
				for _, v := range figures.Verdicts() {
					n, ink := s.Matrix[context][v], chart.White
					if v == answer.Refused {
						ink = chart.Ink
					}
					share := 100 * float64(n) / float64(total)
					if n > 0 {
						c.Bar(row, from, from+share, verdictColor(v), ink, fmt.Sprint(n), fmt.Sprintf("%s\n%d of %d %s", name, n, total, v))
					}
					from += share
				}
			})
		}
	}
	shares := chart.Linear("share of questions, %", 0, 100, 20)
	shares.Grid = false
	c := chart.New(plotWide, float64(50+30*len(names)), shares, chart.Rows(names))
	for i := range draw {
		draw[i](c, float64(i))
	}
	return c.SVG("Evidence by outcome: share of correct, incorrect and refused answers " +
		"where the answer is present in the documents shown and where it is absent")
}

// plotIntervals shows the main metrics of the systems with their intervals.
func plotIntervals(systems []*eval.SystemResult, colors []chart.Color) template.HTML {
	var names, keys []string
	for _, key := range []string{
		metric.MadeUp, metric.Correct, metric.FalseRefusal, metric.Truthfulness, metric.SelectiveAccuracy,
		metric.Coverage, metric.ExactMatch, metric.F1, metric.Containment, metric.AbstainF1,
	} {
		for _, m := range systems[0].Metrics {
			if m.Key == key {
				names, keys = append(names, m.Name+directionMark(m.Direction)), append(keys, key)
			}
		}
	}
	low := 0.0
	for _, s := range systems {
		if e := s.Estimate(metric.Truthfulness); e.Defined() && !math.IsNaN(e.Low) {
			low = min(low, math.Floor(e.Low*5)*20)
		}
	}
	rows := chart.Rows(names)
	rows.Bands = true
	c := chart.New(plotWide, float64(50+32*len(keys)), chart.Linear("%", low, 100, 20), rows)
	var words []string
	for j, s := range systems {
		line := chart.Series{Name: s.Name, Color: colors[j]}
		for i, key := range keys {
			e := s.Estimate(key)
			words = append(words, fmt.Sprintf("%s, %s %s (%s)", s.Name, names[i], figures.Percent(e.Value), figures.PercentInterval(e)))
			if e.Defined() {
				at := float64(i) - 0.22*float64(len(systems)-1-2*j)
				line.Points = append(line.Points, chart.Point{X: 100 * e.Value, Low: 100 * e.Low, High: 100 * e.High, Y: at, Radius: 4})
			}
		}
		c.Draw(line)
	}
	return c.SVG("Main metrics with 95% intervals: " + strings.Join(words, "; "))
}

func directionMark(direction int) string {
	switch direction {
	case 1:
		return " (higher is better)"
	case -1:
		return " (lower is better)"
	default:
		return ""
	}
}
