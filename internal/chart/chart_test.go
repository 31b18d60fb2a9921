package chart

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// elements reads an SVG strictly and counts its elements by name.
func elements(t *testing.T, svg string) map[string]int {
	t.Helper()
	counts := map[string]int{}
	for d := xml.NewDecoder(strings.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return counts
		}
		require.NoError(t, err)
		if start, ok := token.(xml.StartElement); ok {
			counts[start.Name.Local]++
		}
	}
}

func TestChart(t *testing.T) {
	c := New(400, 200, Linear("x <units>", 0, 10, 5), Rounded("y", -1, 1))
	c.Draw(Series{Name: "a & b", Color: Ink, Width: 2, Dashed: true, Points: []Point{{}, {X: 5, Y: 0.5}, {X: 10, Y: 1}}})
	c.Draw(Series{Color: "red", Width: 3, Shift: 2.5, Points: []Point{{}, {X: 10}}})
	c.Draw(Series{Name: "a single point is no line", Width: 2, Points: []Point{{}}})
	c.Draw(Series{Name: "<d>", Color: Ink, Points: []Point{
		{X: 5, Y: 0.25, Low: -0.5, High: 0.5, Radius: 4, Note: "3 < 4"}, {X: 6, Low: math.NaN(), High: math.NaN(), Radius: 4},
	}})
	svg := string(c.SVG(`a "figure" of <things>`))

	counts := elements(t, svg)
	require.Equal(t, 2, counts["polyline"])
	require.Contains(t, svg, fmt.Sprintf(`points="%.1f,`, c.xAt(0)+2.5), "shifted")
	require.Equal(t, 2, counts["circle"])
	require.Equal(t, 4, counts["title"])
	require.Contains(t, svg, `aria-label="a &#34;figure&#34; of &lt;things&gt;"`)
	require.Contains(t, svg, "x &lt;units&gt;")
	require.Contains(t, svg, "<title>&lt;d&gt;\ny: 0.25 (−0.5 to 0.5)\nx &lt;units&gt;: 5\n3 &lt; 4</title>")
	require.NotContains(t, svg, "NaN")
	require.Equal(t, []float64{c.left, c.right, c.bottom, c.top}, []float64{c.xAt(0), c.xAt(10), c.yAt(-1), c.yAt(1)})
}

func TestRows(t *testing.T) {
	y := Rows([]string{"first", "second"})
	y.Bands = true
	c := New(400, 100, Linear("share", 0, 1, 0), y)
	c.Draw(Series{Name: "s", Points: []Point{{X: 0.5, Y: 1.2, Low: 0.25, High: 1, Radius: 4}}})
	c.Bar(0, 0, 1, Ink, White, "fits", "all & more")
	c.Bar(1, 0, 0.01, Ink, White, "does not fit", "")
	svg := string(c.SVG(""))
	require.Equal(t, 3, elements(t, svg)["rect"])
	require.Equal(t, 1, strings.Count(svg, string(Band)))
	require.Contains(t, svg, "<title>s\nsecond\nshare: 0.5 (0.25 to 1)</title>")
	require.Contains(t, svg, "<title>all &amp; more</title>")
	require.Contains(t, svg, ">fits<")
	require.NotContains(t, svg, "does not fit")
	require.Less(t, c.yAt(0), c.yAt(1), "row 0 is on top")
	require.Greater(t, New(400, 100, c.x, Rows([]string{"a much longer name"})).left, c.left, "names have the room that they need")
}

func labels(a Axis) (out []string) {
	for _, t := range a.Ticks {
		out = append(out, t.Label)
	}
	return out
}

func TestLinear(t *testing.T) {
	require.Equal(t, []string{"0", "20", "40", "60", "80", "100"}, labels(Linear("", 0, 100, 0)))
	require.Equal(t, []string{"−0.5", "0.0", "0.5"}, labels(Linear("", -0.7, 0.7, 0.5)))
	require.Equal(t, []string{"0.00", "0.05", "0.10", "0.15", "0.20", "0.25", "0.30"}, labels(Linear("", 0, 0.3, 0)))
	require.Equal(t, []string{"0", "5000", "10000", "15000"}, labels(Linear("", 0, 17000, 5000)))
	flat := Linear("", 3, 3, 0)
	require.Greater(t, flat.Max, flat.Min)
	for _, c := range [][4]float64{{0, 2.3, 0, 2.5}, {-0.07, 0.31, -0.1, 0.4}, {0, 0.3, 0, 0.3}, {-38, 100, -40, 100}, {0, 0, 0, 1}} {
		a := Rounded("", c[0], c[1])
		require.InDelta(t, c[2], a.Min, 1e-9, "%v", c)
		require.InDelta(t, c[3], a.Max, 1e-9, "%v", c)
	}
}

func TestNumber(t *testing.T) {
	for x, want := range map[float64]string{12345.6: "12346", 33.3333: "33.33", -0.5: "−0.5", 0: "0", 0.012345: "0.01235"} {
		require.Equal(t, want, number(x))
	}
}

func TestNiceStep(t *testing.T) {
	for span, want := range map[float64]float64{5: 1, 10: 2, 200: 50, 0.3: 0.05, 2.6: 0.5, 1000: 200, 45: 10} {
		require.InDelta(t, want, NiceStep(span), 1e-9, "span %v", span)
	}
}

func TestLogRange(t *testing.T) {
	for _, c := range []struct {
		least, most float64
		first, last string
	}{{0.03, 0.4, "0.02", "0.5"}, {0.02, 0.5, "0.02", "0.5"}, {40, 900, "20", "1000"}, {0.003, 70, "0.001", "100"}, {3, 3, "2", "5"}} {
		a := Log("", c.least, c.most)
		marks := labels(a)
		require.Equal(t, []string{c.first, c.last}, []string{marks[0], marks[len(marks)-1]}, "%v to %v", c.least, c.most)
		require.LessOrEqual(t, a.Min, c.least*(1+1e-9))
		require.GreaterOrEqual(t, a.Max, c.most*(1-1e-9))
		require.InDelta(t, 0.5, a.share(math.Sqrt(a.Min*a.Max)), 1e-9)
	}
}

func TestBesideDot(t *testing.T) {
	dot := spot{50, 50}
	require.Equal(t, spot{60, 50}, beside(dot, []spot{dot}, 100), "to the right where nothing is near")
	require.Less(t, beside(dot, []spot{dot, {60, 45}}, 55).y, 55.0, "not below the axis")
	require.Less(t, beside(dot, []spot{dot, {62, 50}}, 100).x, 50.0, "away from a neighbour")
}

func TestLabel(t *testing.T) {
	c := New(400, 200, Linear("", 0, 10, 0), Linear("", 0, 10, 0))
	before := elements(t, string(c.SVG("")))["text"]
	c.Label([]Point{{X: 1, Y: 1}, {X: 1, Y: 1.2}, {X: 9, Y: 9}}, []string{"1", "2", "<3>"})
	svg := string(c.SVG(""))
	require.Equal(t, before+3, elements(t, svg)["text"])
	require.Contains(t, svg, "&lt;3&gt;")
}
