package ragft

import (
	"cmp"
	"fmt"
	"html/template"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// costPoint is one system in the plots of quality against cost; Number is that
// of its row in the table beside them.
type costPoint struct {
	Number  int
	Cost    float64
	Quality Estimate
	Color   color.NRGBA
}

// costsOf numbers the systems in the order of the table of settings.
func costsOf(e *Results) []*SystemResult {
	var out []*SystemResult
	for _, setting := range settingsOf(e) {
		for i := range e.Systems {
			if e.Systems[i].Setting == setting {
				out = append(out, &e.Systems[i])
			}
		}
	}
	return out
}

// settingsOf lists the settings of the systems, each once.
func settingsOf(e *Results) []Setting {
	var out []Setting
	for i := range e.Systems {
		if !slices.Contains(out, e.Systems[i].Setting) {
			out = append(out, e.Systems[i].Setting)
		}
	}
	return out
}

// seconds and tokens are what an answer takes, NaN where it is not known.
func secondsOf(s *SystemResult) float64 { return s.Estimate(MetricSeconds).Value }

func tokensOf(s *SystemResult) float64 {
	return s.Estimate(MetricPromptTokens).Value + s.Estimate(MetricAnswerTokens).Value
}

// plotCost shows what answers are worth against what they take, on a
// logarithmic axis, one point a system; empty where fewer than two are known.
func plotCost(e *Results, xLabel, title string, cost func(*SystemResult) float64) (template.HTML, error) {
	var points []costPoint
	settings := settingsOf(e)
	low, least, most := 0.0, math.Inf(1), math.Inf(-1)
	for i, s := range costsOf(e) {
		p := costPoint{i + 1, cost(s), s.Estimate(MetricTruthfulness), systemColor(slices.Index(settings, s.Setting))}
		if !isFinite(p.Cost) || p.Cost <= 0 || !p.Quality.Defined() {
			continue
		}
		points = append(points, p)
		low = min(low, 100*ifDefined(p.Quality.Low, p.Quality.Value))
		least, most = min(least, p.Cost), max(most, p.Cost)
	}
	if len(points) < 2 {
		return "", nil
	}
	c := newChart(xLabel, "truthfulness, %", plotWide, 280)
	logRange(&c.X, least, most)
	axisRange(&c.Y, math.Floor(low/20)*20, 100, 20, "%.0f")
	c.grid(true, true)
	c.Add(drawer(func(dc draw.Canvas, x, y func(float64) vg.Length) {
		if low < 0 {
			dc.StrokeLine2(draw.LineStyle{Color: faintColor, Width: 1}, dc.Min.X, y(0), dc.Max.X, y(0))
		}
		place := func(p costPoint) vg.Point { return vg.Point{X: x(math.Log10(p.Cost)), Y: y(100 * p.Quality.Value)} }
		for _, p := range points {
			at := place(p)
			if isFinite(p.Quality.Low) {
				dc.StrokeLine2(draw.LineStyle{Color: fade(p.Color, 0x60), Width: 2}, at.X, y(100*p.Quality.Low), at.X, y(100*p.Quality.High))
			}
		}
		var taken []vg.Point // places of dots and numbers
		for _, p := range points {
			taken = append(taken, place(p))
			dot(dc, place(p).X, place(p).Y, 4, p.Color)
		}
		for _, p := range points {
			at := besideDot(place(p), taken, dc.Min.Y)
			taken = append(taken, at)
			dc.FillText(label(10, inkColor, draw.XCenter), at, fmt.Sprint(p.Number))
		}
	}))
	return c.svg(title)
}

// besideDot is the place around a dot, and above the axis, that is farthest from what is there.
func besideDot(dot vg.Point, taken []vg.Point, axis vg.Length) vg.Point {
	const away = 10
	best, bestRoom := dot, vg.Length(-1)
	for k := range 8 {
		sin, cos := math.Sincos(float64(k) * math.Pi / 4)
		at := vg.Point{X: dot.X + vg.Length(away*cos), Y: dot.Y + vg.Length(away*sin)}
		if at.Y < axis+away/2 {
			continue
		}
		room := vg.Length(3 * away) // more than that is as good
		for _, t := range taken {
			if t == dot {
				continue
			}
			room = min(room, vg.Length(math.Hypot(float64(at.X-t.X), float64(at.Y-t.Y))))
		}
		if room > bestRoom+0.01 {
			best, bestRoom = at, room
		}
	}
	return best
}

// logRange sets an axis of logarithms to the base of ten, with marks at 1, 2 and 5
// times the powers of ten, as many as there is room for.
func logRange(a *plot.Axis, least, most float64) {
	first, last := math.Floor(math.Log10(least)), math.Ceil(math.Log10(most))
	var marks ticks
	for power := first - 1; power <= last; power++ {
		for _, times := range []float64{1, 2, 5} {
			if times > 1 && last-first > 2 {
				continue
			}
			value := times * math.Pow(10, power)
			marks = append(marks, plot.Tick{Value: math.Log10(value), Label: fmt.Sprintf("%.6g", value)})
		}
	}
	// From the last mark at or below the least to the first at or above the most.
	from, _ := slices.BinarySearchFunc(marks, math.Log10(least)+1e-9, byValue)
	to, _ := slices.BinarySearchFunc(marks, math.Log10(most)-1e-9, byValue)
	from = max(0, from-1)
	a.Tick.Marker = marks[from : to+1]
	a.Min, a.Max = marks[from].Value, marks[to].Value
	a.Max += 0.02 * (a.Max - a.Min)
}

func byValue(t plot.Tick, x float64) int { return cmp.Compare(t.Value, x) }
