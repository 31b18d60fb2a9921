package stats

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestShuffler(t *testing.T) {
	a, b := NewShuffler(40, 1), NewShuffler(40, 1)
	swapped := 0.0
	for range 50 {
		base, other := a.Next()
		again, _ := b.Next()
		require.Equal(t, base, again, "one seed, one sequence")
		for i := range 40 {
			require.Equal(t, 1.0, base[i]+base[40+i], "one of the two records")
			require.Equal(t, 1.0, base[i]+other[i], "each record goes to one system")
			swapped += base[40+i]
		}
	}
	require.InDelta(t, 0.5, swapped/2000, 0.05)
}
