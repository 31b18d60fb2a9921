package dense

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/ragft/ragft/internal/filelock"
	"github.com/ragft/ragft/retriever"
)

// UpdateOptions are the options of [Update].
type UpdateOptions struct {
	// Batch is the number of passages that are embedded at a time. Its vectors are kept even if a later batch fails.
	// 0 = 64.
	Batch int
	// Progress is called after each batch with the number of passages embedded so far and of all to embed. Nil = no calls.
	Progress func(done, total int)
}

// Report is what [Update] did.
type Report struct {
	Kept     int // passages that had their vector
	Embedded int
	Copied   int // passages whose text had a vector under another ID, such as those of a renamed file
	Removed  int // vectors of passages that are gone or have changed
}

// Update updates the file at path to what the index holds: a vector for each passage, of its title and text. First the vectors
// of passages that are gone or have changed are removed, then the missing ones are embedded and appended. If the file is
// damaged, of another version or of another embedder, all passages are embedded. If ctx ends or the embedder fails, the vectors
// so far are kept, and the report counts them. Without an embedder, vectors are only removed.
//
// If another program updates the same file, Update waits half a second for it; then the error is [retriever.ErrLocked].
func Update(ctx context.Context, path string, index retriever.Lister, e Embedder, o UpdateOptions) (Report, error) {
	unlock, err := lock(ctx, path)
	if err != nil {
		return Report{}, err
	}
	defer unlock()
	u := &update{path: path, index: index, embedder: e, options: o}
	if u.options.Batch <= 0 {
		u.options.Batch = 64
	}
	if err := u.read(); err != nil {
		return u.report, err
	}
	if err := u.compare(ctx); err != nil {
		return u.report, err
	}
	if err := u.drop(); err != nil {
		return u.report, err
	}
	if e == nil || u.missing == 0 {
		return u.report, nil
	}
	return u.report, u.embedAll(ctx)
}

// lockWait is how long an update waits for another.
const lockWait = 500 * time.Millisecond

func lock(ctx context.Context, path string) (unlock func(), err error) {
	unlock, err = filelock.Wait(ctx, path+".lock", lockWait)
	switch {
	case errors.Is(err, filelock.ErrHeld):
		return nil, fmt.Errorf("%w: %s", retriever.ErrLocked, path)
	case err != nil && ctx.Err() == nil:
		return nil, fmt.Errorf("dense: %w", err)
	}
	return unlock, err
}

// update is an update at work.
type update struct {
	path     string
	index    retriever.Lister
	embedder Embedder
	options  UpdateOptions
	report   Report

	rows    *rows
	size    int64 // of the file
	stale   bool  // the file holds what must leave it
	missing int   // passages without a vector
	out     *os.File
}

// read reads the file.
func (u *update) read() error {
	r, info, err := readFile(u.path)
	if err != nil && !errors.Is(err, ErrFormat) {
		return err
	}
	if err != nil || u.embedder != nil && r.dims > 0 && r.model != hashOf(u.embedder.ID()) {
		if r != nil {
			u.report.Removed = len(r.ids)
		}
		r, u.stale = &rows{}, true
	}
	if u.embedder != nil {
		r.model = hashOf(u.embedder.ID())
	}
	if u.rows = r; info != nil {
		u.size = info.Size()
	}
	return nil
}

// textOf is what of a passage is embedded.
func textOf(c retriever.Chunk) string {
	if c.Title == "" {
		return c.Text
	}
	return c.Title + "\n" + c.Text
}

func contentOf(c retriever.Chunk) content {
	sum := sha256.Sum256([]byte(textOf(c)))
	return content(sum[:])
}

// has says whether a passage has its vector.
func (u *update) has(c retriever.Chunk, hash content) bool {
	i, ok := u.rows.at[c.ID]
	return ok && u.rows.contents[i] == hash
}

// compare finds out which passages have a vector, and leaves out the vectors that have no passage.
func (u *update) compare(ctx context.Context) error {
	old := u.rows
	byContent := make(map[content]int, len(old.ids))
	for i, c := range old.contents {
		byContent[c] = i
	}
	kept := &rows{model: old.model, dims: old.dims, end: old.end, replaced: old.replaced}
	u.rows = kept
	for c, err := range u.index.Chunks(ctx) {
		if err == nil && len(c.ID) > maxID {
			err = fmt.Errorf("dense: a passage's ID has %d bytes, at most %d are possible", len(c.ID), maxID)
		}
		if err != nil {
			return err
		}
		hash := contentOf(c)
		i, ok := old.at[c.ID]
		if ok = ok && old.contents[i] == hash; ok {
			u.report.Kept++
		} else if i, ok = byContent[hash]; ok {
			u.report.Copied++
			u.stale = true // it is simplest to write all anew
		}
		if ok {
			kept.put(c.ID, hash, old.steps[i], old.row(i))
		} else {
			u.missing++
		}
	}
	u.report.Removed += len(old.ids) - u.report.Kept
	return nil
}

// drop writes the file without what must leave it.
func (u *update) drop() error {
	r := u.rows
	if !u.stale && u.report.Removed == 0 && r.replaced == 0 && u.size == r.end {
		return nil
	}
	if r.dims == 0 {
		if err := os.Remove(u.path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("dense: %w", err)
		}
		return nil
	}
	return r.writeFile(u.path)
}

// embedAll embeds the passages without a vector.
func (u *update) embedAll(ctx context.Context) (err error) {
	defer func() {
		if u.out != nil {
			err = errors.Join(err, u.out.Sync(), u.out.Close())
		}
	}()
	var batch []retriever.Chunk
	for c, err := range u.index.Chunks(ctx) {
		if err != nil {
			return err
		}
		if u.has(c, contentOf(c)) {
			continue
		}
		if batch = append(batch, c); len(batch) == u.options.Batch {
			if err := u.embed(ctx, batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	return u.embed(ctx, batch)
}

// embed embeds passages and appends their vectors to the file.
func (u *update) embed(ctx context.Context, batch []retriever.Chunk) error {
	if len(batch) == 0 {
		return nil
	}
	texts := make([]string, len(batch))
	for i, c := range batch {
		texts[i] = textOf(c)
	}
	vectors, err := u.embedder.Passages(ctx, texts)
	if err != nil {
		return fmt.Errorf("dense: embedding passages: %w", err)
	}
	if len(vectors) != len(batch) {
		return fmt.Errorf("dense: the embedder gave %d vectors for %d passages", len(vectors), len(batch))
	}
	r := u.rows
	if r.dims == 0 {
		r.dims = len(vectors[0])
	}
	var records []byte
	for i, v := range vectors {
		if len(v) != r.dims || r.dims < 1 || r.dims > maxDims {
			return fmt.Errorf("dense: a vector has %d numbers, not %d (1 to %d)", len(v), r.dims, maxDims)
		}
		values := make([]int8, r.dims)
		step, err := quantise(v, rowMost, values)
		if err != nil {
			return err
		}
		r.put(batch[i].ID, contentOf(batch[i]), step, values)
		records = r.record(records, r.at[batch[i].ID])
	}
	if err := u.append(records); err != nil {
		return fmt.Errorf("dense: %w", err)
	}
	u.report.Embedded += len(batch)
	if u.options.Progress != nil {
		u.options.Progress(u.report.Embedded, u.missing)
	}
	return nil
}

// append writes records to the end of the file.
func (u *update) append(records []byte) (err error) {
	if u.out == nil {
		if u.rows.end == 0 {
			empty := rows{model: u.rows.model, dims: u.rows.dims}
			if err := empty.writeFile(u.path); err != nil {
				return err
			}
		}
		if u.out, err = os.OpenFile(u.path, os.O_WRONLY|os.O_APPEND, 0); err != nil {
			return err
		}
	}
	_, err = u.out.Write(records)
	return err
}
