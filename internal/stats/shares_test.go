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

func TestCompareShares(t *testing.T) {
	never, always := func(int) bool { return false }, func(int) bool { return true }
	d := CompareShares(Apart(6), 200, 1, always, never, always)
	require.Equal(t, []float64{0, 1, 1}, []float64{*d.Before, *d.After, d.Estimate.Value})
	require.InDelta(t, 0.03125, *d.P, 1e-12) // 2 / 2^6
	require.Equal(t, ByMcNemar, d.Test)
	require.Equal(t, []int{0, 6}, []int{d.OnlyBase, d.OnlyOther})
	require.Equal(t, 1.0, d.Estimate.High)
	require.InDelta(t, 1-2*(1-0.5407), d.Estimate.Low, 1e-3) // 0.025^(1/6) = 0.5407; another score is -1 at worst
	d = CompareShares(
		Apart(50),
		500,
		1,
		func(i int) bool { return i < 40 },
		func(i int) bool { return i%2 == 0 },
		func(i int) bool { return i%4 == 0 },
	)
	require.InDelta(t, -0.25, d.Estimate.Value, 1e-12)
	require.Less(t, d.Estimate.Low, -0.25)
	require.Less(t, d.Estimate.High, 0.0)
	require.Equal(t, []int{10, 0}, []int{d.OnlyBase, d.OnlyOther})
	d = CompareShares(Apart(9), 10, 1, never, never, always)
	require.Equal(t, NotMeasured, d.Finding(1))
	require.False(t, d.Estimate.Defined())
}

// Thirty questions in three groups, which all turn from wrong to right, are three.
func TestCompareSharesByGroup(t *testing.T) {
	never, always := func(int) bool { return false }, func(int) bool { return true }
	groups := make([]int, 30)
	for i := range groups {
		groups[i] = i / 10
	}
	d := CompareShares(groups, 4000, 1, always, never, always)
	require.Equal(t, ByRandomisation, d.Test)
	require.InDelta(t, 0.25, *d.P, 0.03)
	low, _ := SameScores(1, -1, 1, 3)
	require.Equal(t, low, d.Estimate.Low)
	require.Equal(t, NoDifference, d.Finding(1))

	first := func(i int) bool { return i%10 == 0 }
	d = CompareShares(groups, 4000, 1, first, never, always)
	require.Equal(t, ByMcNemar, d.Test, "those that count are alone")
	require.InDelta(t, 0.25, *d.P, 1e-12)
}

func TestGroupedShare(t *testing.T) {
	hits := []bool{true, true, false, false}
	require.Equal(t, ExactShare(2, 4), GroupedShare(hits, Apart(4)))
	e := GroupedShare(hits, []int{0, 0, 1, 1})
	require.Equal(t, []float64{0.5, 0, 1}, []float64{e.Value, e.Low, e.High})
	require.False(t, GroupedShare(nil, nil).Defined())
}
