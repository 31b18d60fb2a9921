//go:build cgo

package ragft

import (
	"context"
	"io"

	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/model/local"
	"github.com/ragft/ragft/ragft/opt"
)

const hasNative = true

// native is a model that runs in this process.
type native struct{ *local.Model }

func (n *native) model() model.Model { return n.Model }

// adapted is the model with an adapter.
func (n *native) adapted(path string, scale float64) (model.Model, io.Closer, error) {
	tuned, err := n.Adapted(path, scale)
	if err != nil {
		return nil, nil, err
	}
	return tuned, tuned, nil
}

func (p *Project) localOptions() local.Options {
	c := p.config
	layers := c.GPULayers
	if layers == opt.Of(0) && len(c.RPC) > 0 {
		layers = opt.Value[int]{} // the servers are to hold layers
	}
	return local.Options{
		Sequences: c.Sequences, ContextTokens: c.Context, Threads: c.Threads, GPULayers: layers, Servers: c.RPC, Verify: c.Verify,
		Attention: c.Attention, AttentionFile: p.Path(attentionName),
	}
}

// openNative loads a model's file.
func (p *Project) openNative(ctx context.Context, w *work, name string) (*native, error) {
	m, err := load(ctx, w, name, p.localOptions(), local.Open)
	if err != nil {
		return nil, err
	}
	return &native{m}, nil
}

// load opens a model's file by local.Open or local.OpenServer, and shows how far it is.
func load[M any](
	ctx context.Context, w *work, name string, o local.Options, open func(context.Context, string, local.Options) (M, error),
) (M, error) {
	file, err := fileOf(ctx, name)
	if err != nil {
		var none M
		return none, err
	}
	w.warnSlow(file)
	w.phase("loading "+name, "%")
	o.OnProgress = func(done float64) { w.set(int(100*done), 100, "") }
	return open(ctx, file, o)
}
