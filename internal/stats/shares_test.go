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
	d := CompareShares(6, 200, 1, always, never, always)
	require.Equal(t, []float64{0, 1, 1}, []float64{*d.Before, *d.After, d.Estimate.Value})
	require.InDelta(t, 0.03125, *d.P, 1e-12) // 2 / 2^6
	require.Equal(t, []int{0, 6}, []int{d.OnlyBase, d.OnlyOther})
	require.Equal(t, 1.0, d.Estimate.High)
	require.InDelta(t, 1-2*(1-0.5407), d.Estimate.Low, 1e-3) // 0.025^(1/6) = 0.5407; another score is -1 at worst
	d = CompareShares(
		50,
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
	d = CompareShares(9, 10, 1, never, never, always)
	require.Equal(t, NotMeasured, d.Finding(1))
	require.False(t, d.Estimate.Defined())
}
