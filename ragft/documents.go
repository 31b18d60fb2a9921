package ragft

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/ragft/ragft/retriever"
	"github.com/ragft/ragft/retriever/watch"
)

// Watch brings the index up to date at the start and whenever the documents
// change, within about a second, until ctx ends, whose error it returns. Whoever
// searches the index, in this program or another, then sees the new text. done,
// unless it is nil, is called after each time that something changed or failed; the
// error does not end the watch. Other steps can run meanwhile. The index must exist:
// see [Project.Index].
func (p *Project) Watch(ctx context.Context, done func(*retriever.SyncReport, error)) error {
	docs := p.config.Documents
	if docs == "" {
		return kindOf(ErrConfig, errors.New("no documents to watch: set documents to a folder"))
	}
	f, err := p.follow(ctx)
	if err != nil {
		return err
	}
	defer f.close()
	return p.watch(ctx, f, done)
}

func (p *Project) watch(ctx context.Context, f *follower, done func(*retriever.SyncReport, error)) error {
	return watch.Folder(ctx, p.config.Documents, watch.Options{Logger: p.config.Logger}, func(ctx context.Context) {
		report, err := f.sync(ctx)
		if ctx.Err() != nil || done == nil || err == nil && report.UpToDate() {
			return
		}
		done(report, err)
	})
}

// follower brings the index and the vectors up to date with the documents, while others search it.
type follower struct {
	project *Project
	mu      sync.Mutex
	index   *retriever.Index
	vectors *watchedVectors
	stale   bool // vectors may be missing, of an earlier run or after an error
}

// follow opens the index, which must exist, for a follower.
func (p *Project) follow(ctx context.Context) (*follower, error) {
	index, err := retriever.Open(p.Path(indexName))
	if err != nil {
		return nil, p.indexError(err)
	}
	vectors, err := p.vectorsOf(ctx, index)
	if err != nil {
		return nil, errors.Join(err, index.Close())
	}
	return &follower{project: p, index: index, vectors: vectors, stale: true}, nil
}

func (f *follower) close() {
	f.vectors.close()
	_ = f.index.Close() // what was written is complete
}

// sync brings index and vectors to what the folder of the documents holds.
func (f *follower) sync(ctx context.Context) (*retriever.SyncReport, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	report, err := f.index.Sync(ctx, f.project.config.Documents, f.project.syncOptions())
	if err == nil && (f.stale || !report.UpToDate()) {
		err = f.vectors.update(ctx)
		f.stale = err != nil
	}
	return report, err
}

// remove removes the passages of a document, also where those of files that are gone are kept. The next sync removes the vectors.
func (f *follower) remove(ctx context.Context, document string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stale = true
	_, err := f.index.DeleteSource(ctx, document)
	return err
}

// watchLogged is Watch for a service: what changed and what failed is logged.
func (p *Project) watchLogged(ctx context.Context, f *follower) {
	log := p.config.Logger
	err := p.watch(ctx, f, func(r *retriever.SyncReport, err error) {
		switch {
		case errors.Is(err, retriever.ErrLocked): // the other program does it
			log.Info("another program changes the index")
		case err != nil:
			log.Warn("the index could not be brought up to date", "why", err)
		default:
			log.Info("documents changed", "added", len(r.Added), "changed", len(r.Changed), "removed", len(r.Removed))
		}
	})
	if ctx.Err() == nil {
		log.Warn("the documents are no longer watched", "why", err)
	}
}

// checkFollow returns an error where the documents cannot be watched, or clients cannot add any.
func (p *Project) checkFollow() error {
	c := p.config.Serve
	if !c.Watch && c.Files == "" {
		return nil
	}
	if p.config.Documents == "" {
		return kindOf(ErrConfig, errors.New("serve.watch and serve.files need the documents: set documents to a folder"))
	}
	if info, err := os.Stat(p.config.Documents); err != nil || c.Files == "" {
		return err
	} else if !info.IsDir() {
		return kindOf(ErrConfig, errors.New("serve.files needs documents that are a folder"))
	}
	if err := os.MkdirAll(c.Files, 0o777); err != nil {
		return err
	}
	_, err := p.filesWithin()
	return err
}

// filesWithin is the path of serve.files in the folder of the documents, with slashes.
func (p *Project) filesWithin() (string, error) {
	var paths [2]string
	for i, name := range []string{p.config.Documents, p.config.Serve.Files} {
		full, err := filepath.Abs(name)
		if err == nil {
			full, err = filepath.EvalSymlinks(full)
		}
		if err != nil {
			return "", err
		}
		paths[i] = full
	}
	rel, err := filepath.Rel(paths[0], paths[1])
	if err != nil || !filepath.IsLocal(rel) {
		return "", kindOf(ErrConfig, fmt.Errorf("serve.files %s is not in the folder of the documents, %s: only what is there is indexed",
			p.config.Serve.Files, p.config.Documents))
	}
	return filepath.ToSlash(rel), nil
}
