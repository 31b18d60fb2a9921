//go:build cgo

package llamachat

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// A model that is certain to begin so is not one of which nothing is known.
func TestLogSum(t *testing.T) {
	require.Zero(t, LogSum(nil))
	require.InDelta(t, math.Log(0.75), LogSum([]float32{float32(math.Log(0.5)), float32(math.Log(0.25))}), 1e-6)
	require.Negative(t, LogSum([]float32{0, float32(math.Inf(-1))}))
	require.Equal(t, -100.0, LogSum([]float32{float32(math.Inf(-1))}))
}
