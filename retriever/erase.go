package retriever

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/blevesearch/bleve/v2/index/scorch"
)

// Erase removes all chunks whose source gone names, and writes the files of the index
// anew, so that nothing of their text is left in them. It returns the number of chunks
// that were removed. It also writes them anew where they still hold text of chunks that
// were removed before, by whatever call. purged reports whether the files held text of
// such a source, also of chunks removed earlier. If there are chunks in a language that
// the program has not registered, the error is ErrVersion. Where another program searches
// the index meanwhile, the old files are removed by the first call that changes the index
// after that.
func (x *Index) Erase(ctx context.Context, gone func(source string) bool) (removed int, purged bool, err error) {
	err = x.change(ctx, func(w *writer) error {
		removed, purged, err = w.erase(ctx, gone)
		return err
	})
	return removed, purged && err == nil, err
}

func (w *writer) erase(ctx context.Context, gone func(source string) bool) (removed int, purged bool, err error) {
	snap, err := w.view()
	if err != nil {
		return 0, false, err
	}
	defer func() { err = errors.Join(err, snap.Close()) }()
	var kept []string
	list := map[string]bool{}
	err = eachChunk(ctx, snap, func(c stored) {
		if gone(c.Source) {
			list[c.Source] = true
			removed++
		} else {
			kept = append(kept, c.ID)
		}
	})
	if err != nil {
		return 0, false, err
	}
	for source := range list {
		if err := w.mark(source); err != nil {
			return 0, false, err
		}
	}
	if w.x.path == "" {
		return removed, removed > 0, w.drop(ctx, list)
	}
	purged = removed > 0
	if err := sources(ctx, snap, "", func(source string) { purged = purged || gone(source) }); err != nil { // of removed chunks, too
		return 0, false, err
	}
	if removed == 0 {
		if left, err := snap.remains(); err != nil || !left {
			if w.x.fresh == nil {
				sweep(w.x.path, snap.name, false) // what another program had open
			}
			return 0, false, err
		}
	}
	return removed, purged, w.rewrite(ctx, snap, kept)
}

// rewrite begins a generation of new files, with these chunks alone.
func (w *writer) rewrite(ctx context.Context, snap view, ids []string) error {
	if _, err := snap.languages(); err != nil { // the terms of some would be other ones
		return err
	}
	w.empty = true
	if err := w.begin(); err != nil {
		return err
	}
	for _, id := range ids {
		c, err := readChunk(snap, id)
		if err == nil {
			err = w.add(ctx, c.Chunk)
		}
		if err != nil {
			return err
		}
	}
	return w.flush(ctx)
}

// remains says whether the files of a generation on disk may hold text of chunks that it no longer has: Bleve marks chunks
// as deleted, and what it merged or left out of the newest state may stay as a file.
func (v view) remains() (bool, error) {
	s, ok := v.IndexReader.(*scorch.IndexSnapshot)
	if !ok || v.folder == "" {
		return false, nil
	}
	for _, seg := range s.Segments() {
		if seg.LiveSize() < seg.FullSize() {
			return true, nil
		}
	}
	entries, err := os.ReadDir(filepath.Join(v.folder, "store"))
	if err != nil {
		return false, fmt.Errorf("retriever: %w", err)
	}
	for _, e := range entries {
		if v.sealed[e.Name()] == nil && filepath.Ext(e.Name()) == ".zap" {
			return true, nil
		}
	}
	return false, nil
}

// drop deletes sources.
func (w *writer) drop(ctx context.Context, list map[string]bool) error {
	for source := range list {
		if err := w.deleteSource(ctx, source); err != nil {
			return err
		}
	}
	return w.flush(ctx)
}
