//go:build cgo

package lora

import (
	"context"
	"io"
	"log/slog"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/rpctest"
	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/lora/internal/engine"
)

func TestMain(m *testing.M) {
	rpctest.Main()
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	if job := os.Getenv(childVariable); job != "" {
		runChild(job)
	}
	os.Exit(m.Run())
}

const testWindow = 256

// testSpec is a small model: two layers, grouped query attention, sizes that fill no vector and no block evenly.
func testSpec(arch string, t gguf.Type) testmodel.Spec {
	return testmodel.Spec{Arch: arch, Layers: 2, Width: 64, Heads: 4, HeadsKV: 2, FeedForward: 96, Type: t, Seed: 7}
}

func openTest(tb testing.TB, o engine.Options) *engine.Engine {
	tb.Helper()
	if o.Window == 0 {
		o.Window = testWindow
	}
	if o.MaxSequences == 0 {
		o.MaxSequences = 32
	}
	if o.Threads == 0 {
		o.Threads = 1 // two that wait for each other are slow where other packages' tests run; kernels are tested with more
	}
	e, err := engine.Open(context.Background(), o)
	require.NoError(tb, err)
	tb.Cleanup(e.Close)
	return e
}

// adapted opens a model of this spec with a random adapter, B not zero.
func adapted(tb testing.TB, s testmodel.Spec, composed bool) *engine.Engine {
	base := testmodel.New(tb, s)
	adapter := testmodel.NewAdapter(tb, base, testmodel.AdapterSpec{Rank: 4, Seed: 3})
	return openTest(tb, engine.Options{Model: base, Adapter: adapter, Composed: composed})
}

// testExamples are examples of mixed lengths, with and without branches, loss on some of the tokens.
func testExamples(rng *rand.Rand, vocab, n int) []Example {
	tokens := func(n int) []Token {
		s := make([]Token, n)
		for i := range s {
			s[i] = Token(rng.IntN(vocab))
		}
		return s
	}
	loss := func(n, from int) []float32 {
		s := make([]float32, n)
		for i := from; i < n; i++ {
			s[i] = float32(1+rng.IntN(3)) / 2
		}
		return s
	}
	var examples []Example
	for i := range n {
		e := Example{Tokens: tokens(12 + rng.IntN(12))}
		if i%2 == 0 {
			e.Loss = loss(len(e.Tokens), 6)
		} else {
			for range 3 {
				b := Branch{Tokens: tokens(4 + rng.IntN(4))}
				b.Loss = loss(len(b.Tokens), rng.IntN(2))
				e.Branches = append(e.Branches, b)
			}
			if i%3 == 0 { // two branches that begin alike share a label
				e.Branches[1].Tokens[0], e.Branches[1].Loss[0] = e.Branches[0].Tokens[0], 1
				e.Branches[0].Loss[0] = 1
			}
		}
		examples = append(examples, e)
	}
	return examples
}

func testWindowOf(e *engine.Engine, examples []Example) *window {
	members := make([]int, len(examples))
	for i := range members {
		members[i] = i
	}
	return newWindow(examples, members, e.Options().Window, 1)
}

func random(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, seed)) }

// gradients returns every parameter's gradient for the windows.
func gradients(t *testing.T, e *engine.Engine, windows ...*window) [][]float32 {
	t.Helper()
	require.NoError(t, e.ZeroGradients())
	for _, w := range windows {
		_, err := e.Backward(context.Background(), &w.Batch)
		require.NoError(t, err)
	}
	all := make([][]float32, len(e.Params()))
	for i := range all {
		g, err := e.Get(i, engine.Gradient)
		require.NoError(t, err)
		all[i] = g
	}
	return all
}

// tensor adds a tensor with this data.
func (f *fileWriter) tensor(t gguf.TensorInfo, data []byte) {
	f.add(t, func(out io.Writer) error {
		_, err := out.Write(data)
		return err
	})
}

// distance is |a - b| / |b|.
func distance(a, b []float32) float64 {
	d, n := 0.0, 0.0
	for i := range b {
		d += sq(float64(a[i]) - float64(b[i]))
		n += sq(float64(b[i]))
	}
	return math.Sqrt(d / max(n, 1e-30))
}

func sq(x float64) float64 { return x * x }

func requireSameGradients(t *testing.T, e *engine.Engine, want, got [][]float32, tolerance float64) {
	t.Helper()
	for i, p := range e.Params() {
		require.Less(t, distance(got[i], want[i]), tolerance, p.Name)
	}
}

// adamW names an optimiser step's numbers in the order of the paper's algorithm.
func adamW(rate, beta1, beta2, epsilon, decay, scale float64, step int64) engine.AdamW {
	return engine.AdamW{LearningRate: rate, Beta1: beta1, Beta2: beta2, Epsilon: epsilon, WeightDecay: decay, GradScale: scale, Step: step}
}
