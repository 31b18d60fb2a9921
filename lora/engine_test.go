//go:build cgo

package lora

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/testmodel"
)

var testTypes = []gguf.Type{gguf.F32, gguf.F16, gguf.Q8_0, gguf.Q4_0}

// The engine's graph must compute what llama_decode computes, packed windows and shared prompts included: bit for bit
// where every op is taken as it is, and but for the order of sums where operands are laid out for speed. (On F16 and
// quantised bases activations are rounded before each product, which makes a last bit of F32 visible.)
func TestLogitsMatchDecode(t *testing.T) {
	tolerance := map[gguf.Type]float64{gguf.F32: 1e-6, gguf.F16: 1e-3, gguf.Q8_0: 5e-3, gguf.Q4_0: 5e-3}
	for _, arch := range []string{"llama", "qwen3", "qwen2"} {
		for _, typ := range testTypes {
			for _, composed := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s/%s/composed=%v", arch, typ, composed), func(t *testing.T) {
					e := adapted(t, testSpec(arch, typ), composed)
					w := testWindowOf(e, testExamples(random(1), e.vocab, 6))
					want, err := e.logits(context.Background(), w, true)
					require.NoError(t, err)
					got, err := e.logits(context.Background(), w, false)
					require.NoError(t, err)
					require.Greater(t, distance(make([]float32, len(want)), want), 0.5, "logits must not be all zero")
					if composed {
						require.Equal(t, want, got)
					}
					require.LessOrEqual(t, distance(got, want), tolerance[typ])
				})
			}
		}
	}
}

// requireGradients compares every parameter's gradient with central differences of the loss along it, and along a
// direction at random.
func requireGradients(t *testing.T, e *engine, w *window, tolerance float64) {
	t.Helper()
	ctx := context.Background()
	grads := gradients(t, e, w)
	rng := random(99)
	for i, p := range e.params {
		v, err := e.get(i, value)
		require.NoError(t, err)
		size := 0.0
		for _, x := range v {
			size += sq(float64(x))
		}
		size = math.Sqrt(size)
		norm := 0.0
		for _, g := range grads[i] {
			norm += sq(float64(g))
		}
		norm = math.Sqrt(norm)
		require.NotZero(t, norm, "%s gets no gradient", p.name)
		along := make([]float64, len(v))
		slope := 0.0
		for k, g := range grads[i] {
			along[k] = float64(g)/norm + rng.NormFloat64()/math.Sqrt(float64(len(v)))
			slope += along[k] * float64(g)
		}
		step := 2e-3 * size / math.Sqrt2
		at := func(sign float64) float64 {
			moved := make([]float32, len(v))
			for k := range v {
				moved[k] = v[k] + float32(sign*step*along[k])
			}
			require.NoError(t, e.set(i, value, moved))
			loss, err := e.forward(ctx, w)
			require.NoError(t, err)
			return loss
		}
		difference := (at(1) - at(-1)) / (2 * step)
		require.NoError(t, e.set(i, value, v))
		require.InEpsilon(t, difference, slope, tolerance, "%s: gradient %g, difference %g", p.name, slope, difference)
	}
}

func TestAdapterGradients(t *testing.T) {
	for _, arch := range []string{"llama", "qwen3", "qwen2"} {
		for _, composed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/composed=%v", arch, composed), func(t *testing.T) {
				e := adapted(t, testSpec(arch, gguf.F32), composed)
				require.Len(t, e.params, 2*7*2, "A and B of seven linear layers in two blocks")
				requireGradients(t, e, testWindowOf(e, testExamples(random(2), e.vocab, 5)), 0.02)
			})
		}
	}
}

func TestAllWeightsGradients(t *testing.T) {
	for _, tied := range []bool{false, true} {
		t.Run(fmt.Sprintf("tied=%v", tied), func(t *testing.T) {
			s := testSpec("llama", gguf.F32)
			s.Tied = tied
			e := openTest(t, engineOptions{model: testmodel.New(t, s)})
			requireGradients(t, e, testWindowOf(e, testExamples(random(3), e.vocab, 5)), 0.02)
		})
	}
}

// On quantised bases differences drown in the rounding of activations, but the kernels must agree with the composition
// of forward ops, which shares nothing with them.
func TestKernelsMatchComposition(t *testing.T) {
	for _, typ := range testTypes {
		t.Run(typ.String(), func(t *testing.T) {
			s := testSpec("qwen3", typ)
			base := testmodel.New(t, s)
			adapter := testmodel.NewAdapter(t, base, testmodel.AdapterSpec{Rank: 4, Seed: 3})
			a := openTest(t, engineOptions{model: base, adapter: adapter})
			b := openTest(t, engineOptions{model: base, adapter: adapter, composed: true})
			w := testWindowOf(a, testExamples(random(4), a.vocab, 5))
			requireSameGradients(t, a, gradients(t, b, w), gradients(t, a, w), 1e-3)
		})
	}
}

// Examples that are packed into one window must not see each other, and branches must not see their siblings.
func TestPackedAndSharedEqualSeparate(t *testing.T) {
	e := adapted(t, testSpec("llama", gguf.F32), false)
	examples := testExamples(random(5), e.vocab, 5)
	var separate []*window
	for _, x := range examples {
		if len(x.Branches) == 0 {
			separate = append(separate, testWindowOf(e, []Example{x}))
		}
		for _, b := range x.Branches {
			alone := Example{Tokens: append(append([]Token{}, x.Tokens...), b.Tokens...)}
			alone.Loss = append(make([]float32, len(x.Tokens)), b.Loss...)
			separate = append(separate, testWindowOf(e, []Example{alone}))
		}
	}
	require.Greater(t, len(separate), 6)
	want := gradients(t, e, separate...)
	requireSameGradients(t, e, want, gradients(t, e, testWindowOf(e, examples)), 1e-4)
}

func TestAdamWMatchesReference(t *testing.T) {
	e := adapted(t, testSpec("llama", gguf.F32), false)
	w := testWindowOf(e, testExamples(random(6), e.vocab, 4))
	const b1, b2, eps, decay, rate, scale = 0.9, 0.99, 1e-8, 0.1, 1e-3, 0.7
	type state struct{ w, m, v []float64 }
	ref := make([]state, len(e.params))
	for i := range ref {
		v, err := e.get(i, value)
		require.NoError(t, err)
		ref[i] = state{make([]float64, len(v)), make([]float64, len(v)), make([]float64, len(v))}
		for k, x := range v {
			ref[i].w[k] = float64(x)
		}
	}
	for step := 1; step <= 20; step++ {
		grads := gradients(t, e, w)
		require.NoError(t, e.adamWStep(adamW{rate, b1, b2, eps, decay, scale, int64(step)}))
		for i, s := range ref {
			got, err := e.get(i, value)
			require.NoError(t, err)
			for k := range s.w {
				g := scale * float64(grads[i][k])
				s.m[k] = b1*s.m[k] + (1-b1)*g
				s.v[k] = b2*s.v[k] + (1-b2)*g*g
				mh, vh := s.m[k]/(1-math.Pow(b1, float64(step))), s.v[k]/(1-math.Pow(b2, float64(step)))
				s.w[k] = s.w[k]*(1-rate*decay) - rate*mh/(math.Sqrt(vh)+eps)
				require.InDelta(t, s.w[k], got[k], 1e-5, "step %d, %s", step, e.params[i].name)
			}
		}
	}
}

// The graphs must hold as many tensors as a deep model has.
func TestDeepModelSteps(t *testing.T) {
	s := testSpec("llama", gguf.F32)
	s.Layers = 40
	e := adapted(t, s, false)
	require.Len(t, e.params, 40*7*2)
	gradients(t, e, testWindowOf(e, testExamples(random(6), e.vocab, 2)))
	require.NoError(t, e.adamWStep(adamW{1e-3, 0.9, 0.999, 1e-8, 0, 1, 1}))
}

func TestGradientNorm(t *testing.T) {
	e := adapted(t, testSpec("llama", gguf.F32), false)
	grads := gradients(t, e, testWindowOf(e, testExamples(random(7), e.vocab, 4)))
	sum := 0.0
	for _, g := range grads {
		for _, x := range g {
			sum += sq(float64(x))
		}
	}
	norm, err := e.gradientNorm()
	require.NoError(t, err)
	require.InEpsilon(t, math.Sqrt(sum), norm, 1e-5)
}

// rewritten writes the model again with its metadata changed.
func rewritten(t *testing.T, path string, change func(gguf.KV) gguf.KV) string {
	f, err := gguf.Open(path)
	require.NoError(t, err)
	defer f.Close()
	renamed := filepath.Join(t.TempDir(), "rewritten.gguf")
	w := createFile(renamed)
	for _, kv := range f.Metadata() {
		kv = change(kv)
		w.meta(kv.Key, kv.Value)
	}
	for _, info := range f.Tensors() {
		data, err := f.ReadTensor(info.Name)
		require.NoError(t, err)
		w.tensor(info, data)
	}
	require.NoError(t, w.commit())
	return renamed
}

// Gemma has a gated GELU, for which there is no rule.
func TestOpWithoutRuleIsNamed(t *testing.T) {
	s := testSpec("llama", gguf.F32)
	s.Tied = true
	base := rewritten(t, testmodel.New(t, s), func(kv gguf.KV) gguf.KV {
		if rest, ok := strings.CutPrefix(kv.Key, "llama."); ok {
			kv.Key = "gemma." + rest
		}
		if kv.Key == "general.architecture" {
			kv.Value = "gemma"
		}
		return kv
	})
	e := openTest(t, engineOptions{model: base, adapter: testmodel.NewAdapter(t, base, testmodel.AdapterSpec{Rank: 4})})
	_, err := e.backward(context.Background(), testWindowOf(e, testExamples(random(8), e.vocab, 3)))
	require.ErrorIs(t, err, ErrNoRule)
	require.Regexp(t, `GEGLU of tensor ffn_\w+-1, layer 1`, err.Error())
}

func TestCancelStopsAndEngineGoesOn(t *testing.T) {
	e := adapted(t, testSpec("llama", gguf.F32), false)
	w := testWindowOf(e, testExamples(random(9), e.vocab, 4))
	want := gradients(t, e, w)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		time.Sleep(5 * time.Millisecond)
		cancel()
	}()
	var err error
	for range 10000 {
		if _, err = e.backward(ctx, w); err != nil {
			break
		}
	}
	require.ErrorIs(t, err, context.Canceled)
	requireSameGradients(t, e, want, gradients(t, e, w), 1e-6)
}

func TestClosedEngine(t *testing.T) {
	e := adapted(t, testSpec("llama", gguf.F32), false)
	e.close()
	e.close()
	_, err := e.forward(context.Background(), &window{})
	require.ErrorIs(t, err, ErrClosed)
}

// The tiny real model, where it is at hand: RAGFT_STORIES260K names its F32 GGUF file.
func TestStories260K(t *testing.T) {
	path := os.Getenv("RAGFT_STORIES260K")
	if path == "" {
		t.Skip("set RAGFT_STORIES260K to the F32 GGUF file of the stories260K model to test on weights that nobody here made")
	}
	e := openTest(t, engineOptions{model: filepath.Clean(path)})
	requireGradients(t, e, testWindowOf(e, testExamples(random(3), e.vocab, 5)), 0.03)
}
