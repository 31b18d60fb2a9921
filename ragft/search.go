package ragft

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"

	"github.com/ragft/ragft/internal/plural"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/searchtune"
	"github.com/ragft/ragft/retriever"
	"github.com/ragft/ragft/retriever/dense"
)

// TuneSearch learns how the questions are best searched for: weights of their
// terms, the weight of titles, k1 and b, from how likely the model finds the
// right answer after each passage (LSR of RA-DIT, arXiv 2310.01352); and where there
// is an embedding model, what the similarity in meaning weighs. The index
// is not changed. Of the questions that are neither held out nor kept to fit the
// rule, half are used only as a test; a result is written to retrieval.json only
// if it is shown to rank the right passages higher for them. The steps after it then use
// it as long as the index does not change; the rule of an adapter, which was fitted
// with another search, has to be fitted again by Train. Run does not include this step. If there
// is nothing to learn from, the error is an [ErrEmpty].
func (p *Project) TuneSearch(ctx context.Context) (*SearchResult, error) {
	w, err := p.begin(ctx, StepSearch)
	if err != nil {
		return nil, err
	}
	defer w.end()
	train, _, err := p.learnt()
	if err != nil {
		return nil, err
	}
	evidence, err := p.evidence()
	if err != nil {
		return nil, err
	}
	if err := p.openIndex(); err != nil {
		return nil, err
	}
	adapter, err := p.usedAdapter()
	if err != nil {
		return nil, err
	}
	prompts, err := p.prompts(ctx, adapter)
	if err != nil {
		return nil, err
	}
	c := p.config.SearchTuning
	o := searchtune.Options{
		Chunks: c.Candidates, Temperature: c.Temperature, PerToken: c.PerToken, Evidence: evidence, Prompts: prompts,
		Seed: p.seed(), Batch: c.Batch, Logger: p.config.Logger,
		Progress: func(m model.Progress) { w.set(m.Done, m.Total, plural.N(m.Calls, "passage")+" scored") },
	}
	r := &SearchResult{}
	if r.Estimate, err = o.Estimate(train); err != nil || p.config.EstimateOnly {
		return r, err
	}
	from, err := p.searchInputs(ctx)
	if err != nil {
		return nil, err
	}
	if ok, err := p.kept(StepSearch, from, r); ok || err != nil {
		r.UpToDate = ok
		return r, err
	}
	w.say("tuning the search on %s: at most %s", plural.N(len(train), "question"), r.Estimate)
	if err := p.checkLayout(adapter, prompts); err != nil {
		return nil, err
	}
	if err := p.openTuned(ctx, w); err != nil {
		return nil, err
	}
	w.phase("scoring", "questions")
	r.Result, err = searchtune.Learn(ctx, p.models.bestCached(), p.index, train, o)
	if errors.Is(err, question.ErrNone) {
		return nil, kindOf(ErrEmpty, err)
	}
	if err != nil {
		return nil, err
	}
	if r.Meaning, err = p.learnMeaning(ctx, w, r.Tuning, train, o); err != nil {
		return nil, err
	}
	files, err := p.writeTuning(r)
	if err != nil {
		return nil, err
	}
	return r, p.keep(StepSearch, record{Inputs: from, Cost: r.Cost, Took: w.took()}, r, files...)
}

// searchInputs are what the tuning follows from.
func (p *Project) searchInputs(ctx context.Context) (inputs, error) {
	in, err := p.settings([]string{"search-tuning", "language", "prompts", "seed", "test-share", "decide.share", "context"},
		"search-tuning.file", "search-tuning.batch")
	if err != nil {
		return nil, err
	}
	if err := in.file("questions", p.questionsFile()); err != nil {
		return nil, err
	}
	if err := in.passages(ctx, p.index); err != nil {
		return nil, err
	}
	if err := in.adapter(p); err != nil {
		return nil, err
	}
	if p.config.Search.Embed != "" {
		set, err := p.settings([]string{"search.weight", "search.query-prefix", "search.passage-prefix"})
		if err != nil {
			return nil, err
		}
		maps.Copy(in, set)
		if err := in.model(ctx, p, "search.embed", p.config.Search.Embed); err != nil {
			return nil, err
		}
	}
	return in, in.model(ctx, p, "model", p.config.Model)
}

// learnMeaning learns the weight of meaning beside that of words, as tuned. It returns nil where there is none, or
// where the user has set it.
func (p *Project) learnMeaning(ctx context.Context, w *work, words retriever.Tuning, train []question.Question, o searchtune.Options) (
	*searchtune.Meaning, error,
) {
	c := p.config.Search
	if c.Embed == "" || c.Weight.IsSet() {
		return nil, nil
	}
	e, err := p.embedModel(ctx)
	if err != nil {
		return nil, err
	}
	vectors, err := dense.Open(p.Path(vectorsName), e)
	if err != nil {
		return nil, err
	}
	if vectors.Len() == 0 {
		p.config.Logger.Warn("the weight of meaning is not learnt, as there are no vectors: run 'ragft index'", "file", p.Path(vectorsName))
		return nil, nil
	}
	tuned, err := p.index.Tuned(ctx, words)
	if err != nil {
		return nil, err
	}
	w.phase("weighing", "")
	once := &lastQuery{Embedder: e}
	return searchtune.LearnMeaning(ctx, func(weight float64) (retriever.Searcher, error) {
		return dense.NewSearch(tuned, dense.Options{Vectors: vectors, Embedder: once, Weight: opt.Of(weight)})
	}, train, dense.DefaultWeight, o)
}

// lastQuery embeds a question once that is searched for several times in a row.
type lastQuery struct {
	dense.Embedder
	text   string
	vector []float32
}

func (e *lastQuery) Query(ctx context.Context, text string) ([]float32, error) {
	if e.vector != nil && e.text == text {
		return e.vector, nil
	}
	v, err := e.Embedder.Query(ctx, text)
	if err == nil {
		e.text, e.vector = text, v
	}
	return v, err
}

// writeTuning writes what was learnt, or removes what an earlier run learnt.
func (p *Project) writeTuning(r *SearchResult) ([]string, error) {
	path := p.Path(retrievalName)
	tuning := r.Tuning // which changes nothing unless r.On
	if r.Meaning != nil && r.Meaning.On {
		tuning.Index, tuning.Meaning = r.Learned.Index, opt.Of(r.Meaning.Weight)
	}
	if r.On || tuning.Meaning.IsSet() {
		r.File = path
		return []string{path}, retriever.WriteTuningFile(path, tuning)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return nil, nil
}
