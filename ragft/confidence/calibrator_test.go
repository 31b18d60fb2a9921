package confidence

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// With a signal that is 0 or 1, the fit without a penalty would give each group its share of right answers. With many
// answers the penalty of 1/2 weighs nothing.
func TestCalibratorMatchesShares(t *testing.T) {
	var points []Point
	add := func(x float64, right, wrong int) {
		for range right {
			points = append(points, Point{Signals: Signals{"x": x}, Correct: true})
		}
		for range wrong {
			points = append(points, Point{Signals: Signals{"x": x}, Correct: false})
		}
	}
	add(0, 2000, 8000)
	add(1, 9000, 1000)
	c, err := FitCalibrator(points, []string{"x"})
	require.NoError(t, err)
	require.InDelta(t, 0.2, c.Probability(Signals{"x": 0}), 1e-3)
	require.InDelta(t, 0.9, c.Probability(Signals{"x": 1}), 1e-3)
	require.Equal(t, 20000, c.N)
	mean := c.Probability(Signals{})
	require.Equal(t, mean, c.Probability(Signals{"x": math.NaN()}))
	require.Equal(t, mean, c.Probability(Signals{"x": c.Mean[0]}))
}

// A case by hand: one signal at -1 (wrong) and +1 (right), penalty 1/2 w^2. By symmetry the bias is 0, and w solves
// w = 2 (1 - s(w)), the gradient of two points: w = 2 / (1 + e^w) gives w = 0.6748.
func TestCalibratorByHand(t *testing.T) {
	c, err := FitCalibrator([]Point{{Signals: Signals{"x": -1}, Correct: false}, {Signals: Signals{"x": 1}, Correct: true}}, []string{"x"})
	require.NoError(t, err)
	require.InDelta(t, 0, c.Bias, 1e-9)
	w := c.Weight[0]
	require.InDelta(t, w, 2/(1+math.Exp(w)), 1e-9)
	require.InDelta(t, 0.6748, w, 1e-4)
}

func TestCalibratorTakesTheUsefulSignal(t *testing.T) {
	var points []Point
	for i := range 400 {
		useful := float64(i%100) / 100
		noise := float64((i*37)%101) / 101
		points = append(points, Point{Signals: Signals{"useful": useful, "noise": noise, "flat": 3}, Correct: useful > 0.4})
	}
	c, err := FitCalibrator(points, []string{"useful", "noise", "flat"})
	require.NoError(t, err)
	require.Greater(t, c.Weight[0], 10*math.Abs(c.Weight[1]))
	require.Zero(t, c.Weight[2])
	require.Greater(t, c.Probability(Signals{"useful": 0.9, "noise": 0.5, "flat": 3}), 0.9)
	require.Less(t, c.Probability(Signals{"useful": 0.1, "noise": 0.5, "flat": 3}), 0.1)
}

func TestCalibratorNeedsBothOutcomes(t *testing.T) {
	for _, points := range [][]Point{nil, {{Signals: Signals{"x": 1}, Correct: true}}, {{Signals: Signals{"x": 1}, Correct: false}, {Signals: Signals{"x": 2}, Correct: false}}} {
		_, err := FitCalibrator(points, []string{"x"})
		require.ErrorIs(t, err, ErrUncalibrated)
	}
	_, err := FitCalibrator([]Point{{Signals: Signals{"x": 1}, Correct: true}, {Signals: Signals{"x": 2}, Correct: false}}, nil)
	require.ErrorIs(t, err, ErrUncalibrated)
}
