package retriever

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/index/scorch"
	"github.com/blevesearch/bleve/v2/index/scorch/mergeplan"
)

// maxSegments is the number of segments above which a change ends with merging some of them. Bleve merges in the background,
// for which most changes are too short.
const maxSegments = 16

// writer collects changes in batches, and writes them to the next generation.
type writer struct {
	x        *Index
	keep     bool        // what was written before an error
	gen      *generation // that is written; nil before the first batch, the only one in memory
	building string      // the folder of gen; empty in memory
	files    *fileStates // what Sync knows, as it will be; nil while it is as it was
	empty    bool        // the next generation starts from nothing

	ops     map[string]*Chunk // by ID; nil means delete
	bytes   int
	written int // chunks written
	deleted int // chunks deleted, but for those that were replaced
	dropped int // chunks of sources that were deleted, replaced or not
}

// change runs do with a writer, while no one else writes, and then makes the new generation the current one. If do fails,
// it is thrown away, unless the writer is to keep it.
func (x *Index) change(ctx context.Context, do func(*writer) error) (err error) {
	x.write.Lock()
	defer x.write.Unlock()
	if err := x.usable(); err != nil {
		return err
	}
	w := &writer{x: x}
	if x.path == "" {
		w.gen = x.gen
		err := do(w)
		w.end(err) //nolint:errcheck // in memory it has none
		return err
	}
	unlock, err := x.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if err := x.newest(); err != nil {
		return err
	}
	err = do(w)
	if eerr := w.end(err); err == nil {
		err = eerr
	} else if eerr != nil {
		err = errors.Join(err, eerr)
	}
	return withDiskFull(err, x.path)
}

// look runs do with a writer that writes nothing. Without the lock of the folder, another program may write meanwhile, which
// searches see when do has ended.
func (x *Index) look(do func(*writer) error) error {
	x.write.Lock()
	defer x.write.Unlock()
	x.turn.Lock()
	defer x.turn.Unlock()
	if err := x.follow(); err != nil {
		return err
	}
	return do(&writer{x: x})
}

// newest opens the current generation.
func (x *Index) newest() error {
	x.turn.Lock()
	defer x.turn.Unlock()
	return x.follow()
}

// lock locks the folder of the index, which it makes for a new index.
func (x *Index) lock(ctx context.Context) (func(), error) {
	if x.fresh != nil {
		if info, err := os.Stat(x.path); err != nil || !info.IsDir() {
			if err := os.Remove(x.path); err != nil && !errors.Is(err, os.ErrNotExist) { // a file, or a link to nothing
				return nil, fmt.Errorf("retriever: %w", err)
			}
		}
		if err := os.MkdirAll(x.path, 0o700); err != nil {
			return nil, fmt.Errorf("retriever: %w", err)
		}
	}
	return lockFolder(ctx, x.path)
}

// view opens a snapshot of what was written so far.
func (w *writer) view() (view, error) {
	if w.gen != nil {
		w.x.mu.RLock()
		defer w.x.mu.RUnlock()
		if w.x.closed {
			return view{}, ErrClosed
		}
		return w.gen.view()
	}
	w.x.mu.RLock()
	defer w.x.mu.RUnlock()
	if w.x.closed {
		return view{}, ErrClosed
	}
	return w.x.gen.view()
}

// begin makes the next generation: a clone of the current one, or an empty one.
func (w *writer) begin() (err error) {
	if w.gen != nil {
		return nil
	}
	x := w.x
	if err := os.MkdirAll(x.path, 0o700); err != nil {
		return fmt.Errorf("retriever: %w", err)
	}
	name, err := nextName(x.path)
	if err != nil {
		return err
	}
	w.building = newPrefix + name
	folder := filepath.Join(x.path, w.building)
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(folder))
		}
	}()
	if x.fresh != nil || w.empty {
		w.gen, err = newStore(folder, x.gen.opts)
		return err
	}
	if err := cloneStore(filepath.Join(x.path, x.gen.name), folder); err != nil {
		return fmt.Errorf("retriever: %w", err)
	}
	store, err := openStore(folder, false)
	if err != nil {
		return err
	}
	if w.gen, err = newGeneration("", x.gen.opts, store); err != nil {
		return errors.Join(err, store.Close())
	}
	return nil
}

// commit writes a batch.
func (w *writer) commit(batch *bleve.Batch, st state) error {
	if w.building == "" { // in memory, where Close waits for it
		w.x.mu.RLock()
		defer w.x.mu.RUnlock()
		if w.x.closed {
			return ErrClosed
		}
	}
	return w.gen.commit(batch, st)
}

// end makes what was written the current generation, or throws it away after an error.
func (w *writer) end(failed error) error {
	switch {
	case w.x.path == "":
		switch {
		case failed != nil && w.files != nil: // what of it was written is not known
			w.gen.files = &fileStates{root: w.files.root, foreign: true, files: map[string]fileState{}}
		case w.files != nil:
			w.gen.files = w.files
		}
		return nil
	case failed != nil && (!w.keep || w.written+w.deleted == 0):
		return w.discard()
	case w.gen == nil && w.x.fresh != nil:
		if err := w.begin(); err != nil {
			return err
		}
	case w.gen == nil:
		return w.writeFiles()
	}
	return w.publish()
}

// known returns what Sync knows about the files, for the writer to change.
func (w *writer) known() (*fileStates, error) {
	if w.files != nil {
		return w.files, nil
	}
	if w.x.fresh != nil {
		w.files = &fileStates{files: map[string]fileState{}}
		return w.files, nil
	}
	s, err := w.x.gen.known(w.x.path)
	w.files = s.clone()
	return w.files, err
}

// mark records that the chunks of a source are no longer those that Sync wrote.
func (w *writer) mark(source string) error {
	s, err := w.known()
	s.foreign = true
	delete(s.files, source)
	if file, ok := rowFile(source); ok {
		delete(s.files, file)
	}
	return err
}

// writeFiles keeps what Sync knows where no chunk was changed.
func (w *writer) writeFiles() error {
	if w.files == nil {
		return nil
	}
	if err := w.files.write(filepath.Join(w.x.path, w.x.gen.name, filesName)); err != nil {
		return fmt.Errorf("retriever: %w", err)
	}
	w.x.gen.files = w.files
	return nil
}

// discard removes what was written.
func (w *writer) discard() error {
	if w.gen == nil {
		return nil
	}
	err := w.gen.store.Close()
	w.gen = nil
	return errors.Join(err, os.RemoveAll(filepath.Join(w.x.path, w.building)))
}

// publish makes what was written the current generation. The writer can go on with another one.
func (w *writer) publish() error {
	folder := filepath.Join(w.x.path, w.building)
	files, err := w.known()
	err = errors.Join(err, w.merge(), w.gen.store.Close())
	w.gen = nil
	if err == nil {
		err = files.write(filepath.Join(folder, filesName))
	}
	if err == nil {
		err = w.replace()
	}
	if err != nil {
		return errors.Join(fmt.Errorf("retriever: %w", err), os.RemoveAll(folder))
	}
	w.x.gen.files = files.clone()
	return nil
}

// replace puts the finished generation in place, and opens it.
func (w *writer) replace() error {
	x := w.x
	name, err := publish(x.path, w.building)
	if err != nil {
		return err
	}
	all := x.fresh != nil
	x.fresh = nil
	g, err := openCurrent(x.path, x.gen)
	if err != nil {
		return err
	}
	x.turn.Lock()
	err = x.turnTo(g)
	x.turn.Unlock()
	sweep(x.path, name, all)
	return err
}

// merge merges segments where there are too many.
func (w *writer) merge() error {
	s, ok := w.gen.core.(*scorch.Scorch)
	if !ok {
		return nil
	}
	snap, err := w.gen.view()
	if err != nil {
		return err
	}
	segments := len(snap.IndexReader.(*scorch.IndexSnapshot).Segments())
	if err := snap.Close(); err != nil {
		return err
	}
	if segments > maxSegments {
		return s.ForceMerge(context.Background(), &mergeplan.DefaultMergePlanOptions)
	}
	return nil
}

// usable returns ErrClosed after Close.
func (x *Index) usable() error {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.closed {
		return ErrClosed
	}
	return nil
}
