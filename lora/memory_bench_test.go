//go:build cgo

package lora

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/testmodel"
)

// BenchmarkMemoryBudget measures what a memory budget costs in time: a step in which as much is recomputed as the budget
// asks for against one that stores everything, by turns in one run. x/stored is the ratio of the times, and share that of
// the bytes.
func BenchmarkMemoryBudget(b *testing.B) {
	path := testmodel.New(b, testmodel.Spec{Layers: 8, Width: 576, Heads: 9, HeadsKV: 3, FeedForward: 1536, Type: gguf.Q4_0, Tied: true,
		Seed: 1, Vocab: words(16000)})
	rng := random(1)
	e := Example{Tokens: make([]Token, 512), Loss: make([]float32, 512)}
	for i := range e.Tokens {
		e.Tokens[i] = Token(rng.IntN(16000))
		e.Loss[i] = 1
	}
	e.Loss[0] = 0
	c := Config{Rank: 8, Window: 512}
	for _, share := range []float64{0.75, 0.5, 0.35} {
		b.Run(fmt.Sprintf("share=%v", share), func(b *testing.B) {
			stored, err := NewTrainer(context.Background(), path, c)
			require.NoError(b, err)
			defer stored.Close()
			whole, err := stored.EstimateMemory(context.Background(), []Example{e}, nil)
			require.NoError(b, err)
			bounded := c
			bounded.MemoryBudget = int64(share * float64(whole.Total()))
			within, err := NewTrainer(context.Background(), path, bounded)
			require.NoError(b, err)
			defer within.Close()
			took := func(tr *Trainer) time.Duration {
				start := time.Now()
				_, err := tr.Step(context.Background(), []Example{e}, 1e-4)
				require.NoError(b, err)
				return time.Since(start)
			}
			took(stored)
			took(within)
			var all, less time.Duration
			for b.Loop() {
				all += took(stored)
				less += took(within)
			}
			m := within.Memory()
			b.ReportMetric(less.Seconds()/all.Seconds(), "x/stored")
			b.ReportMetric(float64(m.Total())/float64(whole.Total()), "share")
			b.ReportMetric(float64(m.Recomputed), "segments")
			b.ReportMetric(float64(m.ChunkRows), "rows/chunk")
			b.ReportMetric(0, "ns/op")
		})
	}
}
