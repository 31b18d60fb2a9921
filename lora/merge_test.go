//go:build cgo

package lora

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/llamacpp"
	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/llama"
)

// mergeSpec is wide enough for blocks of 256.
func mergeSpec(t gguf.Type) testmodel.Spec {
	return testmodel.Spec{Layers: 1, Width: 256, Heads: 4, HeadsKV: 2, FeedForward: 256, Type: t, Seed: 7}
}

// floatsOf reads a tensor of any type.
func floatsOf(t *testing.T, path, name string) []float32 {
	f, err := gguf.Open(path)
	require.NoError(t, err)
	defer f.Close()
	data, err := f.ReadTensor(name)
	require.NoError(t, err)
	info, _ := f.Tensor(name)
	v, err := llamacpp.Dequantize(info.Type, data, int(info.Elements()))
	require.NoError(t, err)
	return v
}

// changed is the base's weight with the adapter's change, computed straightforwardly.
func changed(t *testing.T, base, adapter, name string, scale float64) []float32 {
	w, a, b := floatsOf(t, base, name), floatsOf(t, adapter, name+".lora_a"), floatsOf(t, adapter, name+".lora_b")
	f, err := gguf.Open(base)
	require.NoError(t, err)
	defer f.Close()
	info, _ := f.Tensor(name)
	in, out := int(info.Dims[0]), int(info.Dims[1])
	rank := len(a) / in
	for j := range out {
		for i := range in {
			sum := 0.0
			for k := range rank {
				sum += float64(b[j*rank+k]) * float64(a[k*in+i])
			}
			w[j*in+i] += float32(scale * sum)
		}
	}
	return w
}

// Every type of base: types, metadata and untouched tensors stay, changed ones are what they should be but for the
// rounding of their type, and the merged model says what base and adapter say.
func TestMergedEqualsAdapted(t *testing.T) {
	for typ, tolerance := range map[gguf.Type]struct{ weights, kl float64 }{
		gguf.F32: {1e-6, 1e-8}, gguf.F16: {1e-3, 1e-4}, gguf.BF16: {4e-3, 1e-3}, gguf.Q8_0: {0.01, 5e-3}, gguf.Q6_K: {0.03, 0.02},
		gguf.Q5_K: {0.06, 0.05}, gguf.Q5_0: {0.06, 0.05}, gguf.Q4_K: {0.1, 0.1}, gguf.Q4_0: {0.12, 0.15}, gguf.IQ4_NL: {0.1, 0.15},
	} {
		t.Run(typ.String(), func(t *testing.T) {
			base := testmodel.New(t, mergeSpec(typ))
			adapter := testmodel.NewAdapter(t, base, testmodel.AdapterSpec{Rank: 6, Alpha: 9, Seed: 3})
			out := filepath.Join(t.TempDir(), "merged.gguf")
			var last, total int64
			r, err := Merge(context.Background(), MergeOptions{Base: base, Adapter: adapter, Output: out, Threads: 2,
				Progress: func(done, all int64) { require.Greater(t, done, last); last, total = done, all }})
			require.NoError(t, err)
			require.Equal(t, 7, r.Changed)
			require.Equal(t, total, last)
			require.Equal(t, total, r.Bytes)
			t.Logf("%+v", *r.Check)
			require.Less(t, r.Check.KL, tolerance.kl)
			require.Greater(t, r.Check.AdapterKL, 0.3, "the adapter must matter for the comparison to mean something")
			require.Greater(t, r.Check.Tokens, 100)
			if typ == gguf.F32 {
				require.Equal(t, 1.0, r.Check.SameToken)
			}
			requireMerged(t, base, adapter, out, 9.0/6, tolerance.weights)
		})
	}
}

// requireMerged compares a merged file that keeps the base's types with its base, tensor by tensor.
func requireMerged(t *testing.T, base, adapter, out string, scale, tolerance float64) {
	was, err := gguf.Open(base)
	require.NoError(t, err)
	defer was.Close()
	is, err := gguf.Open(out)
	require.NoError(t, err)
	defer is.Close()
	require.Equal(t, was.Metadata(), is.Metadata()[:len(was.Metadata())])
	require.Len(t, is.Tensors(), len(was.Tensors()))
	touched, err := gguf.Open(adapter)
	require.NoError(t, err)
	defer touched.Close()
	for i, w := range was.Tensors() {
		m := is.Tensors()[i]
		require.Equal(t, []any{w.Name, w.Type, w.Dims}, []any{m.Name, m.Type, m.Dims})
		if _, isTouched := touched.Tensor(w.Name + ".lora_a"); isTouched {
			require.LessOrEqual(t, distance(floatsOf(t, out, w.Name), changed(t, base, adapter, w.Name, scale)), tolerance, w.Name)
			continue
		}
		a, err := was.ReadTensor(w.Name)
		require.NoError(t, err)
		b, err := is.ReadTensor(w.Name)
		require.NoError(t, err)
		require.Equal(t, a, b, w.Name)
	}
}

// retyped writes a model again with some tensors in other types: a mixed file, as quantisers make them.
func retyped(t *testing.T, path string, types map[string]gguf.Type) string {
	f, err := gguf.Open(path)
	require.NoError(t, err)
	defer f.Close()
	out := filepath.Join(t.TempDir(), "mixed.gguf")
	w := createFile(out)
	for _, kv := range f.Metadata() {
		w.meta(kv.Key, kv.Value)
	}
	w.meta("general.file_type", uint32(15))
	for _, info := range f.Tensors() {
		if typ, ok := types[info.Name]; ok {
			data, err := llamacpp.Quantize(typ, floatsOf(t, path, info.Name), int(info.Dims[0]))
			require.NoError(t, err)
			w.tensor(gguf.TensorInfo{Name: info.Name, Type: typ, Dims: info.Dims}, data)
			continue
		}
		data, err := f.ReadTensor(info.Name)
		require.NoError(t, err)
		w.tensor(info, data)
	}
	require.NoError(t, w.commit())
	return out
}

func TestMergeTypes(t *testing.T) {
	base := retyped(t, testmodel.New(t, mergeSpec(gguf.Q4_K)), map[string]gguf.Type{
		"blk.0.attn_v.weight": gguf.Q6_K, "blk.0.ffn_down.weight": gguf.Q6_K, "output.weight": gguf.Q6_K})
	adapter := testmodel.NewAdapter(t, base, testmodel.AdapterSpec{Targets: []string{"attn_q", "attn_v"}, Seed: 3})
	merge := func(o MergeOptions) (map[string]gguf.Type, uint64, *MergeResult) {
		o.Base, o.Adapter, o.Output = base, adapter, filepath.Join(t.TempDir(), "merged.gguf")
		r, err := Merge(context.Background(), o)
		require.NoError(t, err)
		f, err := gguf.Open(o.Output)
		require.NoError(t, err)
		defer f.Close()
		types := map[string]gguf.Type{}
		for _, info := range f.Tensors() {
			types[strings.TrimSuffix(strings.TrimPrefix(info.Name, "blk.0."), ".weight")] = info.Type
		}
		fileType, _ := f.Uint("general.file_type")
		return types, fileType, r
	}

	types, fileType, own := merge(MergeOptions{})
	require.Equal(t, gguf.Q4_K, types["attn_q"])
	require.Equal(t, gguf.Q6_K, types["attn_v"])
	require.EqualValues(t, 15, fileType)

	types, fileType, touched := merge(MergeOptions{Type: "q8_0"})
	require.Equal(t, gguf.Q8_0, types["attn_q"])
	require.Equal(t, gguf.Q8_0, types["attn_v"])
	require.Equal(t, gguf.Q4_K, types["attn_k"])
	require.EqualValues(t, 15, fileType, "most of the file is still Q4_K")
	require.Less(t, touched.Check.KL, own.Check.KL, "more bits must keep more of the adapter")

	types, fileType, whole := merge(MergeOptions{Type: "F16", Whole: true})
	for _, module := range []string{"attn_q", "attn_v", "attn_k", "ffn_down", "output", "token_embd"} {
		require.Equal(t, gguf.F16, types[module], module)
	}
	require.Equal(t, gguf.F32, types["attn_norm"])
	require.EqualValues(t, 1, fileType)
	require.Less(t, whole.Check.KL, touched.Check.KL*1.5)
}

// A merge with a scale, then one into the merged model, which counts as the second. Provenance goes along.
func TestMergeScaleAndProvenance(t *testing.T) {
	dir := t.TempDir()
	base := testmodel.New(t, mergeSpec(gguf.F32))
	adapter := testmodel.NewAdapter(t, base, testmodel.AdapterSpec{Seed: 3, Targets: []string{"output", "token_embd", "ffn_up"}})
	first, second := filepath.Join(dir, "first.gguf"), filepath.Join(dir, "second.gguf")
	r, err := Merge(context.Background(), MergeOptions{Base: base, Adapter: adapter, Output: first, Scale: -0.5})
	require.NoError(t, err)
	require.Less(t, r.Check.KL, 1e-8)
	require.Greater(t, r.Check.AdapterKL, 0.05)
	require.False(t, r.OtherBase)
	_, err = Merge(context.Background(), MergeOptions{Base: first, Adapter: adapter, Output: second, Scale: 0.5})
	require.NoError(t, err)
	for _, name := range []string{"output.weight", "token_embd.weight", "blk.0.ffn_up.weight"} {
		require.Less(t, distance(floatsOf(t, second, name), floatsOf(t, base, name)), 1e-6, "there and back again: "+name)
	}
	f, err := gguf.Open(second)
	require.NoError(t, err)
	defer f.Close()
	n, _ := f.Uint("ragft.merged.count")
	require.EqualValues(t, 2, n)
	hash, err := hashFile(context.Background(), base)
	require.NoError(t, err)
	into, _ := f.Text("ragft.merged.0.into.sha256")
	require.Equal(t, hash, into)
	scale, _ := f.Float("ragft.merged.1.scale")
	require.Equal(t, 0.5, scale)
}

// Experts are planes of one tensor, each with its own pair. The file is no whole model, so there is nothing to check by
// llama.cpp.
func TestMergeExperts(t *testing.T) {
	const in, out, rank, experts = 32, 5, 3, 2
	dir := t.TempDir()
	rng := random(1)
	draw := func(n int) []float32 {
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(rng.NormFloat64())
		}
		return v
	}
	w, a, b := draw(in*out*experts), draw(in*rank*experts), draw(rank*out*experts)
	write := func(name, kind string, tensors map[string][]int64, values ...[]float32) string {
		path := filepath.Join(dir, name)
		f := createFile(path)
		f.meta("general.type", kind)
		f.meta("general.architecture", "llama")
		f.meta("adapter.type", "lora")
		for i, name := range slices.Sorted(func(yield func(string) bool) {
			for k := range tensors {
				if !yield(k) {
					return
				}
			}
		}) {
			f.tensor(gguf.TensorInfo{Name: name, Type: gguf.F32, Dims: tensors[name]}, gguf.FloatBytes(values[i]))
		}
		require.NoError(t, f.commit())
		return path
	}
	const name = "blk.0.ffn_up_exps.weight"
	base := write("base.gguf", "model", map[string][]int64{name: {in, out, experts}}, w)
	adapter := write("adapter.gguf", "adapter", map[string][]int64{name + ".lora_a": {in, rank, experts},
		name + ".lora_b": {rank, out, experts}}, a, b)
	merged := filepath.Join(dir, "merged.gguf")
	_, err := Merge(context.Background(), MergeOptions{Base: base, Adapter: adapter, Output: merged, SkipCheck: true, Threads: 3})
	require.NoError(t, err)
	got := floatsOf(t, merged, name)
	for e := range experts {
		for j := range out {
			for i := range in {
				want := float64(w[(e*out+j)*in+i])
				for k := range rank {
					want += float64(b[(e*out+j)*rank+k]) * float64(a[(e*rank+k)*in+i])
				}
				require.InDelta(t, want, got[(e*out+j)*in+i], 1e-4)
			}
		}
	}
}

func TestMergeBadInput(t *testing.T) {
	dir := t.TempDir()
	base := testmodel.New(t, mergeSpec(gguf.F32))
	adapter := testmodel.NewAdapter(t, base, testmodel.AdapterSpec{Seed: 3})
	narrow := testmodel.New(t, testSpec("llama", gguf.F32))
	foreign := testmodel.New(t, testSpec("qwen3", gguf.F32))
	tied := mergeSpec(gguf.F32)
	tied.Tied = true
	tiedBase := testmodel.New(t, tied)
	embedding := testmodel.NewAdapter(t, tiedBase, testmodel.AdapterSpec{Targets: []string{"token_embd"}})
	broken := changedAdapter(t, adapter, func(name string, v []float32) { v[1] = float32(math.NaN()) })
	huge := changedAdapter(t, adapter, func(name string, v []float32) { v[0] = 1e20 })
	split := rewritten(t, base, func(kv gguf.KV) gguf.KV {
		if kv.Key == "general.name" {
			return gguf.KV{Key: "split.count", Value: uint16(3)}
		}
		return kv
	})
	out := filepath.Join(dir, "merged.gguf")
	for name, c := range map[string]struct {
		o    MergeOptions
		is   error
		says string
	}{
		"no base":            {o: MergeOptions{Base: filepath.Join(dir, "none"), Adapter: adapter}, is: os.ErrNotExist},
		"no adapter":         {o: MergeOptions{Base: base, Adapter: filepath.Join(dir, "none")}, is: os.ErrNotExist},
		"model as adapter":   {o: MergeOptions{Base: base, Adapter: base}, is: ErrAdapter, says: "not an adapter"},
		"adapter as base":    {o: MergeOptions{Base: adapter, Adapter: adapter}, says: "not a model"},
		"other width":        {o: MergeOptions{Base: narrow, Adapter: adapter}, is: ErrAdapter, says: "[64 64] in the model and [256 256]"},
		"other architecture": {o: MergeOptions{Base: foreign, Adapter: adapter}, is: ErrAdapter, says: `"qwen3"`},
		"unknown type":       {o: MergeOptions{Base: base, Adapter: adapter, Type: "Q9"}, says: "Q8_0"},
		"importance matrix":  {o: MergeOptions{Base: base, Adapter: adapter, Type: "IQ2_XXS"}, says: "importance matrix"},
		"odd rows": {o: MergeOptions{Base: narrow, Adapter: testmodel.NewAdapter(t, narrow, testmodel.AdapterSpec{}),
			Type: "Q4_K"}, says: "multiple of the 256"},
		"whole without type": {o: MergeOptions{Base: base, Adapter: adapter, Whole: true}, says: "Type"},
		"scale":              {o: MergeOptions{Base: base, Adapter: adapter, Scale: math.Inf(1)}, says: "Scale"},
		"over the base":      {o: MergeOptions{Base: base, Adapter: adapter, Output: base}, says: "would replace"},
		"tied embedding":     {o: MergeOptions{Base: tiedBase, Adapter: embedding}, is: ErrAdapter, says: "output matrix"},
		"NaN":                {o: MergeOptions{Base: base, Adapter: broken, SkipCheck: true}, is: ErrAdapter, says: "NaN"},
		"overflow":           {o: MergeOptions{Base: base, Adapter: huge, Type: "F16", SkipCheck: true}, says: "F16 cannot hold"},
		"split":              {o: MergeOptions{Base: split, Adapter: adapter}, says: "3 files"},
		"NaN, checked":       {o: MergeOptions{Base: base, Adapter: broken}, is: llama.ErrNotANumber},
		"no folder":          {o: MergeOptions{Base: base, Adapter: adapter, Output: filepath.Join(dir, "none", "out.gguf")}, is: os.ErrNotExist},
	} {
		t.Run(name, func(t *testing.T) {
			if c.o.Output == "" {
				c.o.Output = out
			}
			_, err := Merge(context.Background(), c.o)
			require.Error(t, err)
			if c.is != nil {
				require.ErrorIs(t, err, c.is)
			}
			require.ErrorContains(t, err, c.says)
			requireNothingLeft(t, dir)
		})
	}
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		_, err := Merge(ctx, MergeOptions{Base: base, Adapter: adapter, Output: out, Progress: func(done, total int64) { cancel() }})
		require.ErrorIs(t, err, context.Canceled)
		requireNothingLeft(t, dir)
	})
}

func requireNothingLeft(t *testing.T, dir string) {
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, entries)
}

// changedAdapter writes the adapter again with its matrices changed.
func changedAdapter(t *testing.T, path string, change func(name string, v []float32)) string {
	f, err := gguf.Open(path)
	require.NoError(t, err)
	defer f.Close()
	out := filepath.Join(t.TempDir(), "changed.gguf")
	w := createFile(out)
	for _, kv := range f.Metadata() {
		w.meta(kv.Key, kv.Value)
	}
	for _, info := range f.Tensors() {
		v, err := f.ReadFloats(info.Name)
		require.NoError(t, err)
		change(info.Name, v)
		w.tensor(info, gguf.FloatBytes(v))
	}
	require.NoError(t, w.commit())
	return out
}

func TestReadAdapter(t *testing.T) {
	base := testmodel.New(t, mergeSpec(gguf.F32))
	info, err := ReadAdapter(testmodel.NewAdapter(t, base, testmodel.AdapterSpec{Rank: 3, Alpha: 6,
		Targets: []string{"attn_k", "token_embd"}}))
	require.NoError(t, err)
	require.Equal(t, "llama", info.Architecture)
	require.Equal(t, 6.0, info.Alpha)
	require.Len(t, info.Weights, 2)
	require.Equal(t, AdaptedWeight{Name: "blk.0.attn_k.weight", Rank: 3, In: 256, Out: 128, Scale: 2}, info.Weights[1])
	require.Equal(t, 256, info.Weights[0].In)
	_, err = ReadAdapter(base)
	require.ErrorIs(t, err, ErrAdapter)
}

// The check must see what is wrong: a model merged with another scale, and one of another vocabulary.
func TestVerifyMergeFindsDifferences(t *testing.T) {
	dir := t.TempDir()
	base := testmodel.New(t, mergeSpec(gguf.F32))
	adapter := testmodel.NewAdapter(t, base, testmodel.AdapterSpec{Seed: 3})
	out := filepath.Join(dir, "merged.gguf")
	_, err := Merge(context.Background(), MergeOptions{Base: base, Adapter: adapter, Output: out, Scale: 0.5, SkipCheck: true})
	require.NoError(t, err)
	check := func(merged string, scale float64) (*MergeCheck, error) {
		v, err := newVerification(t.Context(), MergeOptions{Base: base, Adapter: adapter, Scale: scale})
		require.NoError(t, err)
		return v.compare(t.Context(), merged)
	}
	right, err := check(out, 0.5)
	require.NoError(t, err)
	require.Less(t, right.KL, 1e-8)
	wrong, err := check(out, 0)
	require.NoError(t, err)
	require.Greater(t, wrong.KL, 0.05)
	require.Less(t, wrong.SameToken, 0.9)

	other := mergeSpec(gguf.F32)
	other.Vocab = []string{" the"}
	_, err = check(testmodel.New(t, other), 0)
	require.ErrorContains(t, err, "vocabulary")
}
