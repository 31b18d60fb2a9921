package ragft

import (
	"html/template"
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// dialLine is one quantity against the scale.
type dialLine struct {
	points []Estimate
	color  color.NRGBA
}

// plotDial shows what the answers are worth at each scale; empty without a dial.
func plotDial(d *Dial) (template.HTML, error) {
	if d == nil || len(d.Points) == 0 {
		return "", nil
	}
	colors := []color.NRGBA{systemColor(1), verdictColor(Correct), verdictColor(Incorrect)}
	var lines []dialLine
	for i, key := range dialMetrics() {
		line := dialLine{color: colors[i]}
		for _, p := range d.Points {
			e := p.Estimate(key)
			line.points = append(line.points, Estimate{100 * e.Value, 100 * e.Low, 100 * e.High, e.N})
		}
		lines = append(lines, line)
	}
	low := min(0, math.Floor(lowest(lines)/20)*20)
	return d.plot(lines, "% of questions", low, 100, 20, "%.0f",
		"The dial: truthfulness, correct and made-up answers against the scale of the adapter, with 95% intervals")
}

// plotDialLosses shows what is forgotten at each scale; empty where it was not measured.
func plotDialLosses(d *Dial) (template.HTML, error) {
	if d == nil || len(d.Points) == 0 || d.Points[0].Forgetting == nil || len(d.Points[0].Forgetting.Losses) == 0 {
		return "", nil
	}
	lines := make([]dialLine, len(d.Points[0].Forgetting.Losses))
	for i := range lines {
		lines[i].color = systemColor(i + 1)
		for _, p := range d.Points {
			lines[i].points = append(lines[i].points, p.Forgetting.Losses[i].Change)
		}
	}
	low, high := min(0, lowest(lines)), 0.0
	for _, l := range lines {
		for _, e := range l.points {
			high = max(high, ifDefined(e.Value, 0), ifDefined(e.High, 0))
		}
	}
	if high == low {
		high = low + 1
	}
	step := niceStep(high - low)
	return d.plot(lines, "change against the base", math.Floor(low/step)*step, math.Ceil(high/step)*step, step, "%.4g",
		"Forgetting against the scale of the adapter, with 95% intervals")
}

func ifDefined(x, otherwise float64) float64 {
	if finite(x) == nil {
		return otherwise
	}
	return x
}

func lowest(lines []dialLine) float64 {
	low := 0.0
	for _, l := range lines {
		for _, e := range l.points {
			low = min(low, ifDefined(e.Value, 0), ifDefined(e.Low, 0))
		}
	}
	return low
}

func (d *Dial) plot(lines []dialLine, yLabel string, low, high, step float64, format, title string) (template.HTML, error) {
	c := newChart("scale of the adapter: 0 = base, 1 = as trained", yLabel, plotHalf, 260)
	first, last := math.Inf(1), math.Inf(-1)
	for _, p := range d.Points {
		first, last = min(first, p.Scale), max(last, p.Scale)
	}
	if first == last {
		first, last = first-0.5, last+0.5
	}
	axisRange(&c.X, first, last, niceStep(last-first), "%.4g")
	axisRange(&c.Y, low, high, step, format)
	c.grid(true, true)
	c.Add(drawer(func(dc draw.Canvas, x, y func(float64) vg.Length) {
		if low < 0 {
			dc.StrokeLine2(draw.LineStyle{Color: faintColor, Width: 1}, dc.Min.X, y(0), dc.Max.X, y(0))
		}
		for k, line := range lines {
			var path []vg.Point
			for i, e := range line.points {
				if !e.Defined() {
					continue
				}
				at := vg.Point{X: x(d.Points[i].Scale) + vg.Length(2*(k-len(lines)/2)), Y: y(e.Value)}
				path = append(path, at)
				if !math.IsNaN(e.Low) {
					dc.StrokeLine2(draw.LineStyle{Color: fade(line.color, 0x70), Width: 2}, at.X, y(e.Low), at.X, y(e.High))
				}
				dot(dc, at.X, at.Y, 3, line.color)
			}
			if len(path) > 1 {
				dc.StrokeLines(draw.LineStyle{Color: line.color, Width: 1.5}, path)
			}
		}
	}))
	return c.svg(title)
}
