package ragft

import (
	"bytes"
	"fmt"
	"html"
	"html/template"
	"image/color"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Widths of the plots, in points; the page scales them to its own width.
const (
	plotWide = 740
	plotHalf = 360
)

var (
	inkColor   = color.NRGBA{R: 0x1f, G: 0x29, B: 0x37, A: 0xff}
	faintColor = color.NRGBA{R: 0x6b, G: 0x72, B: 0x80, A: 0xff}
	gridColor  = color.NRGBA{R: 0xe5, G: 0xe7, B: 0xeb, A: 0xff}
	bandColor  = color.NRGBA{R: 0xf6, G: 0xf7, B: 0xf9, A: 0xff}
)

// verdictColor stays apart for readers who do not tell red from green.
func verdictColor(v Verdict) color.NRGBA {
	switch v {
	case Correct:
		return color.NRGBA{R: 0x0f, G: 0x76, B: 0x6e, A: 0xff}
	case Incorrect:
		return color.NRGBA{R: 0xe0, G: 0x6c, B: 0x2c, A: 0xff}
	default:
		return color.NRGBA{R: 0xcb, G: 0xd2, B: 0xdc, A: 0xff}
	}
}

var systemColors = [...]color.NRGBA{
	{R: 0x8b, G: 0x95, B: 0xa5, A: 0xff}, {R: 0x1d, G: 0x4e, B: 0xd8, A: 0xff},
	{R: 0xb4, G: 0x53, B: 0x09, A: 0xff}, {R: 0x7c, G: 0x3a, B: 0xed, A: 0xff},
	{R: 0x4d, G: 0x7c, B: 0x0f, A: 0xff}, {R: 0xbe, G: 0x18, B: 0x5d, A: 0xff},
}

// systemColor is the color of the i-th system of the report.
func systemColor(i int) color.NRGBA { return systemColors[i%len(systemColors)] }

// themes names the variables of the style sheet that stand for the colors of
// plots, so that a plot follows the page into the dark.
func themes() map[string]color.NRGBA {
	all := map[string]color.NRGBA{
		"--ink": inkColor, "--faint": faintColor, "--grid": gridColor, "--band": bandColor,
		"--correct": verdictColor(Correct), "--incorrect": verdictColor(Incorrect), "--refused": verdictColor(Refused),
	}
	for i := range systemColors {
		all[fmt.Sprintf("--s%d", i)] = systemColor(i)
	}
	return all
}

// themeColor is a color for the style sheet: the variable that stands for it,
// or itself. Transparent drawing loses a little of a color, hence the margin.
func themeColor(c color.NRGBA) string {
	themes := themes()
	for _, name := range slices.Sorted(maps.Keys(themes)) {
		t := themes[name]
		if abs(int(c.R)-int(t.R)) <= 2 && abs(int(c.G)-int(t.G)) <= 2 && abs(int(c.B)-int(t.B)) <= 2 {
			return "var(" + name + ")"
		}
	}
	return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B)
}

var (
	styleAttribute = regexp.MustCompile(`style="[^"]*"`)
	paint          = regexp.MustCompile(`(fill|stroke):#([-0-9A-Fa-f]+)`)
)

// themed replaces the colors in the style attributes of an SVG. The canvas
// writes one that is wholly transparent as an overflown number.
func themed(svg string) string {
	return styleAttribute.ReplaceAllStringFunc(svg, func(style string) string {
		return paint.ReplaceAllStringFunc(style, func(paint string) string {
			property, hex, _ := strings.Cut(paint, ":#")
			rgb, err := strconv.ParseUint(hex, 16, 24)
			if err != nil {
				return property + ":none"
			}
			return property + ":" + themeColor(color.NRGBA{R: uint8(rgb >> 16), G: uint8(rgb >> 8), B: uint8(rgb), A: 0xff})
		})
	})
}

func fade(c color.NRGBA, alpha uint8) color.NRGBA { c.A = alpha; return c }

// chart is a plot on its way into the page.
type chart struct {
	*plot.Plot
	width, height vg.Length
}

// newChart makes a plot in the style of the report.
func newChart(xLabel, yLabel string, width, height vg.Length) chart {
	p := plot.New()
	p.BackgroundColor = color.Transparent
	for axis, label := range map[*plot.Axis]string{&p.X: xLabel, &p.Y: yLabel} {
		axis.Label.Text = label
		axis.Label.Padding = 4
		axis.Label.TextStyle.Font = sans(10)
		axis.Label.TextStyle.Color = faintColor
		axis.Tick.Label.Font = sans(10)
		axis.Tick.Label.Color = inkColor
		axis.LineStyle.Color = faintColor
		axis.Tick.LineStyle.Width = 0
		axis.Tick.Length = 3
		axis.Padding = 0
	}
	// Marks that are not seen keep the labels off the axis.
	p.X.Tick.LineStyle = draw.LineStyle{Color: color.Transparent, Width: 0.1}
	p.X.Tick.Length = 4
	return chart{Plot: p, width: width, height: height}
}

func sans(size vg.Length) font.Font {
	return font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
}

func label(size vg.Length, c color.Color, x text.XAlignment) text.Style {
	return text.Style{Font: sans(size), Color: c, XAlign: x, YAlign: draw.YCenter, Handler: plot.DefaultTextHandler}
}

// svg draws the chart as an element for the page, with a title for readers who
// do not see it.
func (c chart) svg(title string) (template.HTML, error) {
	canvas := vgsvg.New(c.width, c.height)
	c.Draw(draw.Crop(draw.New(canvas), 0, -8, 0, -8)) // room for a dot at the edge
	var raw bytes.Buffer
	if _, err := canvas.WriteTo(&raw); err != nil {
		return "", fmt.Errorf("draw %s: %w", title, err)
	}
	_, body, found := strings.Cut(raw.String(), "<svg ")
	_, body, closed := strings.Cut(body, ">")
	if !found || !closed {
		return "", fmt.Errorf("draw %s: not an SVG", title)
	}
	title = html.EscapeString(title)
	// The canvas escapes all text that it writes, and the title is escaped here.
	return template.HTML(fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.5g %.5g" role="img" aria-label="%s"><title>%s</title>%s`,
		c.width.Points(), c.height.Points(), title, title, themed(body))), nil
}

// drawer is a plotter from a function: x and y give places on the canvas.
type drawer func(c draw.Canvas, x, y func(float64) vg.Length)

func (d drawer) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	d(c, x, y)
}

// ticks marks the given places of an axis.
type ticks []plot.Tick

func (t ticks) Ticks(_, _ float64) []plot.Tick { return t }

// axisRange sets an axis from low to high with marks at every step, labelled
// by the format.
func axisRange(a *plot.Axis, low, high, step float64, format string) {
	a.Min, a.Max = low, high+0.02*(high-low) // room for a dot at the end
	var marks ticks
	for i := math.Ceil(low/step - 1e-9); i*step <= high+1e-9; i++ {
		marks = append(marks, plot.Tick{Value: i * step, Label: fmt.Sprintf(format, i*step+0)})
	}
	a.Tick.Marker = marks
}

// grid draws a line at every mark: upright ones for x, level ones for y.
func (c chart) grid(x, y bool) {
	style := draw.LineStyle{Color: gridColor, Width: 0.7}
	c.Add(drawer(func(dc draw.Canvas, tx, ty func(float64) vg.Length) {
		if x {
			for _, t := range c.X.Tick.Marker.Ticks(c.X.Min, c.X.Max) {
				dc.StrokeLine2(style, tx(t.Value), dc.Min.Y, tx(t.Value), dc.Max.Y)
			}
		}
		if y {
			for _, t := range c.Y.Tick.Marker.Ticks(c.Y.Min, c.Y.Max) {
				dc.StrokeLine2(style, dc.Min.X, ty(t.Value), dc.Max.X, ty(t.Value))
			}
		}
	}))
}

// rows gives the y axis one line for each name, the first on top, at
// n-1 ... 0.
func (c chart) rows(names []string) {
	c.Y.Min, c.Y.Max = -0.5, float64(len(names))-0.5
	var marks ticks
	for i, name := range names {
		marks = append(marks, plot.Tick{Value: float64(len(names) - 1 - i), Label: cut(name, 52)})
	}
	c.Y.Tick.Marker = marks
	c.Y.LineStyle.Width = 0
}

// bands shades every other one of n rows.
func (c chart) bands(n int) {
	c.Add(drawer(func(dc draw.Canvas, _, y func(float64) vg.Length) {
		for i := n - 1; i >= 0; i -= 2 {
			dc.FillPolygon(bandColor, rectangle(dc.Min.X, y(float64(i)-0.5), dc.Max.X, y(float64(i)+0.5)))
		}
	}))
}

func rectangle(x0, y0, x1, y1 vg.Length) []vg.Point {
	return []vg.Point{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}}
}

func dot(c draw.Canvas, x, y, radius vg.Length, fill color.Color) {
	c.DrawGlyphNoClip(draw.GlyphStyle{Color: fill, Radius: radius, Shape: draw.CircleGlyph{}}, vg.Point{X: x, Y: y})
}

// plotMatrix shows, for each system, the outcomes with the answer present and
// absent as bars that fill 100%.
func plotMatrix(systems []*SystemResult) (template.HTML, error) {
	type bar struct {
		counts map[Verdict]int
		total  int
	}
	var names []string
	var bars []bar
	for _, s := range systems {
		for _, context := range Contexts() {
			if total := s.Matrix.Total(context); total > 0 {
				names = append(names, fmt.Sprintf("%s: answer %s (%d)", cut(s.Name, 28), context, total))
				bars = append(bars, bar{s.Matrix[context], total})
			}
		}
	}
	c := newChart("share of questions, %", "", plotWide, vg.Length(45+30*len(bars)))
	axisRange(&c.X, 0, 100, 20, "%.0f")
	c.rows(names)
	c.Add(drawer(func(dc draw.Canvas, x, y func(float64) vg.Length) {
		for i, b := range bars {
			row := float64(len(bars) - 1 - i)
			from := 0.0
			for _, v := range Verdicts() {
				share := 100 * float64(b.counts[v]) / float64(b.total)
				dc.FillPolygon(verdictColor(v), rectangle(x(from), y(row-0.36), x(from+share), y(row+0.36)))
				if share >= 5 {
					ink := color.Color(color.White)
					if v == Refused {
						ink = inkColor
					}
					dc.FillText(label(10, ink, draw.XCenter), vg.Point{X: x(from + share/2), Y: y(row)}, fmt.Sprint(b.counts[v]))
				}
				from += share
			}
		}
	}))
	return c.svg("Evidence by outcome: share of correct, incorrect and refused answers where the answer is present in the documents shown and where it is absent")
}

// plotIntervals shows the main metrics of the systems with their intervals.
func plotIntervals(systems []*SystemResult, colors []color.NRGBA) (template.HTML, error) {
	var names, keys []string
	for _, key := range []string{
		MetricMadeUp, MetricCorrect, MetricFalseRefusal, MetricTruthfulness, MetricSelectiveAccuracy,
		MetricCoverage, MetricExactMatch, MetricF1, MetricContainment, MetricAbstainF1,
	} {
		for _, m := range systems[0].Metrics {
			if m.Key == key {
				names, keys = append(names, m.Name+directionMark(m.Direction)), append(keys, key)
			}
		}
	}
	low := 0.0
	for _, s := range systems {
		if e := s.Estimate(MetricTruthfulness); e.Defined() && !math.IsNaN(e.Low) {
			low = min(low, math.Floor(e.Low*5)*20)
		}
	}
	c := newChart("%", "", plotWide, vg.Length(45+32*len(keys)))
	axisRange(&c.X, low, 100, 20, "%.0f")
	c.rows(names)
	c.bands(len(keys))
	c.grid(true, false)
	c.Add(drawer(func(dc draw.Canvas, x, y func(float64) vg.Length) {
		for i, key := range keys {
			for j, s := range systems {
				e := s.Estimate(key)
				if !e.Defined() {
					continue
				}
				at := y(float64(len(keys)-1-i) + 0.24*float64(len(systems)-1-2*j))
				if !math.IsNaN(e.Low) {
					line := draw.LineStyle{Color: fade(colors[j], 0x90), Width: 3}
					dc.StrokeLine2(line, x(100*e.Low), at, x(100*e.High), at)
				}
				dot(dc, x(100*e.Value), at, 4, colors[j])
			}
		}
	}))
	return c.svg("Main metrics with 95% intervals: " + valuesInWords(systems, keys))
}

// valuesInWords is the plot of intervals for readers who do not see it.
func valuesInWords(systems []*SystemResult, keys []string) string {
	var parts []string
	for _, s := range systems {
		for _, m := range s.Metrics {
			for _, key := range keys {
				if m.Key == key {
					parts = append(parts, fmt.Sprintf("%s, %s %s (%s)", s.Name, m.Name, percent(m.Estimate.Value), percentInterval(m.Estimate)))
				}
			}
		}
	}
	return strings.Join(parts, "; ")
}

func directionMark(d Direction) string {
	switch d {
	case HigherIsBetter:
		return " (higher is better)"
	case LowerIsBetter:
		return " (lower is better)"
	default:
		return ""
	}
}
