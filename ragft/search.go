package ragft

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/ragft/ragft/internal/plural"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/searchtune"
	"github.com/ragft/ragft/retriever"
)

// TuneSearch learns how the questions are best searched for: weights of their
// terms, the weight of titles, k1 and b, from how likely the model finds the
// right answer after each passage (LSR of RA-DIT, arXiv 2310.01352). The index
// is not changed. Of the questions that are neither held out nor kept to fit the
// rule, half are used only as a test; the result is written to retrieval.json only
// if it is shown to rank the right passages higher for them. The other steps then use
// it as long as the index does not change. Run does not include this step. If there
// is nothing to learn from, the error is an [ErrEmpty].
func (p *Project) TuneSearch(ctx context.Context) (*SearchResult, error) {
	w, err := p.begin(StepSearch)
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
	adapter, err := p.adapterFile()
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
	if err := p.checkLayout(prompts); err != nil {
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
	files, err := p.writeTuning(r)
	if err != nil {
		return nil, err
	}
	return r, p.keep(StepSearch, record{Inputs: from, Cost: r.Cost, Took: w.took()}, r, files...)
}

// searchInputs are what the tuning follows from.
func (p *Project) searchInputs(ctx context.Context) (inputs, error) {
	in, err := p.settings([]string{"search-tuning", "language", "prompts", "seed", "test-share", "decide.share"},
		"search-tuning.file", "search-tuning.batch")
	if err != nil {
		return nil, err
	}
	if err := in.file("questions", p.questionsFile()); err != nil {
		return nil, err
	}
	digest, err := p.index.Digest(ctx)
	if err != nil {
		return nil, err
	}
	in["index"] = hashPrefix + digest
	if err := in.adapter(p); err != nil {
		return nil, err
	}
	return in, in.model(ctx, p, "model", p.config.Model)
}

// writeTuning writes what was learnt, or removes what an earlier run learnt.
func (p *Project) writeTuning(r *SearchResult) ([]string, error) {
	path := p.Path(retrievalName)
	if r.On {
		r.File = path
		return []string{path}, retriever.WriteTuningFile(path, r.Tuning)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return nil, nil
}
