package report

import (
	"slices"
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/metric"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/ragft/abstain"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/stretchr/testify/require"
)

// The curve has a point for each threshold, the one in use as the large dot, and a curve for each kind of questions.
func TestTradeoffPlot(t *testing.T) {
	at := func(key string, value float64) eval.Metric {
		return eval.Metric{Key: key, Estimate: stats.Estimate{Value: value, N: 10}}
	}
	base := &eval.SystemResult{Name: "base", Metrics: []eval.Metric{at(metric.FalseRefusal, 0), at(metric.MadeUp, 1)}}
	tuned := &eval.SystemResult{Name: "tuned", Rule: &abstain.Rule{Threshold: 0.3}, Tradeoff: []eval.TradeoffPoint{
		{Threshold: 0, MadeUp: 1, MadeUpAbsent: 1, MadeUpAltered: 1, Correct: 0.4},
		{Threshold: 0.2, FalseRefusals: 0.1, MadeUp: 0.4, MadeUpAbsent: 0.1, MadeUpAltered: 0.7, Correct: 0.38},
		{Threshold: 0.5, FalseRefusals: 0.5, Correct: 0.2},
	}}
	systems := []*eval.SystemResult{base, tuned}
	require.Empty(t, plotTradeoff(systems, base), "a system without a rule has no curve")

	svg := string(plotTradeoff(systems, tuned))
	require.Equal(t, 1, strings.Count(svg, "<path")+strings.Count(svg, "<polyline"), "one curve")
	require.Equal(t, 2, strings.Count(svg, "<circle"), "the threshold in use, and the base")
	require.Contains(t, svg, "threshold 0.500, correct 20.0 %", "a rule of 0.3 declines what one of 0.5 does: all chances below it")
	require.NotContains(t, svg, "threshold 0.200")
	tuned.Tradeoff = slices.Insert(tuned.Tradeoff, 2, eval.TradeoffPoint{Threshold: 0.3, FalseRefusals: 0.5, Correct: 0.2})
	svg = string(plotTradeoff(systems, tuned))
	require.Contains(t, svg, "threshold 0.300, correct 20.0 %", "its own point")
	require.NotContains(t, svg, "threshold 0.500")
	require.Equal(t, 2, strings.Count(svg, "<circle"))

	tuned.Metrics = []eval.Metric{at(metric.MadeUpAbsent, 0.1), at(metric.MadeUpAltered, 0.7)}
	svg = string(plotTradeoff(systems, tuned))
	require.Equal(t, 2, strings.Count(svg, "<path")+strings.Count(svg, "<polyline"), "a curve for each kind")
	require.Equal(t, 3, strings.Count(svg, "<circle"))

	ruled := &eval.SystemResult{Name: "base, with a rule", Rule: tuned.Rule, Tradeoff: tuned.Tradeoff[:3]}
	svg = string(plotTradeoff(append(systems, ruled), tuned))
	require.Equal(t, 3, strings.Count(svg, "<path")+strings.Count(svg, "<polyline"), "a curve of the base, too")
	require.Equal(t, 4, strings.Count(svg, "<circle"))
	require.Contains(t, svg, "var(--s2)")
}
