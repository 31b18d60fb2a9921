//go:build cgo

package lora

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/lora/internal/engine"
	"github.com/ragft/ragft/lora/internal/engine/enginetest"
	"github.com/ragft/ragft/ragft/opt"
)

// With the masks held, dropout is a function like others, and its gradient that of differences.
func TestDropoutGradients(t *testing.T) {
	base := testmodel.New(t, testSpec("llama", gguf.F32))
	// a stronger one bends the loss within a difference
	adapter := testmodel.NewAdapter(t, base, testmodel.AdapterSpec{Rank: 4, Alpha: 4, Seed: 3})
	for _, composed := range []bool{false, true} {
		e := openTest(t, engine.Options{Model: base, Adapter: adapter, Dropout: 0.4, Composed: composed})
		w := testWindowOf(e, testExamples(random(2), e.Vocab(), 5))
		w.DropoutKey = 77
		requireGradients(t, e, w, 0.02)
	}
}

func TestDropoutKeyDecides(t *testing.T) {
	base := testmodel.New(t, testSpec("llama", gguf.F32))
	o := engine.Options{Model: base, Adapter: testmodel.NewAdapter(t, base, testmodel.AdapterSpec{Rank: 4, Seed: 3})}
	plain := openTest(t, o)
	o.Dropout = 0.3
	e := openTest(t, o)
	w := testWindowOf(e, testExamples(random(2), e.Vocab(), 5))
	loss := func(e *engine.Engine, key uint64) float64 {
		w.DropoutKey = key
		l, err := e.Forward(context.Background(), &w.Batch)
		require.NoError(t, err)
		return l
	}
	require.Equal(t, loss(plain, 0), loss(e, 0), "a loss without a key has no dropout")
	require.NotEqual(t, loss(e, 0), loss(e, 1))
	require.NotEqual(t, loss(e, 1), loss(e, 1<<40|1), "both halves of the key count")
	require.Equal(t, loss(e, 1), loss(e, 1))
	w.DropoutKey = 1
	trained, err := e.Backward(context.Background(), &w.Batch)
	require.NoError(t, err)
	require.InEpsilon(t, loss(e, 1), trained, 1e-6, "the loss of a step is that of its masks")
	want, err := enginetest.Logits(context.Background(), plain, &w.Batch)
	require.NoError(t, err)
	got, err := enginetest.Logits(context.Background(), e, &w.Batch)
	require.NoError(t, err)
	require.Equal(t, want, got, "logits have no dropout")
}

// A layer that is computed again must drop the same.
func TestDropoutRecomputed(t *testing.T) {
	base := testmodel.New(t, testSpec("qwen3", gguf.Q8_0))
	o := engine.Options{Model: base, Adapter: testmodel.NewAdapter(t, base, testmodel.AdapterSpec{Rank: 4, Seed: 3}), Dropout: 0.3}
	var want [][]float32
	for _, recomputed := range []int{0, 1, 4} {
		e := openTest(t, o)
		require.NoError(t, enginetest.SetLayout(e, engine.Layout{Recomputed: recomputed}))
		w := testWindowOf(e, testExamples(random(2), e.Vocab(), 5))
		w.DropoutKey = 5
		got := gradients(t, e, w)
		if want == nil {
			want = got
		}
		require.Equal(t, want, got)
	}
}

// Where B is zero, its gradient is linear in the mask, so its mean over masks is the gradient without dropout, and the
// error of the mean falls with the root of their number, as that of independent ones does.
func TestDropoutExpectation(t *testing.T) {
	s := testSpec("llama", gguf.F32)
	s.Layers = 1
	base := testmodel.New(t, s)
	o := engine.Options{Model: base, Adapter: testmodel.NewAdapter(t, base, testmodel.AdapterSpec{Rank: 4, Zero: true})}
	plain := openTest(t, o)
	o.Dropout = 0.5
	e := openTest(t, o)
	w := testWindowOf(e, testExamples(random(2), e.Vocab(), 2))
	want := gradients(t, plain, w)
	errorOf := func(from, n int) float64 {
		windows := make([]*window, n)
		for k := range windows {
			one := *w
			one.DropoutKey = uint64(from + k)
			windows[k] = &one
		}
		sums := gradients(t, e, windows...)
		d, size := 0.0, 0.0
		for i := range sums {
			for k, g := range sums[i] {
				d += sq(float64(g)/float64(n) - float64(want[i][k]))
				size += sq(float64(want[i][k]))
			}
		}
		return math.Sqrt(d / size)
	}
	few, many := errorOf(1, 8), errorOf(1000, 128)
	require.Less(t, many, 0.15)
	require.InDelta(t, 4, few/many, 1.2)
}

// With A the identity and a single row with a loss, the gradient of B in the last feed-forward shows the mask itself.
func TestDropoutShare(t *testing.T) {
	const p, keys = 0.3, 60
	base := testmodel.New(t, testSpec("llama", gguf.F32))
	adapter := testmodel.NewAdapter(t, base, testmodel.AdapterSpec{Rank: 64, Targets: []string{"ffn_up", "ffn_gate"}, Zero: true})
	adapter = changedAdapter(t, adapter, func(name string, v []float32) {
		if filepath.Ext(name) == ".lora_a" {
			for i := range v {
				v[i] = 0
				if i/64 == i%64 {
					v[i] = 1
				}
			}
		}
	})
	e := openTest(t, engine.Options{Model: base, Adapter: adapter, Dropout: p})
	w := testWindowOf(e, []Example{Completion([]Token{1, 2, 3, 4}, []Token{5})})
	dropped := func(name string, grads [][]float32) (zeros []int) {
		for i, param := range e.Params() {
			if param.Name != name {
				continue
			}
			for k := range 64 {
				sum := 0.0
				for row := range int(param.NE1) {
					sum += math.Abs(float64(grads[i][row*64+k]))
				}
				if sum == 0 {
					zeros = append(zeros, k)
				}
			}
		}
		return zeros
	}
	total, both, columns := 0, 0, make([]int, 64)
	for key := range uint64(keys) {
		w.DropoutKey = key + 1
		grads := gradients(t, e, w)
		up, gate := dropped("blk.1.ffn_up.weight.lora_b", grads), dropped("blk.1.ffn_gate.weight.lora_b", grads)
		in := map[int]bool{}
		for _, k := range up {
			in[k] = true
			columns[k]++
		}
		for _, k := range gate {
			if in[k] {
				both++
			}
		}
		total += len(up)
	}
	const n = 64 * keys
	require.InDelta(t, p, float64(total)/n, 4*math.Sqrt(p*(1-p)/n))
	require.InDelta(t, p*p, float64(both)/n, 4*math.Sqrt(p*p*(1-p*p)/n), "two weights on one input have masks of their own")
	for _, c := range columns {
		require.InDelta(t, p, float64(c)/keys, 5*math.Sqrt(p*(1-p)/keys))
	}
}

func TestDropoutLearnsAndResumes(t *testing.T) {
	model := testmodel.New(t, testSpec("llama", gguf.F32))
	c := testConfig()
	c.Dropout = 0.2
	dir := t.TempDir()
	whole, parts := filepath.Join(dir, "whole.gguf"), filepath.Join(dir, "parts.gguf")
	r, err := Train(context.Background(), model, whole, c, counting(60), counting(10))
	require.NoError(t, err)
	require.Less(t, r.HeldOutLoss, 0.8*r.BaseLoss)

	ctx, cancel := context.WithCancel(context.Background())
	c.Progress = func(p Progress) {
		if p.Step == 2 {
			cancel()
		}
	}
	_, err = Train(ctx, model, parts, c, counting(60), counting(10))
	require.ErrorIs(t, err, context.Canceled)
	r, err = Train(context.Background(), model, parts, c, counting(60), counting(10))
	require.NoError(t, err)
	require.Equal(t, 2, r.Resumed)
	a, err := os.ReadFile(whole)
	require.NoError(t, err)
	b, err := os.ReadFile(parts)
	require.NoError(t, err)
	require.Equal(t, a, b)
	_, err = os.Stat(parts + ".checkpoint")
	require.True(t, errors.Is(err, os.ErrNotExist))
}

func TestBadDropout(t *testing.T) {
	for says, c := range map[string]Config{
		"dropout 1":       {Dropout: 1},
		"dropout -0.1":    {Dropout: -0.1},
		"dropout NaN":     {Dropout: math.NaN()},
		"on the CPU only": {Dropout: 0.1, GPULayers: opt.Of(1)},
	} {
		require.ErrorContains(t, c.withDefaults().check(), says)
	}
}
