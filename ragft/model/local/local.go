//go:build cgo

package local

import (
	"context"
	"errors"
	"fmt"

	"github.com/ragft/ragft/llama"
)

// Model is a GGUF model in this process. It implements [model.Model],
// [model.Scorer], [model.TokenCounter] and [model.Hasher]. It is safe for
// concurrent use; calls queue, so that equal calls give equal answers. It owns
// native memory: close it.
type Model struct {
	file
	context *llama.Context
}

// Open opens the GGUF model at path. [ollama.Resolve] finds the path of a model
// that Ollama has pulled. Errors are those of [llama.Load].
func Open(ctx context.Context, path string, o Options) (*Model, error) {
	if err := o.checkOpen(); err != nil {
		return nil, fmt.Errorf("ragft: %w", err)
	}
	f, err := load(ctx, path, o)
	if err != nil {
		return nil, fmt.Errorf("ragft: %w", err)
	}
	c, err := f.model.NewContext(f.contextOptions())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("ragft: %w", err), f.model.Close())
	}
	f.engine = c
	return &Model{file: *f, context: c}, nil
}

// Adapted returns the same model with the LoRA adapter at path. scale multiplies
// what the adapter adds to the weights: 1 = as trained, 0 = nothing. The adapted
// model shares the weights with m and has a context of its own. Close it before
// m, or with m. If the adapter says that it was made for another file than m's,
// or does not fit, the error is [llama.ErrAdapterMismatch].
func (m *Model) Adapted(path string, scale float64) (*Model, error) {
	f, err := m.adapt(path, scale)
	if err != nil {
		return nil, err
	}
	c, err := m.model.NewContext(m.contextOptions())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("ragft: %w", err), f.adapter.Close())
	}
	f.engine = c
	adapted := &Model{file: *f, context: c}
	if err := c.SetAdapters(llama.AdapterScale{Adapter: f.adapter, Scale: float32(scale)}); err != nil {
		return nil, errors.Join(fmt.Errorf("ragft: %w", err), adapted.Close())
	}
	return adapted, nil
}

// Close frees the model. It may be called more than once.
func (m *Model) Close() error {
	if m.adapter == nil {
		return m.model.Close()
	}
	return errors.Join(m.context.Close(), m.adapter.Close())
}
