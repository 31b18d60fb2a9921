package report

import (
	"html/template"
	"math"

	"github.com/ragft/ragft/internal/chart"
	"github.com/ragft/ragft/internal/metric"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/eval/forget"
)

// plotSweep shows the quality of the answers at each scale; empty without a sweep.
func plotSweep(d *forget.SweepResult) template.HTML {
	if d == nil || len(d.Points) == 0 {
		return ""
	}
	lines := []chart.Series{{Color: systemColor(1)}, {Color: verdictColor(answer.Correct)}, {Color: verdictColor(answer.Incorrect)}}
	for i, key := range metric.Sweep() {
		lines[i].Name = d.Heads()[i]
		lines[i].Points = lineOf(d, 100, func(p forget.SweepPoint) stats.Estimate { return p.Estimate(key) })
	}
	return plotScales(d, lines, "% of questions", 100,
		"Truthfulness, correct and made-up answers by scale of the adapter, with 95% intervals")
}

// plotSweepLosses shows forgetting at each scale; empty if it was not measured.
func plotSweepLosses(d *forget.SweepResult) template.HTML {
	if d == nil || len(d.Points) == 0 || d.Points[0].Forgetting == nil || len(d.Points[0].Forgetting.Losses) == 0 {
		return ""
	}
	var lines []chart.Series
	for i, l := range d.Points[0].Forgetting.Losses {
		change := lineOf(d, 1, func(p forget.SweepPoint) stats.Estimate { return p.Forgetting.Losses[i].Change })
		lines = append(lines, chart.Series{Name: l.Name, Color: systemColor(i + 1), Points: change})
	}
	return plotScales(d, lines, "change from the base", 0, "Forgetting by scale of the adapter, with 95% intervals")
}

// lineOf returns a quantity, times a unit, at each scale where it is defined.
func lineOf(d *forget.SweepResult, unit float64, value func(forget.SweepPoint) stats.Estimate) (points []chart.Point) {
	for _, p := range d.Points {
		if e := value(p); e.Defined() {
			points = append(points, chart.Point{X: p.Scale, Y: unit * e.Value, Low: unit * e.Low, High: unit * e.High, Radius: 3})
		}
	}
	return points
}

// ifDefined returns x, or otherwise if x is not finite.
func ifDefined(x, otherwise float64) float64 {
	if stats.IsFinite(x) {
		return x
	}
	return otherwise
}

// plotScales draws the lines on an axis that holds 0, high and all intervals.
func plotScales(d *forget.SweepResult, lines []chart.Series, yLabel string, high float64, title string) template.HTML {
	low, first, last := 0.0, math.Inf(1), math.Inf(-1)
	for _, p := range d.Points {
		first, last = min(first, p.Scale), max(last, p.Scale)
	}
	if first == last {
		first, last = first-0.5, last+0.5
	}
	for _, l := range lines {
		for _, p := range l.Points {
			low, high = min(low, p.Y, ifDefined(p.Low, 0)), max(high, p.Y, ifDefined(p.High, 0))
		}
	}
	x := chart.Linear("scale of the adapter: 0 = base, 1 = as trained", first, last, 0)
	c := chart.New(plotHalf, 260, x, chart.Rounded(yLabel, low, high))
	for k, l := range lines {
		l.Width, l.Shift = 1.5, 2*float64(k-len(lines)/2) // keeps the bars of one scale apart
		c.Draw(l)
	}
	return c.SVG(title)
}
