package ragft

import (
	"context"
	"errors"
	"os"

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
	index, err := retriever.Open(p.Path(indexName))
	if err != nil {
		return p.indexError(err)
	}
	defer index.Close()
	vectors, err := p.vectorsOf(ctx, index)
	if err != nil {
		return err
	}
	defer vectors.close()
	stale := true // vectors may be missing, of an earlier run or after an error
	return watch.Folder(ctx, docs, watch.Options{Logger: p.config.Logger}, func(ctx context.Context) {
		report, err := index.Sync(ctx, docs, p.syncOptions())
		if err == nil && (stale || !report.UpToDate()) {
			err = vectors.update(ctx)
			stale = err != nil
		}
		if ctx.Err() != nil || done == nil || err == nil && report.UpToDate() {
			return
		}
		done(report, err)
	})
}

// watchLogged is Watch for a service: what changed and what failed is logged.
func (p *Project) watchLogged(ctx context.Context) {
	log := p.config.Logger
	err := p.Watch(ctx, func(r *retriever.SyncReport, err error) {
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

// checkWatch returns an error where the documents cannot be watched.
func (p *Project) checkWatch() error {
	if p.config.Documents == "" {
		return kindOf(ErrConfig, errors.New("serve.watch needs the documents: set documents to a folder"))
	}
	_, err := os.Stat(p.config.Documents)
	return err
}
