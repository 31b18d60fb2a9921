//go:build cgo

package lora

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/llamacpp"
	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/ragft/opt"
)

// shipped is the model in the repository.
var shipped = filepath.Join("..", "examples", "basemodel", "ragft-base-f16.gguf")

// converted is the shipped model in another type.
func converted(t *testing.T, typ string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), typ+".gguf")
	_, err := Convert(t.Context(), ConvertOptions{Model: shipped, Output: out, Type: typ, Threads: 1})
	require.NoError(t, err)
	return out
}

// The matrices of the new file are those of the old one encoded by llama.cpp; all else is the same.
func TestConvert(t *testing.T) {
	number := map[string]uint64{"F32": 0, "q4_1": 3, "Q8_0": 7, "bf16": 32}
	for name, fileType := range number {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out.gguf")
			var last, total int64
			r, err := Convert(t.Context(), ConvertOptions{Model: shipped, Output: out, Type: name, Threads: 2, Progress: func(done, all int64) {
				require.Greater(t, done, last)
				last, total = done, all
			}})
			require.NoError(t, err)
			require.Equal(t, r.Bytes, last)
			require.Equal(t, r.Bytes, total)
			before, err := gguf.Open(shipped)
			require.NoError(t, err)
			defer before.Close()
			after, err := gguf.Open(out)
			require.NoError(t, err)
			defer after.Close()
			typ, _ := gguf.ParseType(name)
			changed, size := 0, int64(0)
			for i, b := range before.Tensors() {
				a := after.Tensors()[i]
				require.Equal(t, b.Name, a.Name)
				size += a.Size
				if b.Type == gguf.F32 { // norms
					require.Equal(t, b.Type, a.Type)
					require.Equal(t, floatsOf(t, shipped, b.Name), floatsOf(t, out, a.Name))
					continue
				}
				changed++
				require.Equal(t, typ, a.Type)
				want, err := llamacpp.Quantize(typ, floatsOf(t, shipped, b.Name), int(b.Dims[0]))
				require.NoError(t, err)
				got, err := after.ReadTensor(a.Name)
				require.NoError(t, err)
				require.Equal(t, want, got)
			}
			require.Equal(t, changed, r.Changed)
			require.Equal(t, len(before.Tensors())-changed, r.Copied)
			require.Equal(t, size, r.Bytes)
			for _, kv := range before.Metadata() {
				if kv.Key != "general.file_type" {
					got, _ := after.Value(kv.Key)
					require.Equal(t, kv.Value, got, kv.Key)
				}
			}
			got, _ := after.Uint("general.file_type")
			require.Equal(t, fileType, got)
			hash, err := hashFile(t.Context(), shipped)
			require.NoError(t, err)
			from, _ := after.Text("ragft.converted.from.sha256")
			require.Equal(t, hash, from)
		})
	}
}

func TestConvertBadInput(t *testing.T) {
	dir := t.TempDir()
	base := testmodel.New(t, testSpec("llama", gguf.F32))
	adapter := testmodel.NewAdapter(t, base, testmodel.AdapterSpec{})
	out := filepath.Join(dir, "out.gguf")
	link := filepath.Join(t.TempDir(), "link.gguf")
	require.NoError(t, os.Symlink(base, link))
	for name, c := range map[string]struct {
		o    ConvertOptions
		is   error
		says string
	}{
		"no model":          {o: ConvertOptions{Model: filepath.Join(dir, "none"), Output: out, Type: "F16"}, is: os.ErrNotExist},
		"adapter":           {o: ConvertOptions{Model: adapter, Output: out, Type: "F16"}, says: "not a model"},
		"over the model":    {o: ConvertOptions{Model: base, Output: base, Type: "F16"}, says: "would replace"},
		"over it by a link": {o: ConvertOptions{Model: base, Output: link, Type: "F16"}, says: "would replace"},
		"no type":           {o: ConvertOptions{Model: base, Output: out}, says: "name the Type"},
		"unknown type":      {o: ConvertOptions{Model: base, Output: out, Type: "Q9"}, says: "Q8_0"},
		"importance matrix": {o: ConvertOptions{Model: testmodel.New(t, mergeSpec(gguf.F32)), Output: out, Type: "IQ2_XXS"},
			says: "importance matrix"},
		"odd rows": {o: ConvertOptions{Model: base, Output: out, Type: "Q4_K"}, says: "multiple of the 256"},
		"threads":  {o: ConvertOptions{Model: base, Output: out, Type: "F16", Threads: -1}, says: "Threads"},
		"no folder": {o: ConvertOptions{Model: base, Output: filepath.Join(dir, "none", "out.gguf"), Type: "F16"},
			is: os.ErrNotExist},
	} {
		t.Run(name, func(t *testing.T) {
			before, err := os.ReadFile(base)
			require.NoError(t, err)
			_, err = Convert(t.Context(), c.o)
			require.Error(t, err)
			if c.is != nil {
				require.ErrorIs(t, err, c.is)
			}
			require.ErrorContains(t, err, c.says)
			requireNothingLeft(t, dir)
			after, err := os.ReadFile(base)
			require.NoError(t, err)
			require.Equal(t, before, after)
		})
	}
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		_, err := Convert(ctx, ConvertOptions{Model: base, Output: out, Type: "F16", Progress: func(done, total int64) { cancel() }})
		require.ErrorIs(t, err, context.Canceled)
		requireNothingLeft(t, dir)
	})
}

// Q4_1 is the type in which some models are distributed. It trains, and llama.cpp computes with model and adapter what the
// trainer computed.
func TestQ4_1TrainsAndRuns(t *testing.T) {
	model := converted(t, "Q4_1")
	adapter := filepath.Join(t.TempDir(), "adapter.gguf")
	c := Config{Rank: 4, Window: testWindow, Epochs: 8, LearningRate: 1e-2, Seed: 5, Threads: 1, CheckpointEvery: opt.Of(0)}
	held := counting(4)
	r, err := Train(t.Context(), model, adapter, c, counting(20), held)
	require.NoError(t, err)
	require.Less(t, r.HeldOutLoss, 0.6*r.BaseLoss, "training must lower the held-out loss")

	m, err := llama.Load(t.Context(), model, llama.ModelOptions{GPULayers: opt.Of(0)})
	require.NoError(t, err)
	defer m.Close()
	a, err := m.LoadAdapter(adapter)
	require.NoError(t, err)
	defer a.Close()
	run, err := m.NewContext(llama.ContextOptions{Size: testWindow, Threads: 1})
	require.NoError(t, err)
	defer run.Close()
	require.NoError(t, run.SetAdapters(llama.AdapterScale{Adapter: a, Scale: 1}))
	sum, weight := 0.0, 0.0
	for _, e := range held {
		require.NoError(t, run.Logits(t.Context(), e.Tokens, func(i int, logits []float32) {
			if i+1 < len(e.Tokens) && e.Loss[i+1] > 0 {
				logSoftMax(logits)
				sum, weight = sum-float64(logits[e.Tokens[i+1]]), weight+1
			}
		}))
	}
	require.InDelta(t, r.HeldOutLoss, sum/weight, 0.03*r.HeldOutLoss+0.02)

	// What is generated greedily is what the logits say.
	prompt := held[0].Tokens[:6]
	results, err := run.Generate(t.Context(), []llama.Request{{Prompt: prompt, MaxTokens: 4}})
	require.NoError(t, err)
	answer := results[0].Samples[0].Tokens
	require.NotEmpty(t, answer)
	all := slices.Concat(prompt, answer)
	require.NoError(t, run.Logits(t.Context(), all, func(i int, logits []float32) {
		if next := i + 1; next >= len(prompt) && next < len(all) {
			require.InDelta(t, logits[likeliest(logits)], logits[all[next]], 0.1)
		}
	}))
}
