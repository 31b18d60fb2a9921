package stats

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// With a signal that is 0 or 1, the fit without a penalty would give each group its share of right answers. With many
// answers the penalty of 1/2 weighs nothing.
func TestLogisticMatchesShares(t *testing.T) {
	var points []Observation
	add := func(x float64, right, wrong int) {
		for range right {
			points = append(points, Observation{Features: map[string]float64{"x": x}, Correct: true})
		}
		for range wrong {
			points = append(points, Observation{Features: map[string]float64{"x": x}, Correct: false})
		}
	}
	add(0, 2000, 8000)
	add(1, 9000, 1000)
	c, err := FitLogistic(points, []string{"x"}, 1)
	require.NoError(t, err)
	require.InDelta(t, 0.2, c.Probability(map[string]float64{"x": 0}), 1e-3)
	require.InDelta(t, 0.9, c.Probability(map[string]float64{"x": 1}), 1e-3)
	require.Equal(t, 20000, c.N)
	mean := c.Probability(map[string]float64{})
	require.Equal(t, mean, c.Probability(map[string]float64{"x": math.NaN()}))
	require.Equal(t, mean, c.Probability(map[string]float64{"x": c.Mean[0]}))
}

// With a penalty of r the same case solves w = 2 / (1 + e^w) / r.
func TestLogisticPenalty(t *testing.T) {
	points := []Observation{{Features: map[string]float64{"x": -1}}, {Features: map[string]float64{"x": 1}, Correct: true}}
	c, err := FitLogistic(points, []string{"x"}, 10)
	require.NoError(t, err)
	require.InDelta(t, 2/(1+math.Exp(c.Weight[0]))/10, c.Weight[0], 1e-9)
	require.InDelta(t, c.Bias+c.Weight[0], c.Odds(map[string]float64{"x": 1}), 1e-9)
}

// A case by hand: one signal at -1 (wrong) and +1 (right), penalty 1/2 w^2. By symmetry the bias is 0, and w solves
// w = 2 (1 - s(w)), the gradient of two points: w = 2 / (1 + e^w) gives w = 0.6748.
func TestLogisticByHand(t *testing.T) {
	c, err := FitLogistic(
		[]Observation{{Features: map[string]float64{"x": -1}, Correct: false}, {Features: map[string]float64{"x": 1}, Correct: true}},
		[]string{"x"}, 1,
	)
	require.NoError(t, err)
	require.InDelta(t, 0, c.Bias, 1e-9)
	w := c.Weight[0]
	require.InDelta(t, w, 2/(1+math.Exp(w)), 1e-9)
	require.InDelta(t, 0.6748, w, 1e-4)
}

func TestLogisticTakesTheUsefulSignal(t *testing.T) {
	var points []Observation
	for i := range 400 {
		useful := float64(i%100) / 100
		noise := float64((i*37)%101) / 101
		points = append(points, Observation{Features: map[string]float64{"useful": useful, "noise": noise, "flat": 3}, Correct: useful > 0.4})
	}
	c, err := FitLogistic(points, []string{"useful", "noise", "flat"}, 1)
	require.NoError(t, err)
	require.Greater(t, c.Weight[0], 10*math.Abs(c.Weight[1]))
	require.Zero(t, c.Weight[2])
	require.Greater(t, c.Probability(map[string]float64{"useful": 0.9, "noise": 0.5, "flat": 3}), 0.9)
	require.Less(t, c.Probability(map[string]float64{"useful": 0.1, "noise": 0.5, "flat": 3}), 0.1)
}

func TestLogisticNeedsBothOutcomes(t *testing.T) {
	for _, points := range [][]Observation{
		nil, {{Features: map[string]float64{"x": 1}, Correct: true}},
		{{Features: map[string]float64{"x": 1}, Correct: false}, {Features: map[string]float64{"x": 2}, Correct: false}},
	} {
		_, err := FitLogistic(points, []string{"x"}, 1)
		require.ErrorContains(t, err, "it takes right and wrong answers and a signal")
	}
	_, err := FitLogistic(
		[]Observation{{Features: map[string]float64{"x": 1}, Correct: true}, {Features: map[string]float64{"x": 2}, Correct: false}},
		nil, 1,
	)
	require.ErrorContains(t, err, "it takes right and wrong answers and a signal")
}
