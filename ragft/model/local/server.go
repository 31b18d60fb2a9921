//go:build cgo

package local

import (
	"context"
	"errors"
	"fmt"

	"github.com/ragft/ragft/llama"
)

// Server is a GGUF model in this process for programs that answer many callers
// at once. Calls share batches from the moment they come in, what was computed
// of a prompt is kept for the next one that begins the same, and adapted models
// work in the same memory. It implements [model.Model], [model.TokenCounter] and
// [model.Hasher]; it does not score. Equal calls give equal answers but for near
// ties, since rounding depends on the batch. It is safe for concurrent use. It
// owns native memory: close it.
type Server struct {
	file
	batcher *llama.Batcher
}

// OpenServer opens the GGUF model at path like [Open], to be shared by many callers.
func OpenServer(ctx context.Context, path string, o Options) (*Server, error) {
	f, err := load(ctx, path, o)
	if err != nil {
		return nil, fmt.Errorf("ragft: %w", err)
	}
	b, err := f.model.NewBatcher(llama.BatcherOptions{Context: f.contextOptions(), Queue: o.Queue, SeparateCaches: o.SeparateCaches})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("ragft: %w", err), f.model.Close())
	}
	f.engine = b
	return &Server{file: *f, batcher: b}, nil
}

// Adapted returns the same model with the LoRA adapter at path, like
// [Model.Adapted], in the same memory and the same batches.
func (s *Server) Adapted(path string, scale float64) (*Server, error) {
	f, err := s.adapt(path, scale)
	if err != nil {
		return nil, err
	}
	f.engine = adaptedBatcher{s.batcher, llama.AdapterScale{Adapter: f.adapter, Scale: float32(scale)}}
	return &Server{file: *f, batcher: s.batcher}, nil
}

// Batcher returns what runs the requests of the model and of those adapted from it.
func (s *Server) Batcher() *llama.Batcher { return s.batcher }

// Close frees the model. It may be called more than once. An adapted model
// frees its adapter alone.
func (s *Server) Close() error {
	if s.adapter == nil {
		return s.model.Close()
	}
	return s.adapter.Close()
}

// adaptedBatcher runs requests with an adapter.
type adaptedBatcher struct {
	*llama.Batcher
	adapter llama.AdapterScale
}

// Generate runs requests, all of them with the adapter.
func (b adaptedBatcher) Generate(ctx context.Context, requests []llama.Request) ([]llama.Result, error) {
	adapted := make([]llama.Request, len(requests))
	for i, r := range requests {
		adapted[i] = r
		adapted[i].Adapters = []llama.AdapterScale{b.adapter}
	}
	return b.Batcher.Generate(ctx, adapted)
}
