package dense

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// unit draws a vector of length 1.
func unit(r *rand.Rand, dims int) []float32 {
	v, sum := make([]float32, dims), 0.0
	for i := range v {
		v[i] = float32(r.NormFloat64())
		sum += float64(v[i]) * float64(v[i])
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(sum))
	}
	return v
}

// drawRows draws n rows; every eleventh is the one before it again.
func drawRows(tb testing.TB, n, dims int) (*rows, [][]float32) {
	tb.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	out, all := &rows{dims: dims}, make([][]float32, n)
	values := make([]int8, dims)
	for i := range n {
		if all[i] = unit(r, dims); i%11 == 10 {
			all[i] = all[i-1]
		}
		step, err := quantise(all[i], rowMost, values)
		require.NoError(tb, err)
		out.put(fmt.Sprintf("p%07d", n-i), content{}, step, values)
	}
	return out, all
}

func TestNearestIsExact(t *testing.T) {
	for _, dims := range []int{1, 7, 8, 33, 384} {
		const n = 3*scanRows + 5
		some := n
		if dims > 33 {
			some = 2000
		}
		rs, all := drawRows(t, some, dims)
		query := unit(rand.New(rand.NewPCG(3, 4)), dims)
		want := make([]Match, some)
		for i := range want {
			sum, exact := 0.0, 0.0
			for d, x := range rs.row(i) {
				sum += float64(query[d]) * float64(x) * float64(rs.steps[i])
				exact += float64(query[d]) * float64(all[i][d])
			}
			require.InDelta(t, exact, sum, 0.02)
			want[i] = Match{rs.ids[i], sum}
		}
		for _, k := range []int{1, 10, some, some + 1} {
			got, err := rs.nearest(context.Background(), query, k)
			require.NoError(t, err)
			require.Len(t, got, min(k, some))
			require.True(t, slices.IsSortedFunc(got, compare))
			slices.SortFunc(want, compare)
			for i := range got {
				require.InDelta(t, want[i].Similarity, got[i].Similarity, 1e-3)
			}
		}
	}
}

func TestQuantise(t *testing.T) {
	values := make([]int8, 4)
	step, err := quantise([]float32{0.5, -1.27, 0, 0.014}, rowMost, values)
	require.NoError(t, err)
	require.InDelta(t, 0.01, step, 1e-9)
	require.Equal(t, []int8{50, -127, 0, 1}, values)
	step, err = quantise([]float32{0, 0, 0, 0}, rowMost, values)
	require.NoError(t, err)
	require.Zero(t, step)
	require.Equal(t, []int8{0, 0, 0, 0}, values)
	_, err = quantise([]float32{1, float32(math.Inf(-1))}, rowMost, values)
	require.ErrorIs(t, err, errVector)
	_, err = quantise([]float32{nan, 1}, rowMost, values)
	require.ErrorIs(t, err, errVector)
}

func TestEqualMatchesAreInTheOrderOfTheirIDs(t *testing.T) {
	rs := &rows{dims: 2}
	for _, id := range []string{"d", "b", "a", "c", "e"} {
		rs.put(id, content{}, 1, []int8{1, 0})
	}
	got, err := rs.nearest(t.Context(), []float32{1, 0}, 3)
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b", "c"}, []string{got[0].ID, got[1].ID, got[2].ID})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = rs.nearest(ctx, []float32{1, 0}, 3)
	require.ErrorIs(t, err, context.Canceled)
}

// BenchmarkNearest measures a search among vectors of 384 numbers, on all processors.
func BenchmarkNearest(b *testing.B) {
	for _, n := range []int{100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 2))
			rs := &rows{dims: 384, values: make([]int8, n*384), steps: make([]float32, n), ids: make([]string, n)}
			for i := range rs.values {
				rs.values[i] = int8(r.Uint32())
			}
			for i := range rs.ids {
				rs.ids[i], rs.steps[i] = fmt.Sprintf("%08d", i), 1
			}
			query := unit(r, 384)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := rs.nearest(b.Context(), query, 50); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
