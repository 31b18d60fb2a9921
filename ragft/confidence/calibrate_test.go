package confidence_test

import (
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"testing"

	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/internal/signals"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/stretchr/testify/require"
)

func TestCalibrate(t *testing.T) {
	points, conditions := fixture.PointsOf(t, fixture.Sure(2000), "s")
	c, err := confidence.Calibrate(points, conditions, confidence.Options{Risk: 0.1})
	require.NoError(t, err)
	require.Equal(t, []string{signals.LogProb, signals.Retrieval}, c.Calibrator.Names)
	require.Equal(t, 1.0, *c.After.AUROC)
	require.Equal(t, 0.5, *c.Before.AUROC, "the log probability is always the same")
	require.InDelta(t, 0.5, c.Guarantee.Coverage, 0.05)
	require.Zero(t, c.Guarantee.Wrong)
	require.Equal(t, 3, c.Conditions.Signals.Consistency)
	require.InDelta(t, 1000, c.Calibrator.N+c.Guarantee.N, 0, "refusals take no part")

	path := filepath.Join(t.TempDir(), "calibration.json")
	require.NoError(t, c.WriteFile(path))
	back, err := confidence.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, c, back)
}

func TestCalibrateNeedsEnough(t *testing.T) {
	_, _, err := fixture.Sure(8).Points("none")
	require.ErrorIs(t, err, confidence.ErrUncalibrated)
	_, err = confidence.Calibrate(nil, confidence.Conditions{System: "s"}, confidence.Options{})
	require.ErrorIs(t, err, confidence.ErrUncalibrated)
	points, conditions := fixture.PointsOf(t, fixture.Sure(60), "s")
	c, err := confidence.Calibrate(points, conditions, confidence.Options{Risk: 0.01})
	require.ErrorIs(t, err, confidence.ErrNoGuarantee)
	require.NotNil(t, c)
	for _, o := range []confidence.Options{{Risk: -0.1}, {Delta: -1}, {Development: -0.5}, {Development: 1}, {Risk: 1}} {
		_, err := confidence.Calibrate(points, conditions, o)
		require.Error(t, err, "%+v", o)
		require.NotErrorIs(t, err, confidence.ErrNoGuarantee)
	}
}

// Questions about one paragraph are on one side, and are resampled together.
func TestCalibrationTakesGroupsTogether(t *testing.T) {
	points, conditions := fixture.PointsOf(t, fixture.Sure(600), "s")
	for i := range points {
		points[i].Group = fmt.Sprint("paragraph ", i/2%2) // half of each are refusals
	}
	for seed := range uint64(8) {
		c, err := confidence.Calibrate(points, conditions, confidence.Options{Risk: 0.1, Seed: seed})
		if c.Unfit == "" {
			require.Contains(t, []int{0, 150, 300}, c.Guarantee.N, "seed %d, %v", seed, err)
		}
	}

	c := fixture.Calibrated()
	e := gated(0.9, 0.5, 0.7, 0.8, 0.2, -1)
	for i := range e.Questions {
		e.Questions[i].Group = "one paragraph"
	}
	require.NoError(t, c.Test(fixture.PointsOf(t, e, "tuned")))
	require.Equal(t, 0.5, c.ThresholdTest.After.Coverage.Value)
	require.True(t, math.IsNaN(c.ThresholdTest.After.Coverage.Low), "one paragraph says nothing about others")
	require.Contains(t, c.ThresholdTest.String(), "With it: 50.0 % (-) answered, 66.7 % (-) of the answers right.")
}

// A signal that is never a number is none.
func TestSignalsThatAreNoNumbers(t *testing.T) {
	points, conditions := fixture.PointsOf(t, fixture.Sure(200), "s")
	for i := range points {
		if points[i].Signals = maps.Clone(points[i].Signals); points[i].Signals != nil {
			points[i].Signals["mine"] = math.Inf(1)
		}
	}
	c, err := confidence.Calibrate(points, conditions, confidence.Options{Risk: 0.2})
	require.NoError(t, err)
	require.NotContains(t, c.Calibrator.Names, "mine")
}

func TestCalibrationInWords(t *testing.T) {
	require.Contains(t, confidence.Guarantee{Risk: 0.1, N: 1}.String(), "at or below 10.0 %: there are too few answers")
	one := &confidence.ThresholdTest{N: 1}
	require.Contains(t, one.String(), "On the 1 reported question, without")
	_, err := confidence.Calibrate([]confidence.Point{{Correct: true, Signals: confidence.Signals{"mine": 1}}}, confidence.Conditions{},
		confidence.Options{Development: 0.999})
	require.ErrorContains(t, err, "1 of 1 answer is right, with 1 signal;")
}
