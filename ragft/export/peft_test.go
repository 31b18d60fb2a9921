package export

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/testmodel"
)

// TestRoundTrip takes adapters to PEFT's format and back: they stay what they were.
func TestRoundTrip(t *testing.T) {
	for name, c := range map[string]struct {
		arch    string
		targets []string
		module  string // that must be among PEFT's names
	}{
		"llama": {"llama", []string{"attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down", "output"},
			"model.layers.1.mlp.down_proj"},
		"the embedding": {"llama", []string{"token_embd", "attn_q"}, "model.embed_tokens"},
		"qwen2":         {"qwen2", nil, "model.layers.0.self_attn.k_proj"},
		"gemma2":        {"gemma2", nil, "model.layers.0.self_attn.o_proj"},
		"phi3":          {"phi3", nil, "model.layers.1.self_attn.qkv_proj"},
		"olmo2":         {"olmo2", nil, "model.layers.0.mlp.gate_proj"},
		"mistral3":      {"mistral3", nil, "model.layers.0.mlp.up_proj"},
	} {
		t.Run(name, func(t *testing.T) {
			base := testmodel.New(t, testmodel.Spec{Arch: c.arch})
			dir := t.TempDir()
			adapter, again := filepath.Join(dir, "a.gguf"), filepath.Join(dir, "b.gguf")
			require.NoError(t, testmodel.WriteAdapter(adapter, base, testmodel.AdapterSpec{Rank: 3, Alpha: 5, Targets: c.targets}))
			peft := filepath.Join(dir, "peft")
			require.NoError(t, ToPEFT(adapter, base, peft, ToPEFTOptions{Base: "someone/model"}))
			tensors, err := readSafetensors(filepath.Join(peft, weightsFile))
			require.NoError(t, err)
			var names []string
			for _, tensor := range tensors {
				names = append(names, tensor.name)
			}
			require.Contains(t, strings.Join(names, "\n"), "base_model.model."+c.module+".lora_")
			config, err := readConfig(filepath.Join(peft, configFile))
			require.NoError(t, err)
			require.EqualValues(t, 3, config.R)
			require.Equal(t, 5.0, config.Alpha)
			require.Empty(t, config.RankPattern)
			require.Empty(t, config.AlphaPattern)

			require.NoError(t, FromPEFT(peft, base, again))
			requireSameAdapter(t, adapter, again)
		})
	}
}

// TestSameBytes converts one adapter several times: a file can be told by its hash.
func TestSameBytes(t *testing.T) {
	base := testmodel.New(t, testmodel.Spec{Arch: "llama"})
	dir := t.TempDir()
	adapter, peft := filepath.Join(dir, "a.gguf"), filepath.Join(dir, "peft")
	require.NoError(t, testmodel.WriteAdapter(adapter, base, testmodel.AdapterSpec{Rank: 2}))
	require.NoError(t, ToPEFT(adapter, base, peft, ToPEFTOptions{Base: "someone/model"}))
	var first []byte
	for range 8 {
		path := filepath.Join(dir, "b.gguf")
		require.NoError(t, FromPEFT(peft, base, path))
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		if first == nil {
			first = data
		}
		require.True(t, bytes.Equal(first, data), "the same input gives the same bytes")
	}
}

func requireSameAdapter(t *testing.T, one, other string) {
	t.Helper()
	a, err := gguf.Open(one)
	require.NoError(t, err)
	defer a.Close()
	b, err := gguf.Open(other)
	require.NoError(t, err)
	defer b.Close()
	for _, key := range []string{"general.type", "general.architecture", "adapter.type", "adapter.lora.alpha"} {
		x, _ := a.Value(key)
		y, _ := b.Value(key)
		require.Equal(t, x, y, key)
	}
	require.Len(t, b.Tensors(), len(a.Tensors()))
	for _, info := range a.Tensors() {
		twin, ok := b.Tensor(info.Name)
		require.True(t, ok, info.Name)
		require.Equal(t, info.Type, twin.Type)
		require.Equal(t, info.Dims, twin.Dims)
		x, err := a.ReadTensor(info.Name)
		require.NoError(t, err)
		y, err := b.ReadTensor(info.Name)
		require.NoError(t, err)
		require.Equal(t, x, y, info.Name)
	}
}

// TestReorder holds the order of Q and K against what it is for: transformers
// turns the pairs (i, i + half a head), llama.cpp the pairs (2i, 2i + 1), and
// the products of queries and keys must be the same.
func TestReorder(t *testing.T) {
	const heads, head = 3, 8
	vector := func(seed float64) []float32 {
		v := make([]float32, heads*head)
		for i := range v {
			v[i] = float32(math.Sin(seed * float64(i+1)))
		}
		return v
	}
	turn := func(v []float32, position int, pair func(i int) (int, int)) []float64 {
		out := make([]float64, len(v))
		for h := range heads {
			for i := range head / 2 {
				a, b := pair(i)
				sin, cos := math.Sincos(float64(position) * math.Pow(10000, -2*float64(i)/head))
				x, y := float64(v[h*head+a]), float64(v[h*head+b])
				out[h*head+a], out[h*head+b] = x*cos-y*sin, x*sin+y*cos
			}
		}
		return out
	}
	half := func(i int) (int, int) { return i, i + head/2 }
	next := func(i int) (int, int) { return 2 * i, 2*i + 1 }
	gguf := func(v []float32) []float32 {
		data, err := reorder(floatBytes(v), heads*head, heads, true)
		require.NoError(t, err)
		back, err := reorder(data, heads*head, heads, false)
		require.NoError(t, err)
		require.Equal(t, floatBytes(v), back)
		return floats(data)
	}
	q, k := vector(1.3), vector(0.7)
	theirs, ours := turn(q, 5, half), turn(gguf(q), 5, next)
	theirKeys, ourKeys := turn(k, 2, half), turn(gguf(k), 2, next)
	for h := range heads {
		a, b := 0.0, 0.0
		for i := range head {
			a += theirs[h*head+i] * theirKeys[h*head+i]
			b += ours[h*head+i] * ourKeys[h*head+i]
		}
		require.InDelta(t, a, b, 1e-6)
	}
	_, err := reorder(make([]byte, 6*4), 6, 2, true)
	require.ErrorContains(t, err, "of even size")
}

func floatBytes(v []float32) []byte { return gguf.FloatBytes(v) }

func floats(data []byte) []float32 {
	out := make([]float32, len(data)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
	}
	return out
}

// peftFolder writes an adapter as PEFT does, for modules with matrices of
// growing numbers.
func peftFolder(t *testing.T, config map[string]any, modules map[string][3]int64) string {
	t.Helper()
	dir := t.TempDir()
	full := map[string]any{
		"peft_type":      "LORA",
		"task_type":      "CAUSAL_LM",
		"r":              2,
		"lora_alpha":     4,
		"bias":           "none",
		"target_modules": "all-linear",
	}
	for key, value := range config {
		full[key] = value
	}
	data, err := json.Marshal(full)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, configFile), data, 0o644))
	var tensors []tensor
	for module, d := range modules {
		for letter, shape := range map[string][]int64{"A": {d[2], d[0]}, "B": {d[1], d[2]}} {
			values := make([]float32, shape[0]*shape[1])
			for i := range values {
				values[i] = float32(math.Sin(float64(i+len(module)))) / 4
			}
			tensors = append(
				tensors,
				tensor{"base_model.model." + module + ".lora_" + letter + ".weight", "F32", shape, floatBytes(values)},
			)
		}
	}
	require.NoError(t, writeSafetensors(filepath.Join(dir, weightsFile), tensors))
	return dir
}

// change is scale * B * A of a GGUF adapter's weight, as llama.cpp computes it.
func change(t *testing.T, path, name string) [][]float64 {
	t.Helper()
	f, err := gguf.Open(path)
	require.NoError(t, err)
	defer f.Close()
	alpha, _ := f.Float("adapter.lora.alpha")
	a, err := f.ReadFloats(name + ".weight.lora_a")
	require.NoError(t, err)
	b, err := f.ReadFloats(name + ".weight.lora_b")
	require.NoError(t, err)
	info, _ := f.Tensor(name + ".weight.lora_a")
	in, rank := int(info.Dims[0]), int(info.Dims[1])
	return product(a, b, in, rank, alpha/float64(rank))
}

func product(a, b []float32, in, rank int, scale float64) [][]float64 {
	out := make([][]float64, len(b)/rank)
	for i := range out {
		out[i] = make([]float64, in)
		for j := range in {
			for k := range rank {
				out[i][j] += scale * float64(b[i*rank+k]) * float64(a[k*in+j])
			}
		}
	}
	return out
}

// TestScales reads rsLoRA and ranks and alphas of single modules, as PEFT
// computes with them.
func TestScales(t *testing.T) {
	base := testmodel.New(t, testmodel.Spec{Arch: "qwen2"}) // without reordering
	modules := map[string][3]int64{
		"model.layers.0.mlp.up_proj":   {64, 96, 2},
		"model.layers.1.mlp.up_proj":   {64, 96, 3},
		"model.layers.0.mlp.down_proj": {96, 64, 2},
	}
	names := map[string]string{
		"model.layers.0.mlp.up_proj":   "blk.0.ffn_up",
		"model.layers.1.mlp.up_proj":   "blk.1.ffn_up",
		"model.layers.0.mlp.down_proj": "blk.0.ffn_down",
	}
	for name, c := range map[string]struct {
		config map[string]any
		scales map[string]float64
	}{
		"ranks": {map[string]any{"rank_pattern": map[string]int{"layers.1.mlp.up_proj": 3}},
			map[string]float64{"model.layers.1.mlp.up_proj": 4.0 / 3, "": 2}},
		"rsLoRA": {map[string]any{"use_rslora": true, "rank_pattern": map[string]int{`model\.layers\.1\..*`: 3}},
			map[string]float64{"model.layers.1.mlp.up_proj": 4 / math.Sqrt(3), "": 4 / math.Sqrt2}},
		"alphas": {map[string]any{"alpha_pattern": map[string]float64{"down_proj": 7}, "rank_pattern": map[string]int{"1.mlp.up_proj": 3}},
			map[string]float64{"model.layers.1.mlp.up_proj": 4.0 / 3, "model.layers.0.mlp.down_proj": 3.5, "": 2}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := peftFolder(t, c.config, modules)
			tensors, err := readSafetensors(filepath.Join(dir, weightsFile))
			require.NoError(t, err)
			byName := map[string][]float32{}
			for _, tensor := range tensors {
				byName[tensor.name] = floats(tensor.data)
			}
			adapter := filepath.Join(t.TempDir(), "adapter.gguf")
			require.NoError(t, FromPEFT(dir, base, adapter))
			peftAgain, again := filepath.Join(t.TempDir(), "peft"), filepath.Join(t.TempDir(), "again.gguf")
			require.NoError(t, ToPEFT(adapter, base, peftAgain, ToPEFTOptions{}))
			require.NoError(t, FromPEFT(peftAgain, base, again))
			for module, d := range modules {
				scale, ok := c.scales[module]
				if !ok {
					scale = c.scales[""]
				}
				want := product(
					byName["base_model.model."+module+".lora_A.weight"],
					byName["base_model.model."+module+".lora_B.weight"],
					int(d[0]),
					int(d[2]),
					scale,
				)
				for _, file := range []string{adapter, again} {
					got := change(t, file, names[module])
					for i := range want {
						require.InDeltaSlice(t, want[i], got[i], 1e-6, module)
					}
				}
			}
		})
	}
}

// TestHalves keeps 16-bit values to the bit.
func TestHalves(t *testing.T) {
	base := testmodel.New(t, testmodel.Spec{})
	for _, dtype := range []string{"F16", "BF16"} {
		dir := peftFolder(t, nil, nil)
		a, b := make([]byte, 2*2*64), make([]byte, 2*2*64)
		for i := range a {
			a[i], b[i] = byte(i%60), byte((i*7)%60)
		}
		require.NoError(t, writeSafetensors(filepath.Join(dir, weightsFile), []tensor{
			{"base_model.model.model.language_model.layers.0.self_attn.q_proj.lora_A.weight", dtype, []int64{2, 64}, a},
			{"base_model.model.model.language_model.layers.0.self_attn.q_proj.lora_B.weight", dtype, []int64{64, 2}, b}}))
		adapter := filepath.Join(t.TempDir(), "adapter.gguf")
		require.NoError(t, FromPEFT(dir, base, adapter))
		f, err := gguf.Open(adapter)
		require.NoError(t, err)
		info, _ := f.Tensor("blk.0.attn_q.weight.lora_b")
		require.Equal(t, dtype, info.Type.String())
		got, err := f.ReadTensor("blk.0.attn_q.weight.lora_b")
		require.NoError(t, err)
		require.NoError(t, f.Close())
		// Row 1 of the first of four heads of 16 is transformers' row 8.
		require.Equal(t, b[8*4:9*4], got[1*4:2*4])
		peft := filepath.Join(t.TempDir(), "peft")
		require.NoError(t, ToPEFT(adapter, base, peft, ToPEFTOptions{Root: "model.language_model"}))
		tensors, err := readSafetensors(filepath.Join(peft, weightsFile))
		require.NoError(t, err)
		for _, tensor := range tensors {
			want := a
			if strings.Contains(tensor.name, "lora_B") {
				want = b
			}
			require.Equal(t, want, tensor.data)
			require.Contains(t, tensor.name, "base_model.model.model.language_model.layers.0.self_attn.q_proj")
		}
	}
}
