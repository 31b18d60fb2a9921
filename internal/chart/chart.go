// Package chart draws the plots of a report as SVG elements to be placed inside
// an HTML page. Colours are given as CSS, so that a page can name the variables
// of its own theme.
package chart

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strings"
)

// Color is a CSS colour, such as #ffffff or var(--ink).
type Color string

// Colours of what is not data: variables that the page's style sheet sets.
const (
	Ink   Color = "var(--ink)"   // text
	Faint Color = "var(--faint)" // axes and their labels
	Grid  Color = "var(--grid)"
	Band  Color = "var(--band)" // every other row of a chart with rows
	White Color = "#ffffff"
)

// Sizes in the units of the view box; the page scales them to its own width.
const (
	fontSize    = 10.5
	margin      = 10.0 // room for a dot or half a tick label at the edge
	tickGap     = 7.0  // between an axis and its tick labels
	labelHeight = 18.0
)

// Point is a place in the units of the axes, and the mark that is drawn there.
type Point struct {
	X, Y      float64
	Low, High float64 // ends of an interval, of X in a chart with rows and of Y elsewhere; equal or NaN = none
	Radius    float64 // of the dot, in units of the view box; 0 = no dot
	Note      string  // more to say of the point while the pointer is over it
}

// Series is a set of points that belong together.
type Series struct {
	Name    string
	Color   Color
	Width   float64 // of the line that joins the points; 0 = no line
	Opacity float64 // of the line and the dots; 0 = 1
	Dashed  bool
	Shift   float64 // to the right, in units of the view box
	Points  []Point
}

// Chart is a plot to which marks are added, each above those before it.
type Chart struct {
	width, height            float64
	left, top, right, bottom float64 // edges of the plotting area
	x, y                     Axis
	body                     strings.Builder
}

// New draws the axes of a chart of the given size; 740 by 300 fills the width of
// a page.
func New(width, height float64, x, y Axis) *Chart {
	c := &Chart{width: width, height: height, right: width - margin, top: margin, x: x, y: y}
	for _, t := range y.Ticks {
		c.left = max(c.left, textWidth(t.Label))
	}
	c.left += margin/2 + tickGap
	c.bottom = height - tickGap - fontSize - 2
	if x.Label != "" {
		c.bottom -= labelHeight
	}
	if y.Label != "" {
		c.top += labelHeight
	}
	c.axes()
	return c
}

// axes draws the bands, the grid, the axes and all labels.
func (c *Chart) axes() {
	for i := 1; c.y.Bands && i < len(c.y.Ticks); i += 2 {
		from, to := c.yAt(float64(i)-0.5), c.yAt(float64(i)+0.5)
		c.add(`<rect x="0" y="%.1f" width="%.1f" height="%.1f" rx="3" fill="%s"/>`, from, c.width, to-from, Band)
	}
	line := func(x0, y0, x1, y1, width float64, color Color) {
		c.add(`<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke-width="%g" stroke="%s"/>`, x0, y0, x1, y1, width, color)
	}
	for _, t := range c.x.Ticks {
		at := c.xAt(t.Value)
		if c.x.Grid {
			line(at, c.top, at, c.bottom, 0.7, Grid)
		}
		c.text(at, c.bottom+tickGap+fontSize/2, "middle", Ink, t.Label)
	}
	for _, t := range c.y.Ticks {
		at := c.yAt(t.Value)
		if c.y.Grid {
			line(c.left, at, c.right, at, 0.7, Grid)
		}
		c.text(c.left-tickGap, at, "end", Ink, t.Label)
	}
	if c.x.Min < 0 && c.x.Max > 0 {
		line(c.xAt(0), c.top, c.xAt(0), c.bottom, 1, Faint)
	}
	if c.y.Min < 0 && c.y.Max > 0 {
		line(c.left, c.yAt(0), c.right, c.yAt(0), 1, Faint)
	}
	line(c.left, c.bottom, c.right, c.bottom, 1, Faint)
	c.text((c.left+c.right)/2, c.height-fontSize*0.6, "middle", Faint, c.x.Label)
	c.text(0, fontSize*0.8, "start", Faint, c.y.Label)
}

func (c *Chart) xAt(value float64) float64 { return c.left + c.x.share(value)*(c.right-c.left) }
func (c *Chart) yAt(value float64) float64 { return c.bottom - c.y.share(value)*(c.bottom-c.top) }

// Draw adds the points of a series and the line that joins them. While the
// pointer is over a mark, its name and values are shown.
func (c *Chart) Draw(s Series) {
	if s.Opacity == 0 {
		s.Opacity = 1
	}
	var path, dashes string
	for _, p := range s.Points {
		path += fmt.Sprintf("%.1f,%.1f ", c.xAt(p.X)+s.Shift, c.yAt(p.Y))
	}
	if s.Dashed {
		dashes = ` stroke-dasharray="4 3"`
	}
	if s.Width > 0 && len(s.Points) > 1 {
		c.add(`<polyline points="%s" fill="none" stroke-linejoin="round" stroke="%s" stroke-width="%g" stroke-opacity="%g"%s>`,
			path, s.Color, s.Width, s.Opacity, dashes)
		c.add(`<title>%s</title></polyline>`, html.EscapeString(s.Name))
	}
	for _, p := range s.Points {
		if p.Radius > 0 {
			c.point(p, s)
		}
	}
}

// point draws an interval, the dot on it and, as their title, what they say.
func (c *Chart) point(p Point, s Series) {
	lines := []string{s.Name, c.y.describe(p.Y), c.x.describe(p.X), p.Note}
	along := 1 // the line that says the value of which there is an interval
	x0, x1, y0, y1 := p.X, p.X, p.Low, p.High
	if c.y.rows {
		along, x0, x1, y0, y1 = 2, p.Low, p.High, p.Y, p.Y
	}
	bar := ""
	if p.Low < p.High {
		lines[along] += fmt.Sprintf(" (%s to %s)", number(p.Low), number(p.High))
		bar = fmt.Sprintf(`<line x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f" stroke="%s" stroke-width="%.1f" stroke-opacity="0.5"/>`,
			c.xAt(x0)+s.Shift, c.yAt(y0), c.xAt(x1)+s.Shift, c.yAt(y1), s.Color, p.Radius*0.75)
	}
	c.add(`<g><title>%s</title>%s<circle cx="%.1f" cy="%.1f" r="%.1f" fill="%s" fill-opacity="%g"/></g>`,
		html.EscapeString(strings.TrimSpace(strings.Join(lines, "\n"))), bar, c.xAt(p.X)+s.Shift, c.yAt(p.Y), p.Radius, s.Color, s.Opacity)
}

// Bar fills a part of a row and writes a text into it if there is room. The note
// is shown while the pointer is over it.
func (c *Chart) Bar(row, from, to float64, fill, ink Color, text, note string) {
	x0, x1, y0, y1 := c.xAt(from), c.xAt(to), c.yAt(row-0.36), c.yAt(row+0.36)
	c.add(`<g><title>%s</title>`, html.EscapeString(note))
	c.add(`<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`, x0, y0, x1-x0, y1-y0, fill)
	if textWidth(text)+4 < x1-x0 {
		c.text((x0+x1)/2, c.yAt(row), "middle", ink, text)
	}
	c.add(`</g>`)
}

// Label writes a short text beside each point, on the side with the most room.
func (c *Chart) Label(points []Point, texts []string) {
	var taken []spot // by dots and texts
	for _, p := range points {
		taken = append(taken, spot{c.xAt(p.X), c.yAt(p.Y)})
	}
	for i, text := range texts {
		at := beside(taken[i], taken, c.bottom)
		taken = append(taken, at)
		c.text(at.x, at.y, "middle", Ink, text)
	}
}

// SVG is the finished chart as an element for a page. The description says what
// it shows to readers who do not see it.
func (c *Chart) SVG(description string) template.HTML {
	// All text is escaped where it is written; the rest is numbers and our own markup.
	box := fmt.Sprintf(`viewBox="0 0 %g %g" font-size="%g"`, c.width, c.height, fontSize)
	return template.HTML(fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" %s role="img" aria-label="%s">%s</svg>`,
		box, html.EscapeString(description), &c.body))
}

func (c *Chart) add(format string, values ...any) { fmt.Fprintf(&c.body, format, values...) }

// text is centred upright; anchor is start, middle or end.
func (c *Chart) text(x, y float64, anchor string, color Color, text string) {
	if text != "" {
		c.add(`<text x="%.1f" y="%.1f" dy="0.35em" text-anchor="%s" fill="%s">`, x, y, anchor, color)
		c.add(`%s</text>`, html.EscapeString(text))
	}
}

// textWidth estimates the width of a text in units of the view box.
func textWidth(text string) (width float64) {
	for _, r := range text {
		switch {
		case strings.ContainsRune("ijltfrI.,:;'|!()[] ", r):
			width += 0.34 * fontSize
		case r >= 0x2e80: // scripts of East Asia
			width += fontSize
		default:
			width += 0.63 * fontSize
		}
	}
	return width
}

// spot is a place in the view box.
type spot struct{ x, y float64 }

// beside is the spot around a dot, and above the axis, that is farthest from
// what is there.
func beside(dot spot, taken []spot, axis float64) spot {
	const away = 10
	best, bestRoom := dot, -1.0
	for k := range 8 {
		sin, cos := math.Sincos(float64(k) * math.Pi / 4)
		at := spot{dot.x + away*cos, dot.y - away*sin}
		if at.y > axis-away/2 {
			continue
		}
		room := 2.0 * away // more than that is as good
		for _, t := range taken {
			if t != dot {
				room = min(room, math.Hypot(at.x-t.x, at.y-t.y))
			}
		}
		if room > bestRoom+0.01 {
			best, bestRoom = at, room
		}
	}
	return best
}
