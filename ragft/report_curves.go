package ragft

import (
	"encoding/json"
	"html/template"
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// LossPoint is one report of the training: the loss in nats per token.
type LossPoint struct {
	Step    int
	Train   float64 // NaN = not measured at this step
	HeldOut float64 // NaN = not measured at this step
}

type lossPointJSON struct {
	Step    int      `json:"step"`
	Train   *float64 `json:"train,omitempty"`
	HeldOut *float64 `json:"held_out,omitempty"`
}

// MarshalJSON leaves out what was not measured.
func (p LossPoint) MarshalJSON() ([]byte, error) {
	return json.Marshal(lossPointJSON{p.Step, finite(p.Train), finite(p.HeldOut)})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (p *LossPoint) UnmarshalJSON(data []byte) error {
	var in lossPointJSON
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	*p = LossPoint{in.Step, orNaN(in.Train), orNaN(in.HeldOut)}
	return nil
}

// plotRiskCoverage shows the share of wrong answers as less certain ones are
// added; empty where no system tells its confidence.
func plotRiskCoverage(systems []*SystemResult, colors []color.NRGBA) (template.HTML, error) {
	any, top := false, 0.2
	for _, s := range systems {
		any = any || len(s.Curve) > 0
		for i, p := range s.Curve {
			// The first few answers alone would set the scale.
			if i >= len(s.Curve)/20 {
				top = max(top, p.Risk)
			}
		}
	}
	if !any {
		return "", nil
	}
	top = min(1, math.Ceil(top*5)/5)
	c := newChart("answered, % of all questions", "wrong, % of the answers", plotHalf, 260)
	axisRange(&c.X, 0, 100, 20, "%.0f")
	axisRange(&c.Y, 0, 100*top, 20, "%.0f")
	c.grid(true, true)
	c.Add(drawer(func(dc draw.Canvas, x, y func(float64) vg.Length) {
		for i, s := range systems {
			var points []vg.Point
			for _, p := range s.Curve {
				points = append(points, vg.Point{X: x(100 * p.Coverage), Y: y(100 * min(p.Risk, top))})
			}
			if len(points) == 0 {
				continue
			}
			dc.StrokeLines(draw.LineStyle{Color: colors[i], Width: 2}, points)
			end := points[len(points)-1]
			dot(dc, end.X, end.Y, 4, colors[i])
		}
	}))
	return c.svg("Risk-coverage curve: share of wrong answers against the share of questions answered, most confident first")
}

// plotReliability shows accuracy against confidence; the area of a dot is the
// number of answers.
func plotReliability(systems []*SystemResult, colors []color.NRGBA) (template.HTML, error) {
	most := 0
	for _, s := range systems {
		for _, b := range s.Reliability {
			most = max(most, b.N)
		}
	}
	if most == 0 {
		return "", nil
	}
	c := newChart("confidence, %", "correct, % of the answers", plotHalf, 260)
	axisRange(&c.X, 0, 100, 20, "%.0f")
	axisRange(&c.Y, 0, 100, 20, "%.0f")
	c.grid(true, true)
	c.Add(drawer(func(dc draw.Canvas, x, y func(float64) vg.Length) {
		diagonal := draw.LineStyle{Color: faintColor, Width: 1, Dashes: []vg.Length{4, 3}}
		dc.StrokeLine2(diagonal, x(0), y(0), x(100), y(100))
		for i, s := range systems {
			var points []vg.Point
			for _, b := range s.Reliability {
				if b.N > 0 {
					at := vg.Point{X: x(100 * b.Confidence), Y: y(100 * b.Accuracy)}
					points = append(points, at)
					dot(dc, at.X, at.Y, 2+vg.Length(6*math.Sqrt(float64(b.N)/float64(most))), fade(colors[i], 0xc0))
				}
			}
			if len(points) > 1 {
				dc.StrokeLines(draw.LineStyle{Color: fade(colors[i], 0x90), Width: 1}, points)
			}
		}
	}))
	return c.svg("Reliability diagram: share of correct answers against confidence in 15 bins")
}

// plotLoss shows the training loss, with a running mean, and the held-out
// loss; empty without points.
func plotLoss(points []LossPoint, train, heldOut color.NRGBA) (template.HTML, error) {
	raw, held := lossSeries(points, func(p LossPoint) float64 { return p.Train }),
		lossSeries(points, func(p LossPoint) float64 { return p.HeldOut })
	all := append(append([]vector{}, raw...), held...)
	if len(all) == 0 {
		return "", nil
	}
	c := newChart("step", "loss, nats per token", plotWide, 240)
	var steps, top float64
	for _, p := range all {
		steps, top = max(steps, p.x), max(top, p.y)
	}
	if steps == 0 || top == 0 {
		steps, top = max(steps, 1), max(top, 1)
	}
	axisRange(&c.X, 0, steps, max(1, niceStep(steps)), "%.0f")
	axisRange(&c.Y, 0, top, niceStep(top), "%.4g")
	c.grid(true, true)
	c.Add(drawer(func(dc draw.Canvas, x, y func(float64) vg.Length) {
		curve := func(points []vector, style draw.LineStyle) {
			var path []vg.Point
			for _, p := range points {
				path = append(path, vg.Point{X: x(p.x), Y: y(p.y)})
			}
			if len(path) > 1 {
				dc.StrokeLines(style, path)
			}
		}
		curve(raw, draw.LineStyle{Color: fade(train, 0x70), Width: 0.8})
		curve(runningMean(raw), draw.LineStyle{Color: train, Width: 2})
		curve(held, draw.LineStyle{Color: heldOut, Width: 2})
		for _, p := range held {
			dot(dc, x(p.x), y(p.y), 3, heldOut)
		}
	}))
	return c.svg("Training loss and held-out loss by step")
}

type vector struct{ x, y float64 }

func lossSeries(points []LossPoint, value func(LossPoint) float64) []vector {
	var out []vector
	for _, p := range points {
		if v := value(p); finite(v) != nil && v >= 0 && p.Step >= 0 {
			out = append(out, vector{float64(p.Step), v})
		}
	}
	return out
}

// runningMean is a mean over the last points that forgets slowly: the more
// points, the slower.
func runningMean(points []vector) []vector {
	keep := 1 - 1/(1+float64(len(points))/40)
	out := make([]vector, 0, len(points))
	mean, weight := 0.0, 0.0
	for _, p := range points {
		mean = keep*mean + (1-keep)*p.y
		weight = keep*weight + (1 - keep)
		out = append(out, vector{p.x, mean / weight})
	}
	return out
}

// niceStep is 1, 2 or 5 times a power of ten that divides a span into about
// five parts.
func niceStep(span float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(span/5)))
	switch part := span / 5 / power; {
	case part < 1.5:
		return power
	case part < 3.5:
		return 2 * power
	case part < 7.5:
		return 5 * power
	default:
		return 10 * power
	}
}
