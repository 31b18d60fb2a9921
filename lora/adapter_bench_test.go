//go:build cgo

package lora

import (
	"context"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/testmodel"
)

// BenchmarkDropout compares a step with dropout with one without, on the shape of BenchmarkStep with 4 layers.
func BenchmarkDropout(b *testing.B) {
	path := filepath.Join(b.TempDir(), "model.gguf")
	require.NoError(b, testmodel.Write(path, testmodel.Spec{Layers: 4, Width: 576, Heads: 9, HeadsKV: 3, FeedForward: 1536, Tied: true}))
	var trainers [2]*Trainer
	for i := range trainers {
		tr, err := NewTrainer(context.Background(), path, Config{Rank: 8, Window: 512, Dropout: float64(i) * 0.1})
		require.NoError(b, err)
		defer tr.Close()
		trainers[i] = tr
	}
	e := Example{Tokens: make([]Token, 512), Loss: make([]float32, 512)}
	for i := range e.Tokens {
		e.Tokens[i] = Token(i % 250)
		if i >= 512-128 {
			e.Loss[i] = 1
		}
	}
	var took [2]time.Duration
	step := func() {
		for i, tr := range trainers {
			start := time.Now()
			_, err := tr.Step(context.Background(), []Example{e}, 1e-4)
			require.NoError(b, err)
			took[i] += time.Since(start)
		}
	}
	step()
	clear(took[:])
	for b.Loop() {
		step()
	}
	b.ReportMetric(took[1].Seconds()/took[0].Seconds(), "with/without")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkMerge compares merging a rank 16 adapter into all linear layers with decoding and encoding the changed weights
// alone, by all threads, which no merge can do without.
func BenchmarkMerge(b *testing.B) {
	for _, typ := range []gguf.Type{gguf.F16, gguf.Q8_0, gguf.Q4_K} {
		b.Run(typ.String(), func(b *testing.B) {
			dir := b.TempDir()
			base, adapter := filepath.Join(dir, "base.gguf"), filepath.Join(dir, "adapter.gguf")
			require.NoError(b, testmodel.Write(base, testmodel.Spec{Layers: 2, Width: 1024, Heads: 16, FeedForward: 3072, Type: typ}))
			require.NoError(b, testmodel.WriteAdapter(adapter, base, testmodel.AdapterSpec{Rank: 16}))
			f, err := gguf.Open(base)
			require.NoError(b, err)
			defer f.Close()
			threads := runtime.NumCPU()
			m := merge{MergeOptions: MergeOptions{Threads: threads}}
			var merging, encoding time.Duration
			weights := int64(0)
			for b.Loop() {
				start := time.Now()
				r, err := Merge(context.Background(), MergeOptions{Base: base, Adapter: adapter, Output: filepath.Join(dir, "out.gguf"),
					SkipCheck: true})
				require.NoError(b, err)
				require.Equal(b, 14, r.Changed)
				merging += time.Since(start)
				start = time.Now()
				for _, t := range f.Tensors() {
					if !isMatrix(t) || moduleOf(t.Name) == "output" || t.Name == embeddingName {
						continue
					}
					data, err := f.ReadTensor(t.Name)
					require.NoError(b, err)
					_, err = m.encodeRows(data, t, typ, nil, 0, t.Dims[1])
					require.NoError(b, err)
					weights += t.Elements()
				}
				encoding += time.Since(start)
			}
			b.ReportMetric(merging.Seconds()/encoding.Seconds(), "merge/encode")
			b.ReportMetric(float64(weights)/merging.Seconds()/1e6, "Mweights/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}
