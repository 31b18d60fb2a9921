//go:build cgo

package lora

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/lora/internal/engine/enginetest"
)

// BenchmarkStep measures a training step of a 30-layer model of width 576 with rank 8 on all seven linear layers, windows
// of 512 tokens of which 128 have a loss, and compares it with its bare products: those with the frozen weights, forward
// and backward, as ggml's F32 mul_mat computes them alone on the same shapes in the same run. x/bare is the ratio; x/F32
// that of the step's time to the F32 base's of the same width, where that ran before it. At width 576 all run within 1 GiB.
//
// A row of Q4_K is a multiple of 256 values, which 576 is not. llama.cpp's own quantiser then takes Q5_0, so Q4_K at this
// width means ffn_down, of 1,536, in Q4_K and the rest in Q5_0. A model of width 768 is Q4_K throughout.
//
// RAGFT_BENCH_LAYERS makes the model smaller; the ratio hardly changes.
func BenchmarkStep(b *testing.B) {
	layers := 30
	if s := os.Getenv("RAGFT_BENCH_LAYERS"); s != "" {
		_, err := fmt.Sscan(s, &layers)
		require.NoError(b, err)
	}
	q4k := func(tensor string) gguf.Type {
		if strings.Contains(tensor, "ffn_down") {
			return gguf.Q4_K
		}
		return gguf.Q5_0
	}
	f32 := map[int]float64{} // width -> seconds
	for _, base := range []struct {
		name        string
		typ         gguf.Type
		types       func(string) gguf.Type
		width       int
		feedForward int
	}{
		{"F32", gguf.F32, nil, 576, 1536},
		{"F16", gguf.F16, nil, 576, 1536},
		{"Q8_0", gguf.Q8_0, nil, 576, 1536},
		{"Q4_0", gguf.Q4_0, nil, 576, 1536},
		{"Q4_K", gguf.Q4_K, q4k, 576, 1536},
		{"F32-768", gguf.F32, nil, 768, 2048},
		{"Q4_K-768", gguf.Q4_K, nil, 768, 2048},
	} {
		b.Run(base.name, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "model.gguf")
			require.NoError(b, testmodel.Write(path, testmodel.Spec{
				Layers: layers, Width: base.width, Heads: base.width / 64, HeadsKV: base.width / 192, FeedForward: base.feedForward,
				Type: base.typ, Types: base.types, Tied: true, Seed: 1,
			}))
			c := Config{Rank: 8, Window: 512, Threads: runtime.NumCPU()}
			tr, err := NewTrainer(context.Background(), path, c)
			require.NoError(b, err)
			defer tr.Close()
			perStep := benchStep(b, tr)
			if base.typ == gguf.F32 {
				f32[base.width] = perStep
			} else if t := f32[base.width]; t > 0 {
				b.ReportMetric(perStep/t, "x/F32")
			}
		})
	}
}

// benchStep measures steps of 512 tokens, of which the last 128 have a loss, and reports the metrics of BenchmarkStep. It
// returns the seconds of a step.
func benchStep(b *testing.B, tr *Trainer) float64 {
	rng := random(1)
	e := Example{Tokens: make([]Token, 512), Loss: make([]float32, 512)}
	for i := range e.Tokens {
		e.Tokens[i] = Token(rng.IntN(tr.engine.Vocab()))
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
	bare, err := enginetest.BareProducts(tr.engine, 128)
	require.NoError(b, err)
	b.ReportMetric(512/perStep, "tokens/s")
	b.ReportMetric(perStep/bare, "x/bare")
	b.ReportMetric(float64(tr.Memory().Total())/(1<<20), "MiB")
	b.ReportMetric(0, "ns/op")
	return perStep
}

// BenchmarkModelStep measures the same step on the GGUF model RAGFT_BENCH_MODEL. internal/outside/speed.py compares it with PEFT.
func BenchmarkModelStep(b *testing.B) {
	path := os.Getenv("RAGFT_BENCH_MODEL")
	if path == "" {
		b.Skip("RAGFT_BENCH_MODEL is not set")
	}
	tr, err := NewTrainer(context.Background(), path, Config{Rank: 8, Window: 512, Threads: runtime.NumCPU()})
	require.NoError(b, err)
	defer tr.Close()
	benchStep(b, tr)
}

// BenchmarkSharedPrompt compares four responses of 32 tokens to one prompt of 1,024 with one of them alone.
func BenchmarkSharedPrompt(b *testing.B) {
	path := filepath.Join(b.TempDir(), "model.gguf")
	require.NoError(b, testmodel.Write(path, testmodel.Spec{Context: 2048, Layers: 4, Width: 576, Heads: 9, HeadsKV: 3, FeedForward: 1536,
		Type: gguf.F32, Tied: true}))
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

// BenchmarkPacking reports the share of real tokens in the windows of data sets whose lengths vary as those of people's
// do: log-normal, cut at the window's size, with medians from an eighth of a window to a half, and a third of the examples
// with two to four responses to one prompt.
func BenchmarkPacking(b *testing.B) {
	const window, examples = 2048, 5000
	for _, median := range []int{256, 512, 1024} {
		b.Run(fmt.Sprintf("median=%d", median), func(b *testing.B) {
			share := 0.0
			for b.Loop() {
				data := mixedLengths(random(1), examples, median, window)
				share = realShare(data, pack(data, window, maxSequences, random(2)), window)
			}
			b.ReportMetric(100*share, "%real")
		})
	}
}
