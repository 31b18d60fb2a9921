package ragft

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/ragft/ragft/retriever"
	"github.com/ragft/ragft/retriever/dense"
)

// searchModels are the models by which a project searches, nil until they are needed.
type searchModels struct {
	embedder embedder
	reranker reranker
}

type embedder interface {
	dense.Embedder
	io.Closer
}

type reranker interface {
	dense.Reranker
	io.Closer
}

func (m *searchModels) close() (err error) {
	if m.embedder != nil {
		err = m.embedder.Close()
	}
	if m.reranker != nil {
		err = errors.Join(err, m.reranker.Close())
	}
	*m = searchModels{}
	return err
}

// embedModel opens the embedding model, if it is not open.
func (p *Project) embedModel(ctx context.Context) (_ embedder, err error) {
	if p.search.embedder == nil {
		if p.search.embedder, err = p.openEmbedder(ctx, p.atWork()); err != nil {
			return nil, fmt.Errorf("search.embed: %w", err)
		}
	}
	return p.search.embedder, nil
}

// byMeaning is a search by words and, where there is an embedding model, by meaning, reranked where there is a reranker.
func (p *Project) byMeaning(ctx context.Context, words *retriever.Tuned) (_ *dense.Search, err error) {
	c := p.config.Search
	o := dense.Options{Weight: c.Weight}
	if !o.Weight.IsSet() {
		o.Weight = words.Meaning()
	}
	if c.Embed != "" {
		e, err := p.embedModel(ctx)
		if err != nil {
			return nil, err
		}
		if o.Vectors, err = dense.Open(p.Path(vectorsName), e); err != nil {
			return nil, err
		}
		if o.Embedder = e; o.Vectors.Len() == 0 && words.Len() > 0 {
			p.config.Logger.Warn("there are no vectors of the embedding model, so passages are found by words alone: run 'ragft index'",
				"file", p.Path(vectorsName))
		}
	}
	if c.Rerank != "" {
		if p.search.reranker == nil {
			if p.search.reranker, err = p.openReranker(ctx, p.atWork()); err != nil {
				return nil, fmt.Errorf("search.rerank: %w", err)
			}
		}
		o.Reranker = p.search.reranker
	}
	return dense.NewSearch(words, o)
}

// embedPassages updates the vectors to the passages of the index.
func (p *Project) embedPassages(ctx context.Context, w *work) (dense.Report, error) {
	if p.config.Search.Embed == "" {
		return dense.Report{}, p.dropVectors(ctx, p.index)
	}
	e, err := p.embedModel(ctx)
	if err != nil {
		return dense.Report{}, err
	}
	w.phase("embedding", "passages")
	return dense.Update(ctx, p.Path(vectorsName), p.index, e, dense.UpdateOptions{
		Progress: func(done, total int) { w.set(done, total, "") },
	})
}

// dropVectors removes the vectors of passages that are gone, if there are vectors.
func (p *Project) dropVectors(ctx context.Context, index retriever.Lister) error {
	if !exists(p.Path(vectorsName)) {
		return nil
	}
	_, err := dense.Update(ctx, p.Path(vectorsName), index, nil, dense.UpdateOptions{})
	return err
}

// watchedVectors are the vectors of an index that is watched, with a separate model.
type watchedVectors struct {
	project *Project
	index   retriever.Lister
	model   embedder // nil without an embedding model
}

func (p *Project) vectorsOf(ctx context.Context, index retriever.Lister) (*watchedVectors, error) {
	v := &watchedVectors{project: p, index: index}
	if p.config.Search.Embed == "" {
		return v, nil
	}
	var err error
	if v.model, err = p.openEmbedder(ctx, nil); err != nil {
		return nil, fmt.Errorf("search.embed: %w", err)
	}
	return v, nil
}

func (v *watchedVectors) update(ctx context.Context) error {
	if v.model == nil {
		return v.project.dropVectors(ctx, v.index)
	}
	_, err := dense.Update(ctx, v.project.Path(vectorsName), v.index, v.model, dense.UpdateOptions{})
	return err
}

func (v *watchedVectors) close() {
	if v.model != nil {
		_ = v.model.Close() // only read from
	}
}
