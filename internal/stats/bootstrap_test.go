package stats

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestResampler(t *testing.T) {
	a, b, c := NewResampler(Apart(50), 1), NewResampler(Apart(50), 1), NewResampler(Apart(50), 2)
	differs := false
	for range 20 {
		x, y, z := a.Next(), b.Next(), c.Next()
		require.Equal(t, x, y, "one seed, one sequence")
		sum := 0.0
		for i := range x {
			sum += x[i]
			differs = differs || x[i] != z[i]
		}
		require.Equal(t, 50.0, sum, "a sample is as large as the data")
	}
	require.True(t, differs, "another seed, another sequence")

	drawn := NewResampler([]int{0, 1, 0, 2}, 1)
	for range 20 {
		x := drawn.Next()
		require.Equal(t, x[0], x[2], "a group is drawn together")
		require.Equal(t, 3.0, x[0]+x[1]+x[3], "as many groups as there are")
	}
}

func TestGroupedMean(t *testing.T) {
	groups, values := make([]int, 100), make([]float64, 100)
	for i := range groups {
		groups[i], values[i] = i/50, float64(i/50)
	}
	e := GroupedMean(values, groups, 0, 1, 500, 1)
	require.Equal(t, []float64{0.5, 0, 1}, []float64{e.Value, e.Low, e.High}, "two groups that differ")
	require.Greater(t, GroupedMean(values, Apart(100), 0, 1, 500, 1).Low, 0.35, "a hundred values")
	_, high := SameScores(0, 0, 1, 2)
	require.Equal(t, high, GroupedMean(make([]float64, 100), groups, 0, 1, 50, 1).High)
	require.False(t, GroupedMean(nil, nil, 0, 1, 50, 1).Defined())
	ties := GroupedMean([]float64{0, 0, 0}, Apart(3), -1, 1, 100, 1)
	require.Positive(t, ties.High)
	require.Equal(t, -ties.High, ties.Low, "three ties may hide a win or a loss")

	// Groups of different size: the mean is that of the values.
	require.InDelta(t, 0.75, GroupedMean([]float64{1, 1, 1, 0}, []int{0, 0, 0, 1}, 0, 1, 50, 1).Value, 1e-12)
}

func TestPercentileInterval(t *testing.T) {
	values := make([]float64, 101) // 0, 1, ... 100
	for i := range values {
		values[i] = float64(100 - i)
	}
	low, high := PercentileInterval(values)
	require.InDelta(t, 2.5, low, 1e-9)
	require.InDelta(t, 97.5, high, 1e-9)

	nan := math.NaN()
	low, high = PercentileInterval([]float64{nan, 1, 1, 1})
	require.Equal(t, []float64{1, 1}, []float64{low, high}, "samples without a value are left out")
	low, _ = PercentileInterval([]float64{nan, nan, nan, 1})
	require.True(t, math.IsNaN(low), "too few samples have a value")
	low, _ = PercentileInterval(nil)
	require.True(t, math.IsNaN(low))
}

func TestAllOrNothing(t *testing.T) {
	// Clopper-Pearson for 0 of 10: upper limit 0.3085.
	low, high := SameScores(0, 0, 1, 10)
	require.Equal(t, 0.0, low)
	require.InDelta(t, 0.3085, high, 1e-4)
	low, high = SameScores(1, 0, 1, 10)
	require.InDelta(t, 0.6915, low, 1e-4)
	require.Equal(t, 1.0, high)
}

func TestMcNemar(t *testing.T) {
	for _, c := range []struct {
		a, b int
		want float64
	}{
		{0, 0, 1},
		{5, 5, 1},
		{0, 6, 2.0 / 64},
		{1, 9, 2 * 11.0 / 1024},  // 1 + 10 of 2^10
		{9, 1, 2 * 11.0 / 1024},  // either side
		{2, 10, 2 * 79.0 / 4096}, // 1 + 12 + 66 of 2^12
		{0, 1, 1},
	} {
		require.InDelta(t, c.want, McNemar(c.a, c.b), 1e-12, "%d, %d", c.a, c.b)
	}
	// Many pairs: near the chi-squared approximation with continuity, 99²/2100.
	require.InDelta(t, 0.0308, McNemar(1000, 1100), 0.001)
	require.InDelta(t, 1, McNemar(100_000, 100_000), 1e-9)
}

func TestEstimateJSON(t *testing.T) {
	data, err := json.Marshal(Estimate{Value: math.NaN(), Low: math.NaN(), High: math.Inf(1), N: 0})
	require.NoError(t, err)
	require.JSONEq(t, `{"value":null,"low":null,"high":null,"n":0}`, string(data))
	var e Estimate
	require.NoError(t, json.Unmarshal(data, &e))
	require.False(t, e.Defined())
	require.False(t, e.Excludes(0), "an unknown interval excludes nothing")
	require.NoError(t, json.Unmarshal([]byte(`{"value":0.5,"low":0.25,"high":0.75,"n":4}`), &e))
	require.Equal(t, Estimate{0.5, 0.25, 0.75, 4}, e)
	require.Error(t, json.Unmarshal([]byte(`{"value":"x"}`), &e))
}
