//go:build cgo

package llama

import (
	"context"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/testmodel"
)

// firstProbs returns the log-probabilities of all first tokens.
func firstProbs(t *testing.T, c *Context) []float32 {
	t.Helper()
	all := make([][]Token, c.Model().VocabSize())
	for i := range all {
		all[i] = []Token{Token(i)}
	}
	scores, err := c.Score(context.Background(), []Token{50, 60, 70}, all)
	require.NoError(t, err)
	out := make([]float32, len(all))
	for i := range out {
		out[i] = scores[i][0]
	}
	return out
}

func distance(a, b []float32) float64 {
	most := 0.0
	for i := range a {
		most = max(most, math.Abs(float64(a[i]-b[i])))
	}
	return most
}

func TestAdapters(t *testing.T) {
	for _, model := range tinyModels(t) {
		t.Run(model.name, func(t *testing.T) {
			m := mustLoad(t, model.path)
			c := mustContext(t, m, ContextOptions{Size: 256})
			load := func(spec testmodel.AdapterSpec) *Adapter {
				a, err := m.LoadAdapter(testmodel.NewAdapter(t, model.path, spec))
				require.NoError(t, err)
				return a
			}
			first, second := load(testmodel.AdapterSpec{Seed: 1}), load(testmodel.AdapterSpec{Seed: 2, Targets: []string{"ffn_up"}})
			zero := load(testmodel.AdapterSpec{Zero: true})
			set := func(adapters ...AdapterScale) []float32 {
				require.NoError(t, c.SetAdapters(adapters...))
				return firstProbs(t, c)
			}
			bare := firstProbs(t, c)
			one := set(AdapterScale{first, 1})
			require.Greater(t, distance(bare, one), 0.1)
			half := set(AdapterScale{first, 0.5})
			require.Greater(t, distance(bare, half), 0.05)
			require.Greater(t, distance(one, half), 0.05)
			both := set(AdapterScale{first, 1}, AdapterScale{second, 1})
			require.Greater(t, distance(one, both), 0.05)
			require.Equal(t, one, set(AdapterScale{first, 1}), "the same again")
			require.Equal(t, one, set(AdapterScale{first, 1}, AdapterScale{second, 0}), "scale 0 leaves it out")
			require.Equal(t, bare, set(AdapterScale{first, 0}))
			require.InDelta(t, 0, distance(bare, set(AdapterScale{zero, 1})), 1e-4)
			require.Equal(t, bare, set(), "without adapters the model is as before")

			other := mustContext(t, m, ContextOptions{Size: 256})
			set(AdapterScale{first, 1})
			require.Equal(t, bare, firstProbs(t, other), "another context of the model is not touched")
		})
	}
}

// TestEmbeddingAdapter has an adapter of the embedding, which llama.cpp cannot compute with if the embedding
// is the output matrix too.
func TestEmbeddingAdapter(t *testing.T) {
	path := testmodel.New(t, testmodel.Spec{})
	c := mustContext(t, mustLoad(t, path), ContextOptions{Size: 256})
	bare := firstProbs(t, c)
	a, err := c.Model().LoadAdapter(testmodel.NewAdapter(t, path, testmodel.AdapterSpec{Targets: []string{"token_embd"}}))
	require.NoError(t, err)
	require.NoError(t, c.SetAdapters(AdapterScale{a, 1}))
	require.Greater(t, distance(bare, firstProbs(t, c)), 0.01)

	path = testmodel.New(t, testmodel.Spec{Tied: true})
	m := mustLoad(t, path)
	file := testmodel.NewAdapter(t, path, testmodel.AdapterSpec{Targets: []string{"token_embd"}})
	_, err = m.LoadAdapter(file)
	require.ErrorIs(t, err, ErrAdapterMismatch)

	// If it got past that check, llama.cpp's assertion would be an error, too.
	m.shapes[outputName] = m.shapes[embeddingName]
	c = mustContext(t, m, ContextOptions{Size: 256})
	bare = firstProbs(t, c)
	a, err = m.LoadAdapter(file)
	require.NoError(t, err)
	err = c.SetAdapters(AdapterScale{a, 1})
	require.ErrorIs(t, err, ErrAdapterMismatch)
	require.ErrorContains(t, err, "ggml_can_mul_mat")
	require.Equal(t, bare, firstProbs(t, c))
}

// TestAdapterCloseInUse closes an adapter that a context goes on using.
func TestAdapterCloseInUse(t *testing.T) {
	path := tinyModel(t)
	m := mustLoad(t, path)
	c := mustContext(t, m, ContextOptions{Size: 256})
	a, err := m.LoadAdapter(testmodel.NewAdapter(t, path, testmodel.AdapterSpec{}))
	require.NoError(t, err)
	require.NoError(t, c.SetAdapters(AdapterScale{a, 1}))
	want := firstProbs(t, c)
	require.NoError(t, a.Close())
	require.NoError(t, a.Close())
	require.Equal(t, want, firstProbs(t, c))
	require.NotNil(t, a.ptr)
	require.ErrorIs(t, c.SetAdapters(AdapterScale{a, 1}), ErrClosed)
	require.NoError(t, c.SetAdapters())
	require.Nil(t, a.ptr, "freed with its last use")
	require.NotEqual(t, want, firstProbs(t, c))
}

func TestSetAdaptersErrors(t *testing.T) {
	path := tinyModel(t)
	m, other := mustLoad(t, path), mustLoad(t, path)
	c := mustContext(t, m, ContextOptions{Size: 256})
	file := testmodel.NewAdapter(t, path, testmodel.AdapterSpec{})
	a, err := m.LoadAdapter(file)
	require.NoError(t, err)
	foreign, err := other.LoadAdapter(file)
	require.NoError(t, err)
	require.Error(t, c.SetAdapters(AdapterScale{}))
	require.ErrorIs(t, c.SetAdapters(AdapterScale{foreign, 1}), ErrAdapterMismatch)
	require.Error(t, c.SetAdapters(AdapterScale{a, float32(math.NaN())}))
	require.Error(t, c.SetAdapters(AdapterScale{a, 1}, AdapterScale{a, 1}))
	require.Equal(t, file, a.Path())
}

func TestWrongAdapter(t *testing.T) {
	path := tinyModel(t)
	m := mustLoad(t, path)
	good := testmodel.NewAdapter(t, path, testmodel.AdapterSpec{Targets: []string{"attn_q"}})
	of := func(spec testmodel.Spec, targets ...string) string {
		return testmodel.NewAdapter(t, testmodel.New(t, spec), testmodel.AdapterSpec{Targets: targets})
	}
	with := func(key string, value any) string { return rewrite(t, good, map[string]any{key: value}) }
	tests := []struct {
		name, path string
		want       error
	}{
		{"another family", of(testmodel.Spec{Arch: "qwen3"}), ErrAdapterMismatch},
		{"another width", of(testmodel.Spec{Width: 32}), ErrAdapterMismatch},
		{"more layers", of(testmodel.Spec{Layers: 3}), ErrAdapterMismatch},
		{"another vocabulary", of(testmodel.Spec{Vocab: []string{"ab"}}, "token_embd"), ErrAdapterMismatch},
		{"a model", path, ErrAdapterMismatch},
		{"another kind", with("adapter.type", "control"), ErrAdapterMismatch},
		{"alpha", with("adapter.lora.alpha", float32(math.Inf(1))), ErrCorrupt},
		{"alpha's type", with("adapter.lora.alpha", "one"), ErrCorrupt},
		{"type's type", with("general.type", uint32(3)), ErrAdapterMismatch},
		{"missing", path + ".none", os.ErrNotExist},
		{"not GGUF", writeFile(t, []byte("no adapter at all")), ErrNotGGUF},
		{"without partners", oneSided(t, good), ErrCorrupt},
		{"ranks differ", ranksDiffer(t, "blk.0.attn_q.weight", 64, 64, false), ErrAdapterMismatch},
		{"ranks of an embedding differ", ranksDiffer(t, "token_embd.weight", 64, m.VocabSize(), true), ErrAdapterMismatch},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := m.LoadAdapter(test.path)
			require.ErrorIs(t, err, test.want)
		})
	}
}

// oneSided leaves out every lora_b.
func oneSided(t *testing.T, path string) string {
	in, err := gguf.Open(path)
	require.NoError(t, err)
	defer func() { _ = in.Close() }()
	return writeAdapter(t, func(out *gguf.Writer) {
		for _, info := range in.Tensors() {
			if info.Name[len(info.Name)-1] == 'a' {
				data, err := in.ReadTensor(info.Name)
				require.NoError(t, err)
				require.NoError(t, out.AddTensor(info.Name, info.Type, info.Dims, data))
			}
		}
	})
}

func ranksDiffer(t *testing.T, base string, in, out int, embedding bool) string {
	return writeAdapter(t, func(w *gguf.Writer) {
		a, b := []int64{int64(in), 4}, []int64{8, int64(out)}
		if embedding {
			a, b = []int64{4, int64(out)}, []int64{8, int64(in)}
		}
		require.NoError(t, w.AddTensor(base+".lora_a", gguf.F32, a, make([]byte, 4*a[0]*a[1])))
		require.NoError(t, w.AddTensor(base+".lora_b", gguf.F32, b, make([]byte, 4*b[0]*b[1])))
	})
}

func writeAdapter(t *testing.T, tensors func(*gguf.Writer)) string {
	path := t.TempDir() + "/adapter.gguf"
	w, err := gguf.Create(path)
	require.NoError(t, err)
	defer func() { _ = w.Close() }()
	require.NoError(t, w.SetMeta("general.type", "adapter"))
	require.NoError(t, w.SetMeta("general.architecture", "llama"))
	require.NoError(t, w.SetMeta("adapter.type", "lora"))
	tensors(w)
	require.NoError(t, w.Commit())
	return path
}

// TestHostileAdapter damages the header of an adapter everywhere.
func TestHostileAdapter(t *testing.T) {
	path := testmodel.New(t, testmodel.Spec{Layers: 1, Width: 16, Heads: 2, FeedForward: 32})
	m := mustLoad(t, path)
	c := mustContext(t, m, ContextOptions{Size: 256, Threads: 1})
	file := testmodel.NewAdapter(t, path, testmodel.AdapterSpec{Targets: []string{"attn_q", "token_embd"}})
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	f, err := gguf.Open(file)
	require.NoError(t, err)
	header := int(f.DataOffset())
	require.NoError(t, f.Close())
	for i := range header {
		old := data[i]
		for _, b := range []byte{old ^ 1<<(i%8), 0xff} {
			data[i] = b
			require.NoError(t, os.WriteFile(file, data, 0o600))
			a, err := m.LoadAdapter(file)
			if err != nil {
				continue
			}
			require.NoError(t, c.SetAdapters(AdapterScale{a, 1}))
			_, _ = c.Generate(context.Background(), []Request{{Prompt: []Token{50}, MaxTokens: 2}})
			require.NoError(t, c.SetAdapters())
			require.NoError(t, a.Close())
		}
		data[i] = old
	}
	for n := range header {
		require.NoError(t, os.WriteFile(file, data[:n], 0o600))
		_, err := m.LoadAdapter(file)
		require.Error(t, err)
	}
}
