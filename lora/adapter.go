//go:build cgo

package lora

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/gguf"
)

// linearLayers are the modules that "all linear layers of the blocks" means, in the names of GGUF. A model has some
// of them.
var linearLayers = []string{"attn_q", "attn_k", "attn_v", "attn_qkv", "attn_output", "ffn_gate", "ffn_up", "ffn_down"}

// targets returns the weights of the base that the patterns choose, in the order of the file.
func targets(base *gguf.File, patterns []string) ([]gguf.TensorInfo, error) {
	if patterns == nil {
		patterns = linearLayers
	}
	for _, p := range patterns {
		if _, err := path.Match(p, ""); err != nil {
			return nil, fmt.Errorf("lora: target %q: %w", p, err)
		}
	}
	var found []gguf.TensorInfo
	var names []string
	for _, t := range base.Tensors() {
		name, isWeight := strings.CutSuffix(t.Name, ".weight")
		if !isWeight || len(t.Dims) != 2 || !strings.HasPrefix(name, "blk.") {
			continue // embeddings, output and norms cannot be adapted, or llama.cpp would refuse the file
		}
		module := name[strings.LastIndexByte(name, '.')+1:]
		names = append(names, module)
		if slices.ContainsFunc(patterns, func(p string) bool {
			byModule, _ := path.Match(p, module)
			byName, _ := path.Match(p, name)
			return byModule || byName
		}) {
			found = append(found, t)
		}
	}
	if len(found) == 0 {
		slices.Sort(names)
		return nil, fmt.Errorf("%w: %s; the model has %s", ErrNoTarget, strings.Join(patterns, ", "), strings.Join(slices.Compact(names), ", "))
	}
	return found, nil
}

// temporaryFile is removed with the folder that it lies in.
type temporaryFile struct{ path string }

func (f temporaryFile) remove() { os.RemoveAll(filepath.Dir(f.path)) }

// writeInitialAdapter writes the adapter that training starts from: A uniform in +-1/sqrt(n_in), B zero, so that the
// adapted model is the base at first (arXiv 2106.09685, section 4.1).
func writeInitialAdapter(model string, c Config) (temporaryFile, error) {
	var file temporaryFile
	base, err := openModel(model)
	if err != nil {
		return file, err
	}
	defer base.Close()
	chosen, err := targets(base, c.Targets)
	if err != nil {
		return file, err
	}
	var tensors []adapterTensor
	rng := rand.New(rand.NewPCG(c.Seed, 0x6c6f7261))
	for _, t := range chosen {
		in, out := t.Dims[0], t.Dims[1]
		if int64(c.Rank) > min(in, out) {
			return file, fmt.Errorf("lora: rank %d is above the smaller dimension of %s, %d x %d; use a lower rank or fewer targets", c.Rank, t.Name, in, out)
		}
		a := make([]float32, in*int64(c.Rank))
		bound := 1 / math.Sqrt(float64(in))
		for i := range a {
			a[i] = float32((2*rng.Float64() - 1) * bound)
		}
		tensors = append(tensors,
			adapterTensor{t.Name + ".lora_a", in, int64(c.Rank), a},
			adapterTensor{t.Name + ".lora_b", int64(c.Rank), out, make([]float32, int64(c.Rank)*out)})
	}
	dir, err := os.MkdirTemp("", "ragft-lora-")
	if err != nil {
		return file, fmt.Errorf("lora: %w", err)
	}
	file.path = filepath.Join(dir, "initial.gguf")
	if err := writeAdapter(file.path, base, c, tensors); err != nil {
		file.remove()
		return temporaryFile{}, err
	}
	return file, nil
}

type adapterTensor struct {
	name     string
	ne0, ne1 int64
	values   []float32
}

// writeAdapter writes a file that llama.cpp's llama_adapter_lora_init reads.
func writeAdapter(file string, base *gguf.File, c Config, tensors []adapterTensor) error {
	w := createFile(file)
	defer w.drop()
	architecture, _ := base.Text("general.architecture")
	w.meta("general.type", "adapter")
	w.meta("general.architecture", architecture)
	w.meta("adapter.type", "lora")
	w.meta("adapter.lora.alpha", float32(c.Alpha))
	if name, ok := base.Text("general.name"); ok {
		w.meta("general.base_model.count", uint32(1))
		w.meta("general.base_model.0.name", name)
	}
	for _, k := range slices.Sorted(maps.Keys(c.Metadata)) {
		w.meta("ragft."+k, c.Metadata[k])
	}
	for _, t := range tensors {
		w.floats(t.name, t.ne0, t.ne1, t.values)
	}
	return w.commit()
}

func (t *Trainer) saveAdapter(file string) error {
	base, err := openModel(t.model)
	if err != nil {
		return err
	}
	defer base.Close()
	tensors := make([]adapterTensor, len(t.engine.params))
	for i, p := range t.engine.params {
		values, err := t.engine.get(i, value)
		if err != nil {
			return err
		}
		tensors[i] = adapterTensor{p.name, p.ne0, p.ne1, values}
	}
	return writeAdapter(file, base, t.config, tensors)
}
