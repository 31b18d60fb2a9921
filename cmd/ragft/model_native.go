//go:build cgo

package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/ragft/ragft/ragft/model/local"
	"github.com/ragft/ragft/ragft/model/ollama"
	"github.com/ragft/ragft/ragft/opt"
)

const hasNative = true

// native is a model that runs in this process, and the model that its adapter makes of it.
type native struct{ base, tuned *local.Model }

func (f modelFlags) local() local.Options {
	var layers opt.Value[int] // unset: all
	if f.gpuLayers > 0 || f.gpuLayers == 0 && len(f.rpc) == 0 {
		layers = opt.Of(f.gpuLayers)
	}
	return local.Options{Sequences: f.sequences, ContextTokens: f.context, Threads: f.threads, GPULayers: layers, Servers: f.rpc}
}

// file is the GGUF file that a model's name stands for.
func (f modelFlags) file(ctx context.Context) (string, error) {
	servers, err := f.servers()
	if err != nil {
		return "", err
	}
	if len(servers) > 0 {
		return "", usageError(fmt.Errorf("%s is run by a server, and this takes its weights: name %s", f.model, localForms))
	}
	file, err := ollama.Resolve(ctx, f.model)
	if err != nil {
		return "", err
	}
	if len(file.Adapters) > 0 {
		return "", inputError(fmt.Errorf("%s is a base with an adapter: name the two files, --model %s --adapter %s", f.model, file.Path, file.Adapters[0]))
	}
	return file.Path, nil
}

func (a *app) openNative(ctx context.Context, f modelFlags, adapter string) (*models, error) {
	base, tuned, err := openPair(ctx, a, f, adapter, f.local(), local.Open)
	if err != nil {
		return nil, err
	}
	m := &models{base: base, native: &native{base: base, tuned: tuned}, closers: []io.Closer{base}}
	if tuned != nil {
		m.tuned = tuned
		m.closers = append(m.closers, tuned)
	}
	return m, nil
}

// An adaptable model is a local.Model or a local.Server.
type adaptable[T any] interface {
	comparable
	Adapted(adapter string, scale float64) (T, error)
	io.Closer
}

// openPair opens a model, and the one that the adapter makes of it, which is nil for "".
func openPair[T adaptable[T]](ctx context.Context, a *app, f modelFlags, adapter string, o local.Options,
	open func(context.Context, string, local.Options) (T, error)) (base, tuned T, err error) {
	file, err := f.file(ctx)
	if err != nil {
		return base, tuned, err
	}
	bar := a.bar("loading "+f.model, "%")
	if a.screen != nil {
		o.OnProgress = func(done float64) { bar.set(int64(100*done), 100, "") }
	}
	base, err = open(ctx, file, o)
	bar.done()
	if err != nil || adapter == "" {
		return base, tuned, err
	}
	tuned, err = base.Adapted(adapter, f.scale)
	if err != nil {
		return base, tuned, errors.Join(fmt.Errorf("%w; --adapter none leaves it out", err), base.Close())
	}
	return base, tuned, nil
}
