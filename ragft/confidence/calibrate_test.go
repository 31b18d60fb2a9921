package confidence_test

import (
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
