package stats

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestExactShare(t *testing.T) {
	e := ExactShare(0, 2)
	require.Zero(t, e.Low)
	require.InDelta(t, 0.8419, e.High, 1e-4) // 1 - sqrt(0.025)
	e = ExactShare(1, 10)
	require.InDelta(t, 0.0025, e.Low, 1e-4) // 1 - 0.975^(1/10)
	require.InDelta(t, 0.4450, e.High, 1e-4)
	require.False(t, ExactShare(0, 0).Defined())
}
