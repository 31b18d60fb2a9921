//go:build cgo

package lora

import (
	"context"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/testmodel"
)

// wideAdapter adapts all that llama.cpp takes adapters for: linear layers, stacks of experts, the output, and the
// embedding where it is not the output too.
func wideAdapter(t *testing.T, model string) (path string, stacks int) {
	const rank = 3
	base, err := openModel(model)
	require.NoError(t, err)
	defer base.Close()
	_, untied := base.Tensor("output.weight")
	rng := random(4)
	path = filepath.Join(t.TempDir(), "adapter.gguf")
	w := createFile(path)
	arch, _ := base.Text("general.architecture")
	w.meta("general.type", "adapter")
	w.meta("general.architecture", arch)
	w.meta("adapter.type", "lora")
	w.meta("adapter.lora.alpha", float32(2))
	add := func(name string, dims []int64, size float64) {
		v := make([]float32, gguf.TensorInfo{Dims: dims}.Elements())
		for i := range v {
			v[i] = float32(rng.NormFloat64() * size)
		}
		w.tensor(gguf.TensorInfo{Name: name, Type: gguf.F32, Dims: dims}, gguf.FloatBytes(v))
	}
	for _, info := range base.Tensors() {
		module := moduleOf(info.Name)
		stack := strings.HasSuffix(module, "_exps")
		embedding := info.Name == embeddingName && untied
		if !strings.HasSuffix(info.Name, ".weight") || !stack && !embedding && module != "output" && !slices.Contains(linearLayers, module) {
			continue
		}
		a := append([]int64{info.Dims[0], rank}, info.Dims[2:]...)
		b := append([]int64{rank, info.Dims[1]}, info.Dims[2:]...)
		if embedding {
			a, b = []int64{rank, info.Dims[1]}, []int64{rank, info.Dims[0]}
		}
		add(info.Name+".lora_a", a, 1/math.Sqrt(float64(a[0])))
		add(info.Name+".lora_b", b, 0.3)
		if stack {
			stacks++
		}
	}
	require.NoError(t, w.commit())
	return path, stacks
}

// In every family, the merged model must say what llama.cpp makes of base and adapter, experts included.
func TestMergedEqualsAdaptedInFamilies(t *testing.T) {
	defer func(all []string) { verificationTexts = all }(verificationTexts)
	verificationTexts = verificationTexts[:1] // there are many families
	stacks := 0
	for _, arch := range testmodel.Families() {
		if arch == "mamba" { // has none of these layers
			continue
		}
		t.Run(arch, func(t *testing.T) {
			spec := testmodel.Spec{Arch: arch, Seed: 2}
			if arch == "olmoe" { // has no grouped queries
				spec.HeadsKV = 4
			}
			base := testmodel.New(t, spec)
			adapter, n := wideAdapter(t, base)
			stacks += n
			r, err := Merge(context.Background(), MergeOptions{Base: base, Adapter: adapter,
				Output: filepath.Join(t.TempDir(), "merged.gguf")})
			require.NoError(t, err)
			require.Greater(t, r.Check.Tokens, 150, "longer than the sliding windows")
			require.Less(t, r.Check.KL, 1e-7)
			require.Greater(t, r.Check.AdapterKL, 1e-3)
		})
	}
	require.NotZero(t, stacks)
}
