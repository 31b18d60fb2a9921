//go:build cgo

package lora

import (
	"context"
	"fmt"
	"math"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/lora/internal/engine"
	"github.com/ragft/ragft/ragft/opt"
)

// openModel opens a base model's file and checks what can be checked before llama.cpp reads it.
func openModel(path string) (*gguf.File, error) {
	f, err := gguf.Open(path)
	if err != nil {
		return nil, fmt.Errorf("lora: model %s: %w", path, err)
	}
	if kind, ok := f.Text("general.type"); ok && kind != "model" {
		f.Close()
		return nil, fmt.Errorf("lora: %s is a GGUF file of the type %q, not a model", path, kind)
	}
	if _, ok := f.Text("general.architecture"); !ok {
		f.Close()
		return nil, fmt.Errorf("lora: %s names no architecture, so it is not a model", path)
	}
	if n, _ := f.Uint("split.count"); n > 1 {
		f.Close()
		return nil, fmt.Errorf("lora: %s is one of %d files of a model: join them first, with llama-gguf-split --merge", path, n)
	}
	return f, nil
}

// contextOf is the number of tokens that the model was trained with in one sequence; 0 if its file does not say.
func contextOf(path string) (int, error) {
	f, err := openModel(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	architecture, _ := f.Text("general.architecture")
	n, _ := f.Uint(architecture + ".context_length")
	return int(min(n, math.MaxInt32)), nil
}

// checkLoads has package llama load the model once, since it turns into errors what would end the process in llama.cpp.
func checkLoads(ctx context.Context, path string) error {
	m, err := llama.Load(ctx, path, llama.ModelOptions{GPULayers: opt.Of(0)})
	if err != nil {
		return fmt.Errorf("lora: %w", err)
	}
	return m.Close()
}

// checkModel says whether all weights of the model can be trained.
func checkModel(path string) error {
	f, err := openModel(path)
	if err != nil {
		return err
	}
	defer f.Close()
	for _, t := range f.Tensors() {
		if t.Type != gguf.F32 {
			return fmt.Errorf("lora: %s: tensor %s is %s; all weights can be trained of F32 models only, train an adapter instead", path,
				t.Name, t.Type)
		}
	}
	return nil
}

// saveModel writes the model again, with the trained weights in place of the old ones.
func (t *Trainer) saveModel(path string) error {
	base, err := openModel(t.model)
	if err != nil {
		return err
	}
	defer base.Close()
	trained := make(map[string]int, len(t.engine.Params()))
	for i, p := range t.engine.Params() {
		trained[p.Name] = i
	}
	w := createFile(path)
	defer w.drop()
	for _, kv := range base.Metadata() {
		w.meta(kv.Key, kv.Value)
	}
	for _, info := range base.Tensors() {
		if i, ok := trained[info.Name]; ok {
			w.floats(info.Name, info.Dims, func() ([]float32, error) { return t.engine.Get(i, engine.Value) })
		} else {
			w.copied(base, info)
		}
	}
	return w.commit()
}
