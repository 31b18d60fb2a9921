//go:build cgo

package lora

import (
	"context"
	"fmt"
	"io"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/version"
)

// ConvertOptions says what [Convert] does. Model, Output and Type are needed.
type ConvertOptions struct {
	Model  string // path of the GGUF model, in one file
	Output string // path of the converted model; must not be Model
	// Type of the matrices, such as "Q8_0", "F16" or "F32", in any case. Norms, biases, the routers of experts and the like
	// keep their types.
	Type string
	// Threads that compute; 0 stands for the number of cores.
	Threads int
	// Progress is called on the goroutine of the call with the bytes of tensors written, and all. Nil is none.
	Progress func(done, total int64)
}

// ConvertResult is what a conversion did.
type ConvertResult struct {
	Changed int   // tensors that were encoded in the new type
	Copied  int   // tensors that were copied byte for byte
	Before  int64 // size of the tensors of the model in bytes
	Bytes   int64 // size of the tensors written in bytes
}

// Convert writes a model again with its matrices in another type, for a type that has fast code on this machine or less
// memory. Metadata and all other tensors are kept. It holds a few million weights at a time, whatever the model's size.
// A finer type than the model's own does not bring back what the model's type has lost.
//
// The file is written beside its place and then renamed. It carries the SHA-256 of the model that it was made of as
// ragft.converted.from.sha256. Output is untouched if there is an error.
func Convert(ctx context.Context, o ConvertOptions) (*ConvertResult, error) {
	m, err := openConversion(o)
	if err != nil {
		return nil, err
	}
	defer m.close()
	w, err := gguf.Create(o.Output)
	if err != nil {
		return nil, fmt.Errorf("lora: the converted model cannot be written: %w", err)
	}
	defer w.Close()
	hash, err := hashFile(ctx, o.Model)
	if err != nil {
		return nil, err
	}
	if err := setAll(w, append(m.baseMetadata(),
		gguf.KV{Key: "ragft.converted.from.sha256", Value: hash},
		gguf.KV{Key: "ragft.converted.by", Value: version.Version})); err != nil {
		return nil, err
	}
	r := &ConvertResult{Bytes: m.total}
	for _, t := range m.base.Tensors() {
		r.Before += t.Size
	}
	if r.Copied, err = m.addTensors(ctx, w); err != nil {
		return nil, err
	}
	r.Changed = len(m.base.Tensors()) - r.Copied
	if err := w.Commit(); ctx.Err() != nil {
		return nil, ctx.Err()
	} else if err != nil {
		return nil, fmt.Errorf("lora: converting: %w", err)
	}
	return r, nil
}

// openConversion checks everything that can be checked before the work. A conversion is a merge of no adapter.
func openConversion(o ConvertOptions) (*merge, error) {
	if o.Type == "" {
		return nil, fmt.Errorf("lora: name the Type to convert to, such as \"Q8_0\"")
	}
	m := newMerge(MergeOptions{Base: o.Model, Output: o.Output, Type: o.Type, Whole: true, Threads: o.Threads, Progress: o.Progress})
	if m.Threads < 0 {
		return nil, fmt.Errorf("lora: Threads is %d: it must be positive, or 0 for the number of cores", m.Threads)
	}
	var err error
	if m.base, err = openModel(o.Model); err != nil {
		return nil, err
	}
	if sameFile(o.Model, o.Output) {
		err = fmt.Errorf("lora: the converted model would replace %s: choose another output", o.Model)
	} else {
		err = m.choose()
	}
	if err != nil {
		m.close()
		return nil, err
	}
	return m, nil
}

// addTensors adds all tensors to the file, and returns how many of them are copied byte for byte.
func (m *merge) addTensors(ctx context.Context, w *gguf.Writer) (copied int, err error) {
	for _, t := range m.base.Tensors() {
		typ := m.types[t.Name]
		change, changed := m.changes[t.Name]
		write := func(out io.Writer) error { return m.encode(ctx, out, t, typ, change) }
		if !changed && typ == t.Type {
			copied++
			write = func(out io.Writer) error { return m.copy(ctx, out, t) }
		}
		if err := w.AddTensorFunc(t.Name, typ, t.Dims, write); err != nil {
			return copied, fmt.Errorf("lora: %w", err)
		}
	}
	return copied, nil
}

// baseMetadata is the base's metadata in its order, with the types of the new file.
func (m *merge) baseMetadata() []gguf.KV {
	var all []gguf.KV
	all = append(all, m.base.Metadata()...)
	before := mainType(m.base.Tensors(), func(t gguf.TensorInfo) gguf.Type { return t.Type })
	after := mainType(m.base.Tensors(), func(t gguf.TensorInfo) gguf.Type { return m.types[t.Name] })
	if number, ok := fileTypes[after]; ok && before != after {
		all = append(all, gguf.KV{Key: "general.file_type", Value: number})
	}
	if _, has := m.base.Value("general.quantization_version"); !has && after.BlockSize() > 1 {
		all = append(all, gguf.KV{Key: "general.quantization_version", Value: uint32(2)}) // GGML_QNT_VERSION
	}
	return all
}

// setAll sets metadata.
func setAll(w *gguf.Writer, all []gguf.KV) error {
	for _, kv := range all {
		if err := w.SetMeta(kv.Key, kv.Value); err != nil {
			return fmt.Errorf("lora: %w", err)
		}
	}
	return nil
}
