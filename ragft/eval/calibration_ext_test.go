package eval_test

import (
	"testing"

	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/stretchr/testify/require"
)

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
