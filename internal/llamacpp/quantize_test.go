//go:build cgo

package llamacpp

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
)

// The relative error of a round trip on normal values, by bits: a little above what each format gives.
func TestQuantizeRoundTrip(t *testing.T) {
	worst := map[gguf.Type]float64{gguf.F32: 0, gguf.F16: 1e-3, gguf.BF16: 4e-3, gguf.Q8_0: 0.01, gguf.Q6_K: 0.03, gguf.Q5_K: 0.05,
		gguf.Q5_0: 0.06, gguf.Q4_K: 0.09, gguf.Q4_0: 0.12, gguf.IQ4_NL: 0.09}
	rng := rand.New(rand.NewPCG(1, 2))
	values := make([]float32, 512*8)
	for i := range values {
		values[i] = float32(rng.NormFloat64())
	}
	for typ, limit := range worst {
		t.Run(typ.String(), func(t *testing.T) {
			data, err := Quantize(typ, values, 512)
			require.NoError(t, err)
			back, err := Dequantize(typ, data, len(values))
			require.NoError(t, err)
			d, n := 0.0, 0.0
			for i, v := range values {
				d += math.Pow(float64(v-back[i]), 2)
				n += math.Pow(float64(v), 2)
			}
			require.LessOrEqual(t, math.Sqrt(d/n), limit)
			if limit > 0 {
				require.NotZero(t, d)
			}
		})
	}
}

// Package gguf decodes what ggml encodes, as ggml does.
func TestDequantizeAgreesWithGGML(t *testing.T) {
	values := make([]float32, 4096)
	s := uint32(1)
	for i := range values {
		s = s*1664525 + 1013904223
		if i/32 != 7 { // one block of zeros
			values[i] = float32(math.Ldexp(float64(int(s>>16)-32768), -(i / 32 % 16)))
		}
	}
	for _, typ := range []gguf.Type{gguf.F32, gguf.F16, gguf.BF16, gguf.Q8_0, gguf.Q4_0} {
		data, err := Quantize(typ, values, len(values))
		require.NoError(t, err)
		want, err := Dequantize(typ, data, len(values))
		require.NoError(t, err)
		got, err := gguf.Dequantize(typ, data)
		require.NoError(t, err)
		require.Equal(t, want, got, typ)
	}
}

func TestQuantizationRefuses(t *testing.T) {
	for _, typ := range []gguf.Type{gguf.IQ1_S, gguf.IQ2_XXS, gguf.I32} {
		_, err := Quantize(typ, make([]float32, 256), 256)
		require.ErrorIs(t, err, ErrQuantize, typ)
	}
	_, err := Quantize(gguf.Q4_K, make([]float32, 128), 128)
	require.Error(t, err)
	_, err = Dequantize(gguf.Q8_0, make([]byte, 3), 32)
	require.Error(t, err)
}
