package stats

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// By falling confidence: right, wrong, right, wrong.
func alternating() []Outcome {
	return []Outcome{{0.6, false}, {0.9, true}, {0.7, true}, {0.8, false}}
}

func TestRiskCoverage(t *testing.T) {
	got := RiskCoverage(alternating())
	want := []CurvePoint{{0.25, 0}, {0.5, 0.5}, {0.75, 1.0 / 3}, {1, 0.5}}
	require.Len(t, got, len(want))
	for i := range want {
		require.InDelta(t, want[i].Coverage, got[i].Coverage, 1e-12)
		require.InDelta(t, want[i].Risk, got[i].Risk, 1e-12)
	}
	require.Empty(t, RiskCoverage(nil))
	require.Empty(t, RiskCoverage([]Outcome{{math.NaN(), true}}), "an unknown confidence has no place in the order")
}

func TestAURC(t *testing.T) {
	// (0 + 1/2 + 1/3 + 2/4) / 4
	require.InDelta(t, 1.0/3, RankOutcomes(alternating()).Aurc(nil), 1e-12)
	// The best order has risks 0, 0, 1/3, 1/2, mean 5/24; 1/3 - 5/24 = 1/8.
	require.InDelta(t, 1.0/8, RankOutcomes(alternating()).Eaurc(nil), 1e-12)
	require.True(t, math.IsNaN(RankOutcomes(nil).Aurc(nil)))
	require.True(t, math.IsNaN(RankOutcomes(nil).Eaurc(nil)))
	perfect := []Outcome{{3, true}, {2, true}, {1, false}}
	require.InDelta(t, 0, RankOutcomes(perfect).Eaurc(nil), 1e-12)
	require.InDelta(t, 1.0/9, RankOutcomes(perfect).Aurc(nil), 1e-12)
}

func TestTiesDoNotDependOnOrder(t *testing.T) {
	a := []Outcome{{0.5, true}, {0.5, false}, {0.5, false}, {0.5, true}}
	b := []Outcome{{0.5, false}, {0.5, false}, {0.5, true}, {0.5, true}}
	for _, o := range [][]Outcome{a, b} {
		require.InDelta(t, 0.5, RankOutcomes(o).Aurc(nil), 1e-12, "every step carries the mean risk")
		require.InDelta(t, 0.5, RankOutcomes(o).Auroc(nil), 1e-12)
	}
	require.Equal(t, RiskCoverage(a), RiskCoverage(b))
}

func TestAUROC(t *testing.T) {
	// Pairs of right and wrong: .9>.8, .9>.6, .7<.8, .7>.6.
	require.InDelta(t, 0.75, RankOutcomes(alternating()).Auroc(nil), 1e-12)
	// One tie, counted as half, of two pairs.
	require.InDelta(t, 0.75, RankOutcomes([]Outcome{{0.5, true}, {0.5, false}, {0.4, false}}).Auroc(nil), 1e-12)
	require.True(t, math.IsNaN(RankOutcomes([]Outcome{{0.5, true}}).Auroc(nil)), "no wrong answer to rank")
}

func TestECE(t *testing.T) {
	// Each in a bin of its own: (.1 + .8 + .3 + .6) / 4.
	require.InDelta(t, 0.45, ECE(alternating()), 1e-12)
	// One bin: accuracy 2/3, confidence .96.
	require.InDelta(t, 0.96-2.0/3, ECE([]Outcome{{0.95, true}, {0.97, true}, {0.96, false}}), 1e-12)
	require.InDelta(t, 0, ECE([]Outcome{{1, true}, {0, false}}), 1e-12, "both ends have a bin")
	require.True(t, math.IsNaN(ECE(nil)))
}

func TestReliability(t *testing.T) {
	bins := Reliability([]Outcome{{0.95, true}, {0.97, false}, {0, false}})
	require.Len(t, bins, ReliabilityBins)
	require.Equal(t, 1, bins[0].N)
	last := bins[ReliabilityBins-1]
	require.Equal(t, 2, last.N)
	require.InDelta(t, 0.96, last.Confidence, 1e-12)
	require.InDelta(t, 0.5, last.Accuracy, 1e-12)
	require.InDelta(t, 14.0/15, last.Low, 1e-12)
}

func TestBrier(t *testing.T) {
	// (.6² + .1² + .3² + .8²) / 4
	require.InDelta(t, 0.275, RankOutcomes(alternating()).Brier(nil), 1e-12)
	require.True(t, math.IsNaN(RankOutcomes(nil).Brier(nil)))
}

// A weight of 2 must be the same as the outcome twice.
func TestWeightsAreCopies(t *testing.T) {
	outcomes := alternating()
	weights := []float64{2, 0, 1, 3}
	var copies []Outcome
	for i, w := range weights {
		for range int(w) {
			copies = append(copies, outcomes[i])
		}
	}
	weighted, plain := RankOutcomes(outcomes), RankOutcomes(copies)
	for name, metric := range map[string]func(Ranking, []float64) float64{
		"aurc": Ranking.Aurc, "eaurc": Ranking.Eaurc, "auroc": Ranking.Auroc, "ece": Ranking.Ece, "brier": Ranking.Brier,
	} {
		require.InDelta(t, metric(plain, nil), metric(weighted, weights), 1e-12, name)
	}
}
