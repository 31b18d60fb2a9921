package report

import (
	"fmt"
	"html/template"
	"math"
	"slices"

	"github.com/ragft/ragft/internal/chart"
	"github.com/ragft/ragft/internal/metric"
	"github.com/ragft/ragft/internal/plural"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/internal/trainlog"
	"github.com/ragft/ragft/ragft/eval"
)

// plotRiskCoverage shows the share of wrong answers as less confident ones are added; empty
// without confidences.
func plotRiskCoverage(systems []*eval.SystemResult, colors []chart.Color) template.HTML {
	any, top := false, 0.2
	for _, s := range systems {
		any = any || len(s.Curve) > 0
		for i, p := range s.Curve {
			// Otherwise the first few answers would set the scale.
			if i >= len(s.Curve)/20 {
				top = max(top, p.Risk)
			}
		}
	}
	if !any {
		return ""
	}
	top = 100 * min(1, math.Ceil(top*5)/5)
	c := chart.New(
		plotHalf,
		260,
		chart.Linear("answered, % of all questions", 0, 100, 20),
		chart.Linear("wrong, % of the answers", 0, top, 0),
	)
	for i, s := range systems {
		line := chart.Series{Name: s.Name, Color: colors[i], Width: 2}
		for _, p := range s.Curve {
			line.Points = append(line.Points, chart.Point{X: 100 * p.Coverage, Y: min(100*p.Risk, top)})
		}
		if n := len(line.Points); n > 0 {
			line.Points[n-1].Radius = 4
		}
		c.Draw(line)
	}
	return c.SVG("Risk-coverage curve: share of wrong answers by share of questions answered, most confident first")
}

// plotTradeoff shows the made-up answers at each rate of false refusals that the rule of a system can have, the threshold of the
// rule as a large dot, and where the systems without a rule are; empty if the tuned system has none.
func plotTradeoff(systems []*eval.SystemResult, tuned *eval.SystemResult) template.HTML {
	if tuned.Rule == nil || len(tuned.Tradeoff) == 0 {
		return ""
	}
	c := chart.New(plotWide, 300, chart.Linear("false refusals, % of questions whose answer was shown", 0, 100, 20),
		chart.Linear("made up, % of questions without an answer", 0, 100, 20))
	for i, s := range systems {
		if s.Rule != nil && len(s.Tradeoff) > 0 {
			for _, line := range tradeoffLines(s, systemColor(i)) {
				c.Draw(line)
			}
			continue
		}
		refused, madeUp := s.Estimate(metric.FalseRefusal), s.Estimate(metric.MadeUp)
		if !refused.Defined() || !madeUp.Defined() {
			continue
		}
		c.Draw(chart.Series{Name: s.Name, Color: systemColor(i), Points: []chart.Point{
			{X: 100 * refused.Value, Y: 100 * madeUp.Value, Radius: 4},
		}})
	}
	return c.SVG("Made-up answers by false refusals, for every threshold of the rule; the large dot is the one in use")
}

// tradeoffLines are the curves of all unanswerable questions or, if there are both, of the two kinds of them.
func tradeoffLines(s *eval.SystemResult, color chart.Color) []chart.Series {
	absent := chart.Series{Name: s.Name + ": no document is about it", Color: color, Width: 2}
	altered := chart.Series{Name: s.Name + ": a document does not say", Color: color, Width: 2, Dashed: true}
	all := chart.Series{Name: s.Name + ": without an answer", Color: color, Width: 2}
	kinds := s.Estimate(metric.MadeUpAbsent).Defined() && s.Estimate(metric.MadeUpAltered).Defined()
	add := func(s *chart.Series, p eval.TradeoffPoint, y float64, inUse bool) {
		at := chart.Point{
			X:    100 * p.FalseRefusals,
			Y:    100 * y,
			Note: fmt.Sprintf("threshold %.3f, correct %.1f %%", p.Threshold, 100*p.Correct),
		}
		if inUse {
			at.Radius = 5
		}
		s.Points = append(s.Points, at)
	}
	for i, p := range s.Tradeoff {
		// The rule's own, or where an older evaluation has none the next, which declines the same.
		inUse := p.Threshold >= s.Rule.Threshold && (i == 0 || s.Tradeoff[i-1].Threshold < s.Rule.Threshold)
		add(&all, p, p.MadeUp, inUse)
		add(&absent, p, p.MadeUpAbsent, inUse)
		add(&altered, p, p.MadeUpAltered, inUse)
	}
	if kinds {
		return []chart.Series{absent, altered}
	}
	return []chart.Series{all}
}

// plotReliability shows accuracy by confidence; the area of a dot is the number of answers.
func plotReliability(systems []*eval.SystemResult, colors []chart.Color) template.HTML {
	most := 0
	for _, s := range systems {
		for _, b := range s.Reliability {
			most = max(most, b.N)
		}
	}
	if most == 0 {
		return ""
	}
	c := chart.New(plotHalf, 260, chart.Linear("confidence, %", 0, 100, 20), chart.Linear("correct, % of the answers", 0, 100, 20))
	diagonal := []chart.Point{{X: 0, Y: 0}, {X: 100, Y: 100}}
	c.Draw(chart.Series{Name: "confidence equal to accuracy", Color: chart.Faint, Width: 1, Dashed: true, Points: diagonal})
	for i, s := range systems {
		line := chart.Series{Name: s.Name, Color: colors[i], Width: 1, Opacity: 0.7}
		for _, b := range s.Reliability {
			if b.N > 0 {
				line.Points = append(line.Points, chart.Point{
					X: 100 * b.Confidence, Y: 100 * b.Accuracy, Radius: 2 + 6*math.Sqrt(float64(b.N)/float64(most)), Note: plural.N(b.N, "answer"),
				})
			}
		}
		c.Draw(line)
	}
	return c.SVG("Reliability diagram: share of correct answers by confidence, in 15 bins")
}

// plotLoss shows the training loss, with a running mean, and the held-out
// loss; empty without points.
func plotLoss(points []trainlog.LossPoint, train, heldOut chart.Color) template.HTML {
	measured := func(value func(trainlog.LossPoint) float64, radius float64) (out []chart.Point) {
		for _, p := range points {
			if v := value(p); stats.IsFinite(v) && v >= 0 && p.Step >= 0 {
				out = append(out, chart.Point{X: float64(p.Step), Y: v, Radius: radius})
			}
		}
		return out
	}
	raw := measured(func(p trainlog.LossPoint) float64 { return p.Train }, 0)
	held := measured(func(p trainlog.LossPoint) float64 { return p.HeldOut }, 3)
	if len(raw)+len(held) == 0 {
		return ""
	}
	steps, top := 1.0, 0.0
	for _, p := range slices.Concat(raw, held) {
		steps, top = max(steps, p.X), max(top, p.Y)
	}
	c := chart.New(
		plotWide,
		260,
		chart.Linear("step", 0, steps, max(1, chart.NiceStep(steps))),
		chart.Rounded("loss, nats per token", 0, top),
	)
	c.Draw(chart.Series{Name: "training loss", Color: train, Width: 0.8, Opacity: 0.5, Points: raw})
	c.Draw(chart.Series{Name: "training loss, running mean", Color: train, Width: 2, Points: runningMean(raw)})
	c.Draw(chart.Series{Name: "held-out loss", Color: heldOut, Width: 2, Points: held})
	return c.SVG("Training loss and held-out loss by step")
}

// runningMean is an exponential mean; the more points, the smoother.
func runningMean(points []chart.Point) []chart.Point {
	keep := 1 - 1/(1+float64(len(points))/40)
	out := make([]chart.Point, 0, len(points))
	mean, weight := 0.0, 0.0
	for _, p := range points {
		mean = keep*mean + (1-keep)*p.Y
		weight = keep*weight + (1 - keep)
		out = append(out, chart.Point{X: p.X, Y: mean / weight})
	}
	return out
}
