//go:build cgo

package lora

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/llamacpp"
	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/lora/internal/engine"
)

// dequantized writes the model again with the same weights stored as F32.
func dequantized(t *testing.T, path string) string {
	f, err := gguf.Open(path)
	require.NoError(t, err)
	defer f.Close()
	to := filepath.Join(t.TempDir(), "f32.gguf")
	w := createFile(to)
	for _, kv := range f.Metadata() {
		w.meta(kv.Key, kv.Value)
	}
	for _, info := range f.Tensors() {
		data, err := f.ReadTensor(info.Name)
		require.NoError(t, err)
		values, err := llamacpp.Dequantize(info.Type, data, int(info.Elements()))
		require.NoError(t, err)
		info.Type = gguf.F32
		w.tensor(info, gguf.FloatBytes(values))
	}
	require.NoError(t, w.commit())
	return to
}

// On quantised bases differences of the loss drown in rounding, but the kernels must give the gradients that the
// composition of ggml's forward ops, which shares nothing with them, gives with the same weights stored as F32. The
// widths fill no vector, no panel and no packed block evenly, and split the blocks of K-quants between threads. The number of
// threads changes no bit.
func TestKernelsMatchComposition(t *testing.T) {
	small := func(typ gguf.Type) testmodel.Spec { return testSpec("qwen3", typ) }
	odd := func(typ gguf.Type) testmodel.Spec {
		return testmodel.Spec{Arch: "llama", Layers: 2, Width: 76, Heads: 2, HeadsKV: 1, FeedForward: 299, Type: typ, Seed: 7}
	}
	blocks := func(typ gguf.Type) testmodel.Spec {
		return testmodel.Spec{Arch: "llama", Layers: 1, Width: 256, Heads: 4, HeadsKV: 2, FeedForward: 768, Type: typ, Seed: 7}
	}
	for _, c := range []struct {
		types []gguf.Type
		spec  func(gguf.Type) testmodel.Spec
		rank  int
	}{
		{[]gguf.Type{gguf.F32, gguf.F16, gguf.BF16, gguf.Q8_0, gguf.Q4_0, gguf.Q5_0, gguf.IQ4_NL}, small, 4},
		{[]gguf.Type{gguf.F32, gguf.F16}, odd, 19},
		{[]gguf.Type{gguf.Q4_K, gguf.Q5_K, gguf.Q6_K}, blocks, 33},
	} {
		for _, typ := range c.types {
			t.Run(fmt.Sprintf("%s/rank=%d", typ, c.rank), func(t *testing.T) {
				base := testmodel.New(t, c.spec(typ))
				adapter := testmodel.NewAdapter(t, base, testmodel.AdapterSpec{Rank: c.rank, Seed: 3})
				composed := openTest(t, engine.Options{Model: dequantized(t, base), Adapter: adapter, Composed: true})
				w := testWindowOf(composed, testExamples(random(4), composed.Vocab(), 5))
				want := gradients(t, composed, w)
				var first [][]float32
				for _, threads := range []int{2, 3, 1} {
					kernels := openTest(t, engine.Options{Model: base, Adapter: adapter, Threads: threads})
					got := gradients(t, kernels, w)
					requireSameGradients(t, kernels, want, got, 1e-4)
					if first == nil {
						first = got
					}
					for i, p := range kernels.Params() {
						require.True(t, slices.Equal(first[i], got[i]), "%s with %d threads", p.Name, threads)
					}
				}
			})
		}
	}
}
