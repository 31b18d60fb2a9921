//go:build cgo

package main

import (
	"context"
	"fmt"

	"github.com/ragft/ragft/ragft/model/local"
	"github.com/ragft/ragft/ragft/model/ollama"
	"github.com/ragft/ragft/ragft/opt"
)

const hasNative = true

// native is what a model that runs in this process can do beyond [model.Model].
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
	return a.openLocal(ctx, f, adapter, f.local())
}

func (a *app) openLocal(ctx context.Context, f modelFlags, adapter string, o local.Options) (*models, error) {
	file, err := f.file(ctx)
	if err != nil {
		return nil, err
	}
	bar := a.bar("loading "+f.model, "%")
	if a.screen != nil {
		o.OnProgress = func(done float64) { bar.set(int64(100*done), 100, "") }
	}
	base, err := local.Open(ctx, file, o)
	bar.done()
	if err != nil {
		return nil, err
	}
	m := &models{base: base, native: &native{base: base}}
	m.closers = append(m.closers, base)
	if adapter == "" {
		return m, nil
	}
	tuned, err := base.Adapted(adapter, f.scale)
	if err != nil {
		m.close()
		return nil, fmt.Errorf("%w; --adapter none leaves it out", err)
	}
	m.tuned, m.native.tuned = tuned, tuned
	m.closers = append(m.closers, tuned)
	return m, nil
}
