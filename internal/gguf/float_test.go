package gguf

import (
	"hash/fnv"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func sum(b []byte) uint64 {
	h := fnv.New64a()
	h.Write(b)
	return h.Sum64()
}

// What ggml encodes is decoded in internal/llamacpp's tests.
func TestHalves(t *testing.T) {
	values := make([]float32, 1<<16)
	for h := range values {
		if x := floatFromHalf(uint16(h)); x == x {
			values[h] = x
		} else {
			require.NotZero(t, h&0x3ff)
		}
	}
	require.Equal(t, uint64(0x00a0750411cb2745), sum(FloatBytes(values)), "differs from ggml")
}

func TestDequantizeRefuses(t *testing.T) {
	_, err := Dequantize(Q8_0, make([]byte, 35))
	require.ErrorContains(t, err, "35 bytes")
	_, err = Dequantize(Q4_K, make([]byte, 144))
	require.ErrorIs(t, err, ErrUnsupportedType)
	_, err = Dequantize(Type(99), nil)
	require.ErrorIs(t, err, ErrUnsupportedType)
}

func TestTypes(t *testing.T) {
	known := 0
	for typ := range Type(200) {
		if !typ.Known() {
			require.Zero(t, typ.BlockSize())
			_, err := typ.Bytes([]int64{32})
			require.ErrorContains(t, err, "unknown")
			continue
		}
		known++
		n, err := typ.Bytes([]int64{int64(2 * typ.BlockSize()), 3})
		require.NoError(t, err)
		require.Equal(t, int64(6*typ.BlockBytes()), n, "%v", typ)
	}
	require.Equal(t, 35, known)
	require.Equal(t, "Q4_K", Q4_K.String())
	require.Equal(t, "type 4", Type(4).String())
}

func TestTypeBytes(t *testing.T) {
	for _, c := range []struct {
		typ  Type
		dims []int64
		want int64 // -1: an error
	}{
		{F32, nil, 4},
		{F32, []int64{}, 4},
		{F32, []int64{3, 0}, 0},
		{Q8_0, []int64{64, 2}, 136},
		{Q8_0, []int64{33}, -1},
		{Q8_0, nil, -1},
		{F32, []int64{1, 1, 1, 1, 1}, -1},
		{F32, []int64{-1}, -1},
		{F32, []int64{2, -1}, -1},
		{I8, []int64{1 << 62}, 1 << 62},
		{F32, []int64{1 << 61}, -1},
		{F32, []int64{1 << 32, 1 << 32, 4}, -1},
		{F32, []int64{1 << 32, 1 << 32, 0}, -1},
		{F64, []int64{math.MaxInt64}, -1},
	} {
		got, err := c.typ.Bytes(c.dims)
		if c.want < 0 {
			require.Error(t, err, "%v %v", c.typ, c.dims)
			continue
		}
		require.NoError(t, err, "%v %v", c.typ, c.dims)
		require.Equal(t, c.want, got, "%v %v", c.typ, c.dims)
	}
}
