//go:build cgo

package testmodel

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
)

// Every family is written, with the tensors and the types that its Spec asks for.
func TestFamilies(t *testing.T) {
	for _, arch := range Families() {
		f := open(t, New(t, Spec{Arch: arch, Type: gguf.Q8_0}))
		name, _ := f.Text("general.architecture")
		require.Equal(t, strings.Split(arch, "/")[0], name)
		require.Greater(t, len(f.Tensors()), 2*7)
	}
	f := open(t, New(t, Spec{Arch: "qwen3moe"}))
	down, _ := f.Tensor("blk.1.ffn_down_exps.weight")
	require.Equal(t, []int64{96, 64, numExperts}, down.Dims)

	mixed := func(name string) gguf.Type {
		if strings.HasSuffix(name, "ffn_down.weight") {
			return gguf.F16
		}
		return gguf.Q8_0
	}
	f = open(t, New(t, Spec{Types: mixed}))
	for name, want := range map[string]gguf.Type{
		"blk.0.ffn_down.weight": gguf.F16, "blk.0.attn_k.weight": gguf.Q8_0, "output.weight": gguf.Q8_0, "output_norm.weight": gguf.F32,
	} {
		x, _ := f.Tensor(name)
		require.Equal(t, want, x.Type, name)
	}
	require.Equal(t, gguf.Q6_K, Q4KM("blk.2.attn_v.weight"))
	require.Equal(t, gguf.Q4_K, Q4KM("blk.1.ffn_down.weight"))
}

func open(t *testing.T, path string) *gguf.File {
	t.Helper()
	f, err := gguf.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	return f
}

func TestShapes(t *testing.T) {
	for _, c := range []struct {
		arch  string
		typ   gguf.Type
		tied  bool
		extra []string // names within a layer that only this family has
	}{
		{"llama", gguf.F32, false, nil},
		{"llama", gguf.Q4_0, true, nil},
		{"qwen2", gguf.Q8_0, false, []string{"attn_q.bias", "attn_k.bias", "attn_v.bias"}},
		{"qwen3", gguf.F16, true, []string{"attn_q_norm.weight", "attn_k_norm.weight"}},
	} {
		t.Run(c.arch+" "+c.typ.String(), func(t *testing.T) {
			f := open(t, New(t, Spec{Arch: c.arch, Type: c.typ, Tied: c.tied}))
			arch, _ := f.Text("general.architecture")
			require.Equal(t, c.arch, arch)
			layers, _ := f.Uint(c.arch + ".block_count")
			require.Equal(t, uint64(2), layers)
			k, ok := f.Tensor("blk.1.attn_k.weight")
			require.True(t, ok)
			require.Equal(t, c.typ, k.Type)
			require.Equal(t, []int64{64, 32}, k.Dims)
			down, _ := f.Tensor("blk.0.ffn_down.weight")
			require.Equal(t, []int64{96, 64}, down.Dims)
			norm, _ := f.Tensor("blk.0.attn_norm.weight")
			require.Equal(t, gguf.F32, norm.Type)
			_, output := f.Tensor("output.weight")
			require.Equal(t, !c.tied, output)
			for _, name := range c.extra {
				x, ok := f.Tensor("blk.1." + name)
				require.True(t, ok, name)
				require.Equal(t, gguf.F32, x.Type)
			}
			count := 2 + 2*(9+len(c.extra))
			if !c.tied {
				count++
			}
			require.Len(t, f.Tensors(), count)
		})
	}
}

func TestSizes(t *testing.T) {
	f := open(t, New(t, Spec{
		Arch: "qwen3", Layers: 3, Width: 96, Heads: 6, HeadsKV: 2, HeadDim: 32, FeedForward: 160, Context: 77,
		Type: gguf.Q8_0, EmbeddingF32: true,
	}))
	for name, want := range map[string][]int64{
		"blk.2.attn_q.weight":      {96, 192},
		"blk.2.attn_v.weight":      {96, 64},
		"blk.2.attn_output.weight": {192, 96},
		"blk.2.attn_q_norm.weight": {32},
		"blk.2.ffn_up.weight":      {96, 160},
	} {
		x, ok := f.Tensor(name)
		require.True(t, ok, name)
		require.Equal(t, want, x.Dims, name)
	}
	for key, want := range map[string]uint64{
		"qwen3.context_length": 77, "qwen3.attention.key_length": 32, "qwen3.attention.head_count_kv": 2,
	} {
		got, _ := f.Uint(key)
		require.Equal(t, want, got, key)
	}
	embd, _ := f.Tensor("token_embd.weight")
	require.Equal(t, gguf.F32, embd.Type)
}

// Matrices keep the size of what passes through them; norms are near one but
// differ, so that a gradient that is right only for ones is found out.
func TestScales(t *testing.T) {
	f := open(t, New(t, Spec{Seed: 5}))
	for name, want := range map[string][2]float64{
		"blk.0.attn_q.weight":   {0, 1.0 / 8},
		"blk.0.ffn_down.weight": {0, 1 / math.Sqrt(96)},
		"blk.1.ffn_norm.weight": {1, 0.1},
	} {
		v, err := f.ReadFloats(name)
		require.NoError(t, err)
		mean, std := moments(v)
		require.InDelta(t, want[0], mean, 0.04, name)
		require.InEpsilon(t, want[1], std, 0.3, name)
	}
}

func moments(v []float32) (mean, std float64) {
	for _, x := range v {
		mean += float64(x) / float64(len(v))
	}
	for _, x := range v {
		std += (float64(x) - mean) * (float64(x) - mean) / float64(len(v))
	}
	return mean, math.Sqrt(std)
}

func TestSeed(t *testing.T) {
	read := func(s Spec) []byte {
		b, err := os.ReadFile(New(t, s))
		require.NoError(t, err)
		return b
	}
	require.Equal(t, read(Spec{Seed: 1}), read(Spec{Seed: 1}))
	require.NotEqual(t, read(Spec{Seed: 1}), read(Spec{Seed: 2}))

	// The layers are the same with and without an output matrix of their own.
	a, b := open(t, New(t, Spec{Seed: 1})), open(t, New(t, Spec{Seed: 1, Tied: true}))
	wa, err := a.ReadTensor("blk.1.ffn_up.weight")
	require.NoError(t, err)
	wb, err := b.ReadTensor("blk.1.ffn_up.weight")
	require.NoError(t, err)
	require.Equal(t, wa, wb)
}

func TestVocabulary(t *testing.T) {
	s := Spec{Vocab: []string{" the", " then", "né"}}
	tokens, err := Tokens(s)
	require.NoError(t, err)
	want := []string{"Ġt", "Ġth", "Ġthe", "Ġthen", "nÃ", "nÃ©", BOS, End, System, User, Assistant}
	require.Equal(t, want, tokens[256:])
	require.Equal(t, "A", tokens['A'])
	require.Equal(t, "Ċ", tokens['\n'])
	require.Equal(t, "Ā", tokens[0])
	require.Equal(t, "ÿ", tokens[255])

	f := open(t, New(t, s))
	got, _ := f.Texts("tokenizer.ggml.tokens")
	require.Equal(t, tokens, got)
	merges, _ := f.Texts("tokenizer.ggml.merges")
	require.Equal(t, []string{"Ġ t", "Ġt h", "Ġth e", "Ġthe n", "n Ã", "nÃ ©"}, merges)
	eos, _ := f.Uint("tokenizer.ggml.eos_token_id")
	require.Equal(t, End, tokens[eos])
	types, _ := f.Value("tokenizer.ggml.token_type")
	for i, typ := range types.([]int32) {
		require.Equal(t, strings.HasPrefix(tokens[i], "<|"), typ == 3, tokens[i])
	}
	embd, _ := f.Tensor("token_embd.weight")
	require.Equal(t, int64(len(tokens)), embd.Dims[1])
}

func TestSpecRefuses(t *testing.T) {
	for _, s := range []Spec{
		{Arch: "llama/gpt2"}, {Type: gguf.Q4_K}, {Layers: -1}, {Heads: -4}, {Heads: 4, HeadsKV: 3}, {HeadDim: 7},
		{Arch: "qwen2", HeadDim: 32}, {Width: 40, HeadDim: 8, Type: gguf.Q8_0},
		{Vocab: []string{""}},
	} {
		path := filepath.Join(t.TempDir(), "m.gguf")
		require.Error(t, Write(path, s), "%+v", s)
		require.NoFileExists(t, path)
	}
}

func TestAdapter(t *testing.T) {
	base := New(t, Spec{Arch: "qwen3", HeadDim: 32, Type: gguf.Q8_0})
	f := open(t, NewAdapter(t, base, AdapterSpec{Rank: 3, Alpha: 5, Targets: []string{"attn_k", "ffn_down", "token_embd"}}))
	for key, want := range map[string]string{
		"general.type": "adapter", "general.architecture": "qwen3", "adapter.type": "lora",
	} {
		got, _ := f.Text(key)
		require.Equal(t, want, got, key)
	}
	alpha, _ := f.Float("adapter.lora.alpha")
	require.Equal(t, 5.0, alpha)
	require.Len(t, f.Tensors(), 2*(2+2+1))
	vocab, err := Tokens(Spec{})
	require.NoError(t, err)
	for name, want := range map[string][]int64{
		"blk.1.attn_k.weight.lora_a":   {64, 3},
		"blk.1.attn_k.weight.lora_b":   {3, 64},
		"blk.0.ffn_down.weight.lora_a": {96, 3},
		"blk.0.ffn_down.weight.lora_b": {3, 64},
		"token_embd.weight.lora_a":     {3, int64(len(vocab))},
		"token_embd.weight.lora_b":     {3, 64},
	} {
		x, ok := f.Tensor(name)
		require.True(t, ok, name)
		require.Equal(t, want, x.Dims, name)
		require.Equal(t, gguf.F32, x.Type)
		v, err := f.ReadFloats(name)
		require.NoError(t, err)
		require.NotContains(t, v, float32(0), name)
	}
}

func TestZeroAdapter(t *testing.T) {
	base := New(t, Spec{})
	f := open(t, NewAdapter(t, base, AdapterSpec{Zero: true}))
	require.Len(t, f.Tensors(), 2*2*7)
	for _, x := range f.Tensors() {
		v, err := f.ReadFloats(x.Name)
		require.NoError(t, err)
		_, std := moments(v)
		require.Equal(t, strings.HasSuffix(x.Name, ".lora_b"), std == 0, x.Name)
	}
}

func TestAdapterRefuses(t *testing.T) {
	base := New(t, Spec{Tied: true})
	path := filepath.Join(t.TempDir(), "a.gguf")
	require.ErrorContains(t, WriteAdapter(path, base, AdapterSpec{Targets: []string{"attn_q", "output"}}), `"output"`)
	require.ErrorContains(t, WriteAdapter(path, base, AdapterSpec{Targets: []string{"attn_norm"}}), "no matrix")
	require.ErrorIs(t, WriteAdapter(path, path, AdapterSpec{}), os.ErrNotExist)
	require.NoFileExists(t, path)
}
