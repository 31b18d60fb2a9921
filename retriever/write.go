package retriever

import (
	"context"
	"fmt"
	"iter"
	"unicode/utf8"
)

// MaxChunkBytes is the limit for ID, source, title, text and place of a chunk together.
const MaxChunkBytes = 4 << 20

// A batch is written when it reaches one of these limits.
const (
	batchChunks = 1000
	batchBytes  = 8 << 20
)

// Add adds chunks to the index. A chunk replaces one with the same ID; of chunks in
// one call the last counts. All chunks are checked first, and none is added if one
// is invalid (ErrBadChunk).
//
// Chunks are written in batches of at most 1000 chunks and 8 MiB. Each batch is
// written completely, with the statistics that belong to it, or not at all. If Add
// fails or its context ends, earlier batches stay in the index.
func (x *Index) Add(ctx context.Context, chunks []Chunk) error {
	for _, c := range chunks {
		if err := c.check(); err != nil {
			return err
		}
	}
	_, err := x.AddSeq(ctx, func(yield func(Chunk, error) bool) {
		for _, c := range chunks {
			if !yield(c, nil) {
				return
			}
		}
	})
	return err
}

// AddSeq is Add for an iterator, for example from SplitSeq. It holds one batch in
// memory. It returns the number of chunks that it wrote. An error of the iterator
// ends it and is returned.
func (x *Index) AddSeq(ctx context.Context, chunks iter.Seq2[Chunk, error]) (int, error) {
	written := 0
	err := x.change(ctx, func(w *writer) error {
		defer func() { written = w.written }()
		w.keep = true
		for c, err := range chunks {
			if err == nil {
				err = w.mark(c.Source)
			}
			if err == nil {
				c.Language = x.language(c.Language, c.Text)
				err = w.add(ctx, c)
			}
			if err != nil {
				return err
			}
		}
		return w.flush(ctx)
	})
	return written, err
}

// DeleteSource removes all chunks of a source; the path of a JSONL file means all of
// its rows. It returns the number of chunks that were removed, 0 if the source is not
// in the index.
func (x *Index) DeleteSource(ctx context.Context, source string) (int, error) {
	removed := 0
	err := x.change(ctx, func(w *writer) error {
		if err := w.mark(source); err != nil {
			return err
		}
		err := w.deleteSource(ctx, source)
		if err == nil {
			err = w.flush(ctx)
		}
		if err == nil {
			removed = w.deleted
		}
		return err
	})
	return removed, err
}

// check returns an error for an invalid chunk.
func (c Chunk) check() error {
	size := len(c.ID) + len(c.Source) + len(c.Title) + len(c.Text) + len(c.Place)
	switch {
	case c.ID == "":
		return fmt.Errorf("%w: no ID (source %q)", ErrBadChunk, c.Source)
	case size > MaxChunkBytes:
		return fmt.Errorf("%w: %s of %.200q has %d bytes; the limit is %d", ErrBadChunk, c.ID, c.Source, size, MaxChunkBytes)
	case !utf8.ValidString(c.ID) || !utf8.ValidString(c.Source) || !utf8.ValidString(c.Title) || !utf8.ValidString(c.Text),
		!utf8.ValidString(c.Place):
		return fmt.Errorf("%w: %s of %.200q is not UTF-8", ErrBadChunk, c.ID, c.Source)
	case c.Start < 0 || c.End < c.Start:
		return fmt.Errorf("%w: %s of %.200q has the range [%d:%d]", ErrBadChunk, c.ID, c.Source, c.Start, c.End)
	}
	return nil
}
