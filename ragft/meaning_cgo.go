//go:build cgo

package ragft

import (
	"context"

	"github.com/ragft/ragft/ragft/model/local"
)

// openEmbedder loads the embedding model. It reports its progress to w, if that is not nil.
func (p *Project) openEmbedder(ctx context.Context, w *work) (embedder, error) {
	c := p.config.Search
	file, o, err := p.searchModel(ctx, w, c.Embed)
	if err != nil {
		return nil, err
	}
	o.QueryPrefix, o.PassagePrefix = c.QueryPrefix, c.PassagePrefix
	m, err := local.OpenEmbedder(ctx, file, o)
	if err != nil {
		return nil, err
	}
	return m, nil
}

// openReranker loads the reranker, as openEmbedder does.
func (p *Project) openReranker(ctx context.Context, w *work) (reranker, error) {
	file, o, err := p.searchModel(ctx, w, p.config.Search.Rerank)
	if err != nil {
		return nil, err
	}
	m, err := local.OpenReranker(ctx, file, o)
	if err != nil {
		return nil, err
	}
	return m, nil
}

// searchModel is the file of a model for the search, and how it is loaded: on this machine, even if servers hold the layers of
// the model that answers.
func (p *Project) searchModel(ctx context.Context, w *work, name string) (file string, o local.EmbedOptions, err error) {
	if file, err = fileOf(ctx, name); err != nil {
		return "", o, err
	}
	o.Threads, o.GPULayers = p.config.Threads, p.config.GPULayers
	if w != nil {
		w.phase("loading "+name, "%")
		o.OnProgress = func(done float64) { w.set(int(100*done), 100, "") }
	}
	return file, o, nil
}
