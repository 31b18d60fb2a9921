package eval_test

import (
	"testing"

	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/stretchr/testify/require"
)

func TestCalibrateNeedsEnough(t *testing.T) {
	_, err := fixture.Sure(8).Points("none")
	require.ErrorIs(t, err, confidence.ErrUncalibrated)
	_, err = confidence.Calibrate(confidence.Points{System: "s"}, confidence.Options{})
	require.ErrorIs(t, err, confidence.ErrUncalibrated)
	c, err := confidence.Calibrate(fixture.PointsOf(t, fixture.Sure(60), "s"), confidence.Options{Risk: 0.01})
	require.ErrorIs(t, err, confidence.ErrNoGuarantee)
	require.NotNil(t, c)
}
