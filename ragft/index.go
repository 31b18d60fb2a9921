package ragft

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/retriever"
	"github.com/ragft/ragft/retriever/format"
	_ "github.com/ragft/ragft/retriever/format/all" // every format; a program adds its own with format.Register
)

// Index divides the documents into passages and indexes them for BM25. Files
// that changed are read again, and passages of files that are gone are removed.
// It does nothing while documents and settings are unchanged.
func (p *Project) Index(ctx context.Context) (*IndexResult, error) {
	w, err := p.begin(StepIndex)
	if err != nil {
		return nil, err
	}
	defer w.end()
	in, err := p.indexInputs(ctx)
	if err != nil {
		return nil, err
	}
	r := &IndexResult{}
	if ok, err := p.indexed(ctx, in, r); ok || err != nil {
		return r, err
	}
	if err := p.makeIndex(ctx); err != nil {
		return nil, err
	}
	if err := p.addDocuments(ctx, w, r); err != nil {
		return nil, err
	}
	digest, err := p.index.Digest(ctx)
	if err != nil {
		return nil, err
	}
	in["index"] = hashPrefix + digest
	return r, p.keep(StepIndex, record{Inputs: in, Took: w.took()}, r, p.Path(indexName))
}

// indexInputs are what the index is made of, but for the index itself.
func (p *Project) indexInputs(ctx context.Context) (inputs, error) {
	docs := p.config.Documents
	if docs == "" {
		return nil, kindOf(ErrConfig, errors.New("no documents: set documents to a folder"))
	}
	if _, err := os.Stat(docs); err != nil {
		return nil, err
	}
	in, err := p.settings([]string{"index"}, "index.rebuild")
	if err != nil {
		return nil, err
	}
	return in, in.documents(ctx, docs)
}

// indexed gives the kept result where the index is as the last run left it.
func (p *Project) indexed(ctx context.Context, in inputs, r *IndexResult) (bool, error) {
	if p.config.Index.Rebuild {
		return false, nil
	}
	if err := p.openIndex(); err != nil {
		return false, ignore(err, fs.ErrNotExist, retriever.ErrCorrupt, retriever.ErrVersion)
	}
	digest, err := p.index.Digest(ctx)
	if err != nil {
		return false, err
	}
	with := inputs{"index": hashPrefix + digest}
	for name, value := range in {
		with[name] = value
	}
	ok, err := p.kept(StepIndex, with, r)
	r.UpToDate = ok
	return ok, err
}

// ignore is err, or nil where it is one of these.
func ignore(err error, these ...error) error {
	for _, e := range these {
		if errors.Is(err, e) {
			return nil
		}
	}
	return err
}

func (p *Project) addDocuments(ctx context.Context, w *work, r *IndexResult) error {
	c, docs := p.config.Index, p.config.Documents
	total := countBytes(docs)
	w.phase("indexing", "KiB")
	report, err := p.index.AddPath(ctx, docs, retriever.AddOptions{
		Split: retriever.SplitOptions{By: retriever.Unit(c.ChunkBy), Size: c.Chunk, Overlap: c.Overlap},
		Load: retriever.LoadOptions{Reader: format.Find, Progress: func(l retriever.LoadProgress) {
			w.set(int(l.Bytes>>10), int(max(total, l.Bytes)>>10), fmt.Sprintf("%d files, %d documents", l.Files, l.Documents))
		}},
	})
	if err != nil {
		return err
	}
	*r = IndexResult{Index: p.index.Path(), Files: report.Files, Documents: report.Documents, Bytes: report.Bytes, Skipped: report.Skipped}
	if !c.KeepRemoved {
		if r.Removed, err = removeGone(ctx, p.index, docs); err != nil {
			return err
		}
	}
	r.Passages = p.index.Len()
	return nil
}

// openIndex opens the project's index, if it is not open.
func (p *Project) openIndex() error {
	if p.index != nil {
		return nil
	}
	path := p.Path(indexName)
	index, err := retriever.Open(path)
	switch {
	case errors.Is(err, retriever.ErrLocked):
		return fmt.Errorf("%w: another program has it open, such as 'ragft serve' or 'ragft chat'; end that, or work in another folder", err)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no index %s: index the documents first (ragft index FOLDER): %w", path, fs.ErrNotExist)
	case err != nil:
		return err
	}
	p.index = index
	return nil
}

// makeIndex opens the project's index, or creates it.
func (p *Project) makeIndex(_ context.Context) error {
	c := p.config.Index
	settings := retriever.IndexOptions{
		K1: opt.Of(c.K1.Or(0)), B: opt.Of(c.B.Or(0)), Analyzer: retriever.Analyzer(c.Analyzer), IgnoreTitles: c.IgnoreTitles,
	}
	path := p.Path(indexName)
	if err := p.makeDir(); err != nil {
		return err
	}
	if c.Rebuild {
		// Only an index is removed, and none that is in use.
		err := p.openIndex()
		if err == nil {
			err = p.index.Close()
			p.index = nil
		}
		if err = ignore(err, retriever.ErrCorrupt, retriever.ErrVersion, fs.ErrNotExist); err == nil {
			err = os.RemoveAll(path)
		}
		if err != nil {
			return err
		}
	}
	err := p.openIndex()
	if errors.Is(err, fs.ErrNotExist) {
		p.index, err = retriever.Create(path, settings)
		return err
	}
	if err != nil {
		return err
	}
	if has := p.index.Options(); has != settings {
		return kindOf(ErrConfig, fmt.Errorf("the index was made with k1 %v, b %v, analyzer %s, ignore-titles %t: use these, or set index.rebuild",
			has.K1, has.B, has.Analyzer, has.IgnoreTitles))
	}
	return nil
}

// removeGone removes the passages whose file is no longer there.
func removeGone(ctx context.Context, index *retriever.Index, docs string) (int, error) {
	info, err := os.Stat(docs)
	if err != nil {
		return 0, err
	}
	root := docs
	if !info.IsDir() {
		root = filepath.Dir(docs)
	}
	gone := map[string]bool{} // by source
	for c, err := range index.Chunks(ctx) {
		if err != nil {
			return 0, err
		}
		if _, known := gone[c.Source]; known {
			continue
		}
		gone[c.Source] = !exists(root, c.Source)
		if before, line, found := cutLast(c.Source, "#"); gone[c.Source] && found && line != "" {
			gone[c.Source] = !exists(root, before) // a row of a JSONL file
		}
	}
	removed := 0
	for source, is := range gone {
		if !is {
			continue
		}
		n, err := index.DeleteSource(ctx, source)
		if err != nil {
			return removed, err
		}
		removed += n
	}
	return removed, nil
}

func exists(root, source string) bool {
	_, err := os.Lstat(filepath.Join(root, filepath.FromSlash(source)))
	return err == nil
}

// countBytes is about what there is to read, for the progress.
func countBytes(docs string) (total int64) {
	filepath.WalkDir(docs, func(_ string, d fs.DirEntry, err error) error { //nolint:errcheck // loading reports what cannot be read
		if err == nil && d.Type().IsRegular() {
			if info, err := d.Info(); err == nil {
				total += info.Size()
			}
		}
		return nil
	})
	return total
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

// searcher is the index as questions are searched for: with the tuning that
// search-tuning.file names, or that of the project's folder as long as it is of
// this index.
func (p *Project) searcher(ctx context.Context) (*retriever.Tuned, error) {
	named := p.config.SearchTuning.File
	path := named
	switch path {
	case "none":
		return p.index.Tuned(ctx, retriever.Tuning{})
	case "":
		path = p.Path(retrievalName)
	}
	t, err := retriever.ReadTuningFile(path)
	if errors.Is(err, fs.ErrNotExist) && named == "" {
		return p.index.Tuned(ctx, retriever.Tuning{})
	}
	if err != nil {
		return nil, err
	}
	tuned, err := p.index.Tuned(ctx, t)
	if errors.Is(err, retriever.ErrChanged) && named == "" {
		p.config.Logger.Warn("the index changed since the search was tuned, which is left out: run 'ragft tune-search' again", "file", path)
		return p.index.Tuned(ctx, retriever.Tuning{})
	}
	return tuned, err
}

// tuning returns the tuned search that is used, nil if it is none.
func (p *Project) tuning() (*retriever.Tuning, error) {
	path := p.config.SearchTuning.File
	if path == "none" {
		return nil, nil
	}
	t, err := retriever.ReadTuningFile(cmp.Or(path, p.Path(retrievalName)))
	if errors.Is(err, fs.ErrNotExist) && path == "" {
		return nil, nil
	}
	return &t, err
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
