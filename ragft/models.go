package ragft

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/model/cache"
)

// models are those that a project has open.
type models struct {
	base, tuned    model.Model  // nil until they are needed
	asked, trained *cache.Model // the same behind the project's cache
	adapter        string       // hash of the adapter of tuned
	native         *native      // what only a model of this process can do; nil for one of a server
	judges         map[string]*cache.Model
	closers        []io.Closer
	lent           bool // to an assistant: training leaves them open
}

func (m *models) close() error {
	var err error
	for _, c := range slices.Backward(m.closers) {
		err = errors.Join(err, c.Close())
	}
	*m = models{}
	return err
}

// openBase opens the base model, if it is not open.
func (p *Project) openBase(ctx context.Context, w *work) error {
	if p.models.base != nil {
		return nil
	}
	m, n, err := p.openModel(ctx, w, p.config.Model)
	if err != nil {
		return err
	}
	p.models.base, p.models.native = m, n
	if n != nil {
		p.models.closers = append(p.models.closers, n)
	}
	p.models.asked, err = p.cached(m, n != nil)
	return err
}

// openModel opens a model by its name. native is nil for one of a server.
func (p *Project) openModel(ctx context.Context, w *work, name string) (model.Model, *native, error) {
	servers, err := serversOf(name)
	if err != nil {
		return nil, nil, err
	}
	if len(servers) > 0 {
		m, err := p.openServers(ctx, servers)
		return m, nil, err
	}
	n, err := p.openNative(ctx, w, name)
	if err != nil {
		return nil, nil, err
	}
	return n.model(), n, nil
}

// cached puts the project's cache in front of a model, and counts what it is
// asked beyond that; models of servers are counted one by one.
func (p *Project) cached(m model.Model, local bool) (*cache.Model, error) {
	if err := p.makeDir(); err != nil {
		return nil, err
	}
	if local {
		m = &watched{Model: m, project: p, local: true}
	}
	c, err := cache.Open(m, p.Path(cacheName))
	if err != nil {
		return nil, err
	}
	p.models.closers = append(p.models.closers, c)
	return c, nil
}

// openTuned opens base and, where there is an adapter, the tuned model. An
// adapter that changed is opened anew.
func (p *Project) openTuned(ctx context.Context, w *work) error {
	servers, err := serversOf(p.config.Model)
	if err != nil {
		return err
	}
	path, err := p.adapterFile()
	if err != nil {
		return err
	}
	if len(servers) > 0 && path != "" {
		if p.config.Adapter != "" {
			return badModel("a server's model cannot take an adapter: set adapter to none, or make a model of it with 'ragft publish'; " +
				"a GGUF file, and ollama:NAME without an address, run here")
		}
		w.say("%s is left out: a server runs the model", path)
		path = ""
	}
	if err := p.openBase(ctx, w); err != nil {
		return err
	}
	hash := ""
	if path != "" {
		if hash, err = hashFile(path); err != nil {
			return err
		}
	}
	if hash == p.models.adapter {
		return nil
	}
	p.models.tuned, p.models.trained, p.models.adapter = nil, nil, ""
	if path == "" {
		return nil
	}
	tuned, closer, err := p.models.native.adapted(path, p.config.Scale)
	if err != nil {
		return fmt.Errorf("%w; set adapter to none to leave it out", err)
	}
	p.models.closers = append(p.models.closers, closer)
	if p.models.trained, err = p.cached(tuned, true); err != nil {
		return err
	}
	p.models.tuned, p.models.adapter = tuned, hash
	return nil
}

// best is the tuned model where there is one.
func (m *models) best() model.Model {
	if m.tuned != nil {
		return m.tuned
	}
	return m.base
}

// bestCached is best behind the cache.
func (m *models) bestCached() *cache.Model {
	if m.trained != nil {
		return m.trained
	}
	return m.asked
}

// judge opens another model to judge; nil where none is named, or the base
// itself.
func (p *Project) judge(ctx context.Context, w *work, name string) (model.Model, error) {
	if name == "" || name == p.config.Model {
		return nil, nil
	}
	if c := p.models.judges[name]; c != nil {
		return c, nil
	}
	m, n, err := p.openModel(ctx, w, name)
	if err != nil {
		return nil, fmt.Errorf("judge: %w", err)
	}
	if n != nil {
		p.models.closers = append(p.models.closers, n)
	}
	c, err := p.cached(m, n != nil)
	if err != nil {
		return nil, err
	}
	if p.models.judges == nil {
		p.models.judges = map[string]*cache.Model{}
	}
	p.models.judges[name] = c
	return c, nil
}
