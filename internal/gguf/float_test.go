package gguf

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// sampleValues are numbers of many sizes, exact in float32, with one block of
// zeros. The golden sums below were computed from the same numbers by ggml.
func sampleValues() []float32 {
	x := make([]float32, 4096)
	s := uint32(1)
	for i := range x {
		s = s*1664525 + 1013904223
		if i/32 != 7 {
			x[i] = float32(math.Ldexp(float64(int(s>>16)-32768), -(i / 32 % 16)))
		}
	}
	return x
}

func sum(b []byte) uint64 {
	h := fnv.New64a()
	h.Write(b)
	return h.Sum64()
}

func TestQuantizeAgreesWithGGML(t *testing.T) {
	for _, c := range []struct {
		typ             Type
		encoded, values uint64
	}{
		{F16, 0xf0b9ab61a77a939d, 0x8659d9a975f5caf6},
		{BF16, 0x7441d4f590bfe916, 0xa29e686cdbc66396},
		{Q8_0, 0x7d5ce9f861790a95, 0x1b987cde8da73140},
		{Q4_0, 0x5074b2b324e75c40, 0xdfa20802482c6f7a},
	} {
		t.Run(c.typ.String(), func(t *testing.T) {
			b, err := Quantize(c.typ, sampleValues())
			require.NoError(t, err)
			require.Equal(t, c.encoded, sum(b))
			v, err := Dequantize(c.typ, b)
			require.NoError(t, err)
			require.Equal(t, c.values, sum(FloatBytes(v)))
		})
	}
}

func TestQuantizeStaysClose(t *testing.T) {
	x := sampleValues()
	for _, c := range []struct {
		typ Type
		tol float64 // of the largest value in the block
	}{{F32, 0}, {F16, 0.0005}, {BF16, 0.004}, {Q8_0, 0.0045}, {Q4_0, 0.126}} {
		b, err := Quantize(c.typ, x)
		require.NoError(t, err)
		y, err := Dequantize(c.typ, b)
		require.NoError(t, err)
		require.Len(t, y, len(x))
		for i := range x {
			most := float32(0)
			for _, v := range x[i/32*32 : i/32*32+32] {
				most = max(most, abs(v))
			}
			require.InDelta(t, x[i], y[i], c.tol*float64(most), "%v value %d", c.typ, i)
		}
	}
}

func TestHalves(t *testing.T) {
	// Every half but NaN survives the way to float32 and back.
	values := make([]float32, 1<<16)
	for h := range values {
		x := FloatFromHalf(uint16(h))
		if x != x {
			require.NotZero(t, h&0x3ff)
			require.Equal(t, uint16(0x7e00), HalfFromFloat(x)&0x7fff)
			continue
		}
		values[h] = x
		require.Equal(t, uint16(h), HalfFromFloat(x))
	}
	require.Equal(t, uint64(0x00a0750411cb2745), sum(FloatBytes(values)), "differs from ggml")

	var halves []byte
	for u := uint64(0); u <= math.MaxUint32; u += 65521 {
		if f := math.Float32frombits(uint32(u)); f == f {
			halves = binary.LittleEndian.AppendUint16(halves, HalfFromFloat(f))
		}
	}
	require.Equal(t, uint64(0x0f3f7cced3bd4e6f), sum(halves), "differs from ggml")
}

func TestHalfRounding(t *testing.T) {
	for _, c := range []struct {
		in   float32
		want uint16
	}{
		{0, 0}, {float32(math.Copysign(0, -1)), 0x8000}, {1, 0x3c00}, {-2, 0xc000},
		{1 + 1.0/2048, 0x3c00}, // a tie goes to the even neighbour below
		{1 + 3.0/2048, 0x3c02}, // and above
		{65504, 0x7bff}, {65519, 0x7bff}, {65520, 0x7c00}, {float32(math.Inf(-1)), 0xfc00},
		{0x1p-24, 1}, {0x1p-25, 0}, {0x1.8p-25, 1}, {0x1p-14, 0x0400}, {0x1.ff8p-15, 0x03ff}, {0x1.ffcp-15, 0x0400},
	} {
		require.Equal(t, c.want, HalfFromFloat(c.in), "%v", c.in)
	}
}

func TestQuantizeRefuses(t *testing.T) {
	nan := make([]float32, 64)
	nan[40] = float32(math.NaN())
	_, err := Quantize(Q8_0, nan)
	require.ErrorContains(t, err, "value 40")

	huge := make([]float32, 32)
	huge[3] = math.MaxFloat32
	for _, typ := range []Type{Q8_0, Q4_0} {
		_, err = Quantize(typ, huge)
		require.ErrorContains(t, err, "too large")
	}

	_, err = Quantize(Q4_0, make([]float32, 33))
	require.ErrorContains(t, err, "33 values")
	_, err = Quantize(Q4_K, make([]float32, 256))
	require.ErrorIs(t, err, ErrUnsupportedType)

	_, err = Dequantize(Q8_0, make([]byte, 35))
	require.ErrorContains(t, err, "35 bytes")
	_, err = Dequantize(Q4_K, make([]byte, 144))
	require.ErrorIs(t, err, ErrUnsupportedType)
	_, err = Dequantize(Type(99), nil)
	require.ErrorIs(t, err, ErrUnsupportedType)
}

func TestQuantizeTinyValues(t *testing.T) {
	// A scale whose inverse overflows is below what a half can hold.
	tiny := make([]float32, 32)
	tiny[0] = math.SmallestNonzeroFloat32
	for _, typ := range []Type{Q8_0, Q4_0} {
		b, err := Quantize(typ, tiny)
		require.NoError(t, err)
		v, err := Dequantize(typ, b)
		require.NoError(t, err)
		for _, x := range v {
			require.Zero(t, x)
		}
	}
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
