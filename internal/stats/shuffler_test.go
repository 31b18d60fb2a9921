package stats

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestShuffler(t *testing.T) {
	a, b := NewShuffler(Apart(40), 1), NewShuffler(Apart(40), 1)
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

func TestShufflerExchangesGroups(t *testing.T) {
	s := NewShuffler([]int{0, 1, 0, 1, 2}, 1)
	apart := false
	for range 50 {
		base, other := s.Next()
		require.Equal(t, []float64{base[0], base[1]}, []float64{base[2], base[3]})
		require.Equal(t, 1.0, base[4]+other[4])
		apart = apart || base[0] != base[1]
	}
	require.True(t, apart)
}

func TestGroups(t *testing.T) {
	groups := Groups([]string{"a", "", "b", "a", ""})
	require.Equal(t, []int{0, 1, 2, 0, 3}, groups)
	require.Equal(t, []int{0, 1, 2}, Apart(3))
	n, alone := Independent(groups, func(int) bool { return true })
	require.Equal(t, []any{4, false}, []any{n, alone})
	n, alone = Independent(groups, func(i int) bool { return i != 3 })
	require.Equal(t, []any{4, true}, []any{n, alone}, "those that count are alone")
}

func TestPairedMeansByGroup(t *testing.T) {
	before, after, groups := make([]float64, 30), make([]float64, 30), make([]int, 30)
	for i := range groups {
		after[i], groups[i] = 1+float64(i%2)/10, i/10
	}
	m := PairedMeans{Before: Singles(before), After: Singles(after), Resamples: 4000, Seed: 1}
	change := func(b, a float64) float64 { return a - b }
	_, p := m.Change(change)
	require.Less(t, *p, 0.001)
	m.Groups = groups
	_, p = m.Change(change)
	require.InDelta(t, 0.25, *p, 0.03, "three groups fall alike one time in four")
}
