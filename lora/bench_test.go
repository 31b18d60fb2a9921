//go:build cgo

package lora

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/testmodel"
)

// BenchmarkStep measures a training step of a 30-layer model of width 576 with rank 8 on all seven linear layers, windows
// of 512 tokens of which 128 have a loss, and compares it with its bare products: those with the frozen weights, forward
// and backward, as ggml's F32 mul_mat computes them alone on the same shapes in the same run. x/bare is the ratio.
//
// RAGFT_BENCH_LAYERS makes the model smaller; the ratio hardly changes.
func BenchmarkStep(b *testing.B) {
	layers := 30
	if s := os.Getenv("RAGFT_BENCH_LAYERS"); s != "" {
		_, err := fmt.Sscan(s, &layers)
		require.NoError(b, err)
	}
	for _, typ := range testTypes {
		b.Run(typ.String(), func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "model.gguf")
			require.NoError(b, testmodel.Write(path, testmodel.Spec{
				Layers: layers, Width: 576, Heads: 9, HeadsKV: 3, FeedForward: 1536, Type: typ, Tied: true, Seed: 1,
			}))
			c := Config{Rank: 8, Window: 512, Threads: runtime.NumCPU()}
			tr, err := NewTrainer(context.Background(), path, c)
			require.NoError(b, err)
			defer tr.Close()
			rng := random(1)
			e := Example{Tokens: make([]Token, 512), Loss: make([]float32, 512)}
			for i := range e.Tokens {
				e.Tokens[i] = Token(rng.IntN(tr.engine.vocab))
				if i >= 512-128 {
					e.Loss[i] = 1
				}
			}
			step := func() {
				_, err := tr.Step(context.Background(), []Example{e}, 1e-4)
				require.NoError(b, err)
			}
			step()
			for b.Loop() {
				step()
			}
			b.StopTimer()
			perStep := b.Elapsed().Seconds() / float64(b.N)
			bare, err := tr.engine.bareProducts(128)
			require.NoError(b, err)
			m := tr.Memory()
			b.ReportMetric(512/perStep, "tokens/s")
			b.ReportMetric(perStep/bare, "x/bare")
			b.ReportMetric(float64(m.Weights+m.State+m.Compute)/(1<<20), "MiB")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkSharedPrompt compares four responses of 32 tokens to one prompt of 1,024 with one of them alone.
func BenchmarkSharedPrompt(b *testing.B) {
	path := filepath.Join(b.TempDir(), "model.gguf")
	require.NoError(b, testmodel.Write(path, testmodel.Spec{Layers: 4, Width: 576, Heads: 9, HeadsKV: 3, FeedForward: 1536, Type: gguf.F32, Tied: true}))
	tr, err := NewTrainer(context.Background(), path, Config{Rank: 8, Window: 1280})
	require.NoError(b, err)
	defer tr.Close()
	one, err := NewTrainer(context.Background(), path, Config{Rank: 8, Window: 1280})
	require.NoError(b, err)
	defer one.Close()
	branch := Branch{Tokens: make([]Token, 32), Loss: make([]float32, 32)}
	for i := range branch.Loss {
		branch.Tokens[i], branch.Loss[i] = Token(10+i), 1
	}
	four := Example{Tokens: make([]Token, 1024), Branches: []Branch{branch, branch, branch, branch}}
	single := Example{Tokens: four.Tokens, Branches: four.Branches[:1]}
	took := func(tr *Trainer, e Example) time.Duration {
		start := time.Now()
		_, err := tr.Step(context.Background(), []Example{e}, 1e-4)
		require.NoError(b, err)
		return time.Since(start)
	}
	took(tr, four)
	took(one, single)
	var all, alone time.Duration
	for b.Loop() {
		all += took(tr, four)
		alone += took(one, single)
	}
	b.ReportMetric(all.Seconds()/alone.Seconds(), "four/one")
	b.ReportMetric(0, "ns/op")
}
