package stats

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestClopperPearson(t *testing.T) {
	// None wrong of n: (1-p)^n = delta.
	require.InDelta(t, 1-math.Pow(0.05, 1.0/20), ClopperPearson(0, 20, 0.05), 1e-9)
	// 1 of 2: P(X <= 1) = 1 - p^2 = 0.1, p = sqrt(0.9).
	require.InDelta(t, math.Sqrt(0.9), ClopperPearson(1, 2, 0.1), 1e-9)
	// 1 of 10 at 5 %: (1-p)^10 + 10 p (1-p)^9 = 0.05 has the solution 0.3942.
	require.InDelta(t, 0.3942, ClopperPearson(1, 10, 0.05), 1e-4)
	require.Equal(t, 1.0, ClopperPearson(3, 3, 0.05))
	require.Equal(t, 1.0, ClopperPearson(0, 0, 0.05))
}
