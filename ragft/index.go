package ragft

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"

	"github.com/ragft/ragft/internal/plural"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/retriever"
	"github.com/ragft/ragft/retriever/dense"
	"github.com/ragft/ragft/retriever/format"
	_ "github.com/ragft/ragft/retriever/format/all" // every format; a program adds its own with format.Register
	_ "github.com/ragft/ragft/retriever/language"   // every language; a program adds its own with language.Register
)

// Index divides the documents into passages and indexes them for BM25; see
// [retriever.Index.Sync]. Only files that changed are read again, and passages of
// files that are gone are removed. Other programs can search the index meanwhile.
// Documents that are a file or folder within the folder of the index are indexed
// alone. Without a change it does nothing, and with Config.EstimateOnly neither: the result is empty.
func (p *Project) Index(ctx context.Context) (*IndexResult, error) {
	w, err := p.begin(ctx, StepIndex)
	if err != nil {
		return nil, err
	}
	defer w.end()
	in, err := p.indexInputs(ctx)
	if err != nil {
		return nil, err
	}
	if p.config.EstimateOnly {
		return &IndexResult{}, nil
	}
	anew, err := p.makeIndex()
	if err != nil {
		return nil, err
	}
	report, err := p.syncIndex(ctx, w)
	if err != nil && anew { // whatever was there is as it was
		err = errors.Join(err, p.index.Close())
		p.index = nil
	}
	if err != nil {
		return nil, err
	}
	digest, err := p.index.Digest(ctx)
	if err != nil {
		return nil, err
	}
	in["index"], in["documents"] = hashPrefix+digest, hashPrefix+digest
	vectors, err := p.embedPassages(ctx, w)
	if err != nil {
		return nil, err
	}
	r := &IndexResult{}
	if report.UpToDate() && !p.config.Index.Rebuild && vectors.Embedded+vectors.Copied+vectors.Removed == 0 {
		if ok, err := p.kept(StepIndex, in, r); ok || err != nil {
			r.Index, r.UpToDate, r.Kept, r.Skipped = p.index.Path(), ok, report.Kept, report.Skipped
			return r, err
		}
	}
	*r = IndexResult{
		Index: p.index.Path(), Files: report.Files, Documents: report.Documents, Bytes: report.Bytes, Passages: p.index.Len(),
		Added: len(report.Added), Changed: len(report.Changed), Unchanged: report.Unchanged, Removed: report.Deleted,
		Kept: report.Kept, Skipped: report.Skipped,
	}
	if p.config.Search.Embed != "" {
		r.Vectors, r.Embedded = vectors.Kept+vectors.Copied+vectors.Embedded, vectors.Embedded
	}
	return r, p.keep(StepIndex, record{Inputs: in, Took: w.took()}, r, p.Path(indexName))
}

// indexInputs are the settings that the index is made with.
func (p *Project) indexInputs(ctx context.Context) (inputs, error) {
	docs := p.config.Documents
	if docs == "" {
		return nil, kindOf(ErrConfig, errors.New("no documents: set documents to a folder"))
	}
	if _, err := os.Stat(docs); err != nil {
		return nil, err
	}
	in, err := p.settings([]string{"index"}, "index.rebuild", "index.verify")
	if err != nil || p.config.Search.Embed == "" {
		return in, err
	}
	set, err := p.settings([]string{"search.query-prefix", "search.passage-prefix"})
	if err != nil {
		return nil, err
	}
	maps.Copy(in, set)
	return in, in.model(ctx, p, "search.embed", p.config.Search.Embed)
}

// statusOfIndex are the settings, and whether the index is what the documents give.
func (p *Project) statusOfIndex(ctx context.Context) (inputs, error) {
	in, err := p.indexInputs(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.openIndex(); err != nil {
		return in, ignore(err, fs.ErrNotExist)
	}
	digest, err := p.index.Digest(ctx)
	if err != nil {
		return nil, err
	}
	in["index"], in["documents"] = hashPrefix+digest, hashPrefix+digest
	o := p.syncOptions()
	o.DryRun = true
	report, err := p.index.Sync(ctx, p.config.Documents, o)
	if err == nil && !report.UpToDate() {
		in["documents"] = hashPrefix + "changed"
	}
	return in, ignore(err, retriever.ErrEmpty, retriever.ErrOptions)
}

// ignore is err, or nil where it is one of these.
func ignore(err error, these ...error) error {
	if anyError(err, these...) {
		return nil
	}
	return err
}

// anyError says whether an error is one of these.
func anyError(err error, these ...error) bool {
	for _, e := range these {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

func (p *Project) syncOptions() retriever.SyncOptions {
	c := p.config.Index
	own := []string{p.config.Dir, "ragft.yaml", filepath.Join(p.config.Documents, "ragft.yaml")}
	return retriever.SyncOptions{
		Load:   retriever.LoadOptions{Reader: format.Find, ReaderID: format.ID(), Exclude: own},
		Split:  retriever.SplitOptions{By: retriever.Unit(c.ChunkBy), Size: c.Chunk, Overlap: c.Overlap},
		Verify: c.Verify || p.config.Force, KeepRemoved: c.KeepRemoved,
	}
}

// syncIndex brings the index to what the documents are.
func (p *Project) syncIndex(ctx context.Context, w *work) (*retriever.SyncReport, error) {
	w.phase("indexing", "KiB")
	o := p.syncOptions()
	o.Load.Progress = func(l retriever.LoadProgress) {
		w.set(int(l.Bytes>>10), int(max(l.Total, l.Bytes)>>10), plural.N(l.Files, "file")+", "+plural.N(l.Documents, "document"))
	}
	report, err := p.index.Sync(ctx, p.config.Documents, o)
	switch {
	case errors.Is(err, retriever.ErrLocked):
		err = kindOf(ErrBusy, fmt.Errorf("%w: another program changes the index; try again when it has ended", err))
	case errors.Is(err, retriever.ErrOptions):
		err = kindOf(ErrConfig, err)
	}
	return report, err
}

// openIndex opens the project's index, if it is not open.
func (p *Project) openIndex() error {
	if p.index != nil {
		return nil
	}
	index, err := retriever.Open(p.Path(indexName))
	if err != nil {
		return p.indexError(err)
	}
	p.index = index
	return nil
}

// indexError says what to do about an index that cannot be opened.
func (p *Project) indexError(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no index %s: index the documents first (ragft index FOLDER): %w", p.Path(indexName), fs.ErrNotExist)
	case anyError(err, retriever.ErrCorrupt, retriever.ErrNotIndex):
		return fmt.Errorf("%w: the index is damaged: make it anew with 'ragft index --rebuild FOLDER'", err)
	case errors.Is(err, retriever.ErrVersion):
		return fmt.Errorf("%w: make it anew with 'ragft index --rebuild FOLDER'", err)
	}
	return err
}

// makeIndex opens the project's index, or has it made anew by the next Sync.
func (p *Project) makeIndex() (anew bool, err error) {
	c := p.config.Index
	settings := retriever.IndexOptions{
		K1: opt.Of(c.K1.Or(0)), B: opt.Of(c.B.Or(0)), Analyzer: retriever.Analyzer(c.Analyzer), IgnoreTitles: c.IgnoreTitles,
	}
	if err := p.makeDir(); err != nil {
		return false, err
	}
	if c.Rebuild {
		return true, p.recreateIndex(settings)
	}
	err = p.openIndex()
	if errors.Is(err, fs.ErrNotExist) {
		return true, p.recreateIndex(settings)
	}
	if err != nil {
		return false, err
	}
	if has := p.index.Options(); has != settings {
		return false, kindOf(ErrConfig, fmt.Errorf("the index was made with k1 %v, b %v, analyzer %s, ignore-titles %t: "+
			"use these, or set index.rebuild", has.K1, has.B, has.Analyzer, has.IgnoreTitles))
	}
	return false, nil
}

// recreateIndex has the index made from nothing, whatever is there. That is replaced when the new one is complete.
func (p *Project) recreateIndex(settings retriever.IndexOptions) error {
	if p.index != nil && p.models.lent { // an assistant searches it, and finds what is in the new one
		p.lent = append(p.lent, p.index)
	} else if p.index != nil {
		if err := p.index.Close(); err != nil {
			return err
		}
	}
	p.index = nil
	index, err := retriever.Recreate(p.Path(indexName), settings)
	if err != nil {
		return err
	}
	p.index = index
	return nil
}

// corpus is every passage of the index.
func corpus(ctx context.Context, index retriever.Lister) ([]retriever.Chunk, error) {
	var chunks []retriever.Chunk
	for c, err := range index.Chunks(ctx) {
		if err != nil {
			return nil, err
		}
		chunks = append(chunks, c)
	}
	if len(chunks) == 0 {
		return nil, fmt.Errorf("the index is empty: %w", retriever.ErrEmpty)
	}
	return chunks, nil
}

// searcher is the index as questions are searched for a model with the adapter, "" for none: with the tuned search, and by meaning,
// where there is an embedding model. A change of the index ends a tuned search that was learnt on it, unless it is lasting.
func (p *Project) searcher(ctx context.Context, adapter string, lasting bool) (*dense.Search, error) {
	t, changed, err := p.tuning(ctx, adapter)
	if err != nil {
		return nil, err
	}
	p.warnOfTuning(changed, adapter)
	return p.searchedBy(ctx, t, lasting)
}

// searchedBy is the index with a tuned search, nil for none, and by meaning, where there is an embedding model.
func (p *Project) searchedBy(ctx context.Context, t *retriever.Tuning, lasting bool) (*dense.Search, error) {
	if t == nil {
		t = &retriever.Tuning{}
	}
	tuned, err := p.index.Tuned(ctx, *t)
	if err == nil && lasting && t.Index != "" {
		unbound := *t
		unbound.Index = ""
		tuned, err = p.index.Tuned(ctx, unbound)
	}
	if err != nil {
		return nil, err
	}
	return p.byMeaning(ctx, tuned)
}

// Passages returns the number of passages in the index.
func (p *Project) Passages() (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.openIndex(); err != nil {
		return 0, err
	}
	return p.index.Len(), nil
}
