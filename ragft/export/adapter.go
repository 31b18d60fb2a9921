package export

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/gguf"
)

// baseModel is the header of the base model in GGUF.
type baseModel struct {
	*gguf.File
	family
	architecture string
}

func openBase(path string) (*baseModel, error) {
	f, err := gguf.Open(path)
	if err != nil {
		return nil, fmt.Errorf("export: base: %w", err)
	}
	m := &baseModel{File: f}
	m.architecture, _ = f.Text("general.architecture")
	if m.family, err = familyOf(m.architecture); err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// check returns an error if the pair, in the order of GGUF, does not fit the base.
func (m *baseModel) check(p pair) error {
	w, ok := m.Tensor(p.name + ".weight")
	if !ok {
		return fmt.Errorf("export: the base has no weight %s", p.name)
	}
	in, out := p.a.shape[1], p.b.shape[0]
	if p.name == embedding {
		in, out = p.b.shape[0], p.a.shape[0]
	}
	if !slices.Equal(w.Dims, []int64{in, out}) {
		return fmt.Errorf("export: %s is %v in the base and [%d %d] in the adapter; was it made for another model?",
			p.name, w.Dims, in, out)
	}
	return nil
}

// readGGUFAdapter reads an adapter and checks that it fits the base.
func readGGUFAdapter(path string, m *baseModel) ([]pair, error) {
	f, err := gguf.Open(path)
	if err != nil {
		return nil, fmt.Errorf("export: adapter: %w", err)
	}
	defer f.Close()
	fail := func(format string, args ...any) ([]pair, error) {
		return nil, fmt.Errorf("export: adapter %s: %s", path, fmt.Sprintf(format, args...))
	}
	if kind, _ := f.Text("general.type"); kind != "adapter" {
		return fail("the file holds a %s, not an adapter", cmp.Or(kind, "model"))
	}
	if kind, _ := f.Text("adapter.type"); kind != "lora" {
		return fail("the adapter's type is %q, not lora", kind)
	}
	if architecture, _ := f.Text("general.architecture"); architecture != m.architecture {
		return fail("it was made for the architecture %q; the base has %q", architecture, m.architecture)
	}
	alpha, _ := f.Float("adapter.lora.alpha")
	var pairs []pair
	for _, info := range f.Tensors() {
		name, isA := strings.CutSuffix(info.Name, ".weight.lora_a")
		if !isA {
			if !strings.HasSuffix(info.Name, ".weight.lora_b") {
				return nil, fmt.Errorf("%w: adapter %s: the tensor %s", ErrUnsupported, path, info.Name)
			}
			continue
		}
		p := pair{name: name, scale: 1}
		if p.a, err = readTensor(f, info.Name); err != nil {
			return nil, err
		}
		if p.b, err = readTensor(f, name+".weight.lora_b"); err != nil {
			return nil, err
		}
		rank := p.a.shape[0]
		if name == embedding {
			rank = p.a.shape[1]
		}
		if rank != p.rank() {
			return fail("the matrices of %s differ in rank", name)
		}
		if alpha != 0 {
			p.scale = alpha / float64(rank)
		}
		if err := m.check(p); err != nil {
			return nil, err
		}
		pairs = append(pairs, p)
	}
	if len(pairs) == 0 || 2*len(pairs) != len(f.Tensors()) {
		return fail("only %d of its %d tensors are pairs of matrices", 2*len(pairs), len(f.Tensors()))
	}
	return pairs, nil
}

// readTensor reads a matrix: unchanged if its type exists in safetensors, else as F32.
func readTensor(f *gguf.File, name string) (tensor, error) {
	info, ok := f.Tensor(name)
	if !ok {
		return tensor{}, fmt.Errorf("export: the adapter has no tensor %s", name)
	}
	dims := info.Dims
	if len(dims) == 1 {
		dims = append(slices.Clone(dims), 1) // GGUF drops a last dimension of 1
	}
	if len(dims) != 2 || dims[0] == 0 || dims[1] == 0 {
		return tensor{}, fmt.Errorf("%w: the tensor %s %v is not a matrix", ErrUnsupported, name, info.Dims)
	}
	t := tensor{name: name, dtype: info.Type.String(), shape: []int64{dims[1], dims[0]}}
	var err error
	if _, plain := dtypeBytes[t.dtype]; plain {
		t.data, err = f.ReadTensor(name)
	} else {
		var values []float32
		values, err = f.ReadFloats(name)
		t.dtype, t.data = "F32", gguf.FloatBytes(values)
	}
	if err != nil {
		return tensor{}, fmt.Errorf("export: tensor %s: %w", name, err)
	}
	return t, nil
}

// writeGGUF writes an adapter that llama.cpp can load.
func (m *baseModel) writeGGUF(path string, pairs []pair) error {
	w, err := gguf.Create(path)
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	defer w.Close()
	// A file has one alpha; llama.cpp scales each weight by alpha / rank.
	alpha := float32(pairs[0].scale * float64(pairs[0].rank()))
	meta := []gguf.KV{{Key: "general.type", Value: "adapter"}, {Key: "general.architecture", Value: m.architecture},
		{Key: "adapter.type", Value: "lora"}, {Key: "adapter.lora.alpha", Value: alpha}}
	if name, ok := m.Text("general.name"); ok {
		meta = append(meta, gguf.KV{Key: "general.base_model.count", Value: uint32(1)},
			gguf.KV{Key: "general.base_model.0.name", Value: name})
	}
	for _, kv := range meta {
		if err := w.SetMeta(kv.Key, kv.Value); err != nil {
			return fmt.Errorf("export: %w", err)
		}
	}
	for _, p := range pairs {
		if own := p.scale * float64(p.rank()); float32(own) != alpha {
			if p.b, err = scaled(p.b, own/float64(alpha)); err != nil {
				return err
			}
		}
		for _, half := range []struct {
			suffix string
			tensor
		}{{".weight.lora_a", p.a}, {".weight.lora_b", p.b}} {
			kind, _ := gguf.ParseType(half.dtype)
			if err := w.AddTensor(p.name+half.suffix, kind, []int64{half.shape[1], half.shape[0]}, half.data); err != nil {
				return fmt.Errorf("export: %w", err)
			}
		}
	}
	if err := w.Commit(); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	return nil
}
