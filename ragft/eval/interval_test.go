package eval

import (
	"math/rand/v2"
	"testing"

	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/stretchr/testify/require"
)

// The share of intervals that hold the true rate must be near 95%.
func TestIntervalCoverage(t *testing.T) {
	const trials, n, resamples, truth = 400, 120, 300, 0.3
	rng := rand.New(rand.NewPCG(7, 7))
	groups := stats.Apart(n)
	hits := 0
	for trial := range trials {
		records := make([]Record, n)
		for i := range records {
			records[i] = Record{Verdict: answer.Incorrect}
			if rng.Float64() < truth {
				records[i].Verdict = answer.Correct
			}
		}
		def := binaryRate("x", "x", "", 1, isAny, isCorrect)
		m := newMeasure(def, records, stats.Ranking{})
		samples := stats.NewResampler(groups, uint64(trial))
		boot := make([]float64, resamples)
		for b := range boot {
			boot[b] = m.value(samples.Next())
		}
		if e := m.estimate(boot, groups); e.Low <= truth && truth <= e.High {
			hits++
		}
	}
	share := float64(hits) / trials
	require.Greater(t, share, 0.90)
	require.Less(t, share, 0.985)
}

// Questions of one group may all be alike: 100 equal outcomes in 20 groups say as much as 20.
func TestEqualOutcomesCountByGroup(t *testing.T) {
	records, groups := make([]Record, 100), make([]int, 100)
	for i := range records {
		records[i], groups[i] = Record{Verdict: answer.Incorrect}, i/5
	}
	m := newMeasure(binaryRate("x", "x", "", 1, isAny, isCorrect), records, stats.Ranking{})
	e := m.estimate(make([]float64, 100), groups)
	_, high := stats.SameScores(0, 0, 1, 20)
	require.Zero(t, e.Low)
	require.InDelta(t, high, e.High, 1e-12)
}
