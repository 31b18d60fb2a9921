package retriever

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/document"
	index "github.com/blevesearch/bleve_index_api"
)

// MaxChunkBytes is the limit for ID, source, title and text of a chunk together.
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
	x.write.Lock()
	defer x.write.Unlock()
	w := writer{x: x}
	for c, err := range chunks {
		if err == nil {
			err = w.add(ctx, c)
		}
		if err != nil {
			return w.written, err
		}
	}
	err := w.flush(ctx)
	return w.written, err
}

// AddOptions are the options of AddFS and AddPath.
type AddOptions struct {
	Load  LoadOptions
	Split SplitOptions
}

// AddFS loads, splits and adds all documents of a file system. It holds one file and
// one batch in memory. A file that is in the index already is replaced, so chunks
// that it no longer has are removed. Files that were deleted since stay in the index:
// see DeleteSource. After an error the index may have old and new chunks of a file;
// repeating the call brings all files up to date. The report is never nil.
func (x *Index) AddFS(ctx context.Context, fsys fs.FS, opts AddOptions) (*LoadReport, error) {
	return x.addFS(ctx, fsys, ".", opts)
}

// AddPath is AddFS for a folder or a file of the operating system.
func (x *Index) AddPath(ctx context.Context, name string, opts AddOptions) (*LoadReport, error) {
	fsys, start, closeFS, err := openPath(name)
	if err != nil {
		return &LoadReport{}, err
	}
	defer closeFS()
	return x.addFS(ctx, fsys, start, opts)
}

func (x *Index) addFS(ctx context.Context, fsys fs.FS, start string, opts AddOptions) (*LoadReport, error) {
	if _, err := opts.Split.resolve(); err != nil {
		return &LoadReport{}, err
	}
	x.write.Lock()
	defer x.write.Unlock()
	w := writer{x: x}
	l := newLoader(fsys, opts.Load, func(d Document) error {
		for c, err := range SplitSeq(d, opts.Split) {
			if err == nil {
				err = w.add(ctx, c)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
	l.onFile = func(name string) error { return w.deleteSource(ctx, name) }
	report, err := l.walk(ctx, start)
	if err != nil {
		return report, err
	}
	return report, w.flush(ctx)
}

// DeleteSource removes all chunks of a source; the path of a JSONL file means all of
// its rows. It returns the number of chunks that were removed, 0 if the source is not
// in the index.
func (x *Index) DeleteSource(ctx context.Context, source string) (int, error) {
	x.write.Lock()
	defer x.write.Unlock()
	before := x.Len()
	w := writer{x: x}
	if err := w.deleteSource(ctx, source); err != nil {
		return before - x.Len(), err
	}
	if err := w.flush(ctx); err != nil {
		return before - x.Len(), err
	}
	return before - x.Len(), nil
}

// check returns an error for an invalid chunk.
func (c Chunk) check() error {
	size := len(c.ID) + len(c.Source) + len(c.Title) + len(c.Text) + len(c.Place)
	switch {
	case c.ID == "":
		return fmt.Errorf("%w: no ID (source %q)", ErrBadChunk, c.Source)
	case size > MaxChunkBytes:
		return fmt.Errorf("%w: %s has %d bytes; the limit is %d", ErrBadChunk, c.ID, size, MaxChunkBytes)
	case !utf8.ValidString(c.ID) || !utf8.ValidString(c.Source) || !utf8.ValidString(c.Title) || !utf8.ValidString(c.Text),
		!utf8.ValidString(c.Place):
		return fmt.Errorf("%w: %s is not UTF-8", ErrBadChunk, c.ID)
	case c.Start < 0 || c.End < c.Start:
		return fmt.Errorf("%w: %s has the range [%d:%d]", ErrBadChunk, c.ID, c.Start, c.End)
	}
	return nil
}

// writer collects changes in batches. Its user holds Index.write.
type writer struct {
	x       *Index
	ops     map[string]*Chunk // by ID; nil means delete
	bytes   int
	written int // chunks written
}

// add adds a chunk to the batch, and writes the batch when it is full.
func (w *writer) add(ctx context.Context, c Chunk) error {
	if err := c.check(); err != nil {
		return err
	}
	return w.put(ctx, c.ID, &c, len(c.Title)+len(c.Text)+len(c.Source)+len(c.ID))
}

func (w *writer) put(ctx context.Context, id string, c *Chunk, size int) error {
	if w.ops == nil {
		w.ops = make(map[string]*Chunk)
	}
	w.ops[id] = c
	w.bytes += size
	if len(w.ops) >= batchChunks || w.bytes >= batchBytes {
		return w.flush(ctx)
	}
	return nil
}

// deleteSource adds the removal of a source to the batch. It removes only what is
// in the index, so the batch must not contain chunks of the source yet.
func (w *writer) deleteSource(ctx context.Context, source string) error {
	snap, err := w.x.snapshot()
	if err != nil {
		return err
	}
	ids, err := sourceIDs(ctx, snap, source)
	if cerr := snap.Close(); err == nil && cerr != nil {
		err = fmt.Errorf("retriever: %w", cerr)
	}
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := w.put(ctx, id, nil, len(id)); err != nil {
			return err
		}
	}
	return nil
}

// sourceIDs returns the IDs of all chunks of a source and of its rows.
func sourceIDs(ctx context.Context, snap index.IndexReader, source string) ([]string, error) {
	sources := []string{source}
	dict, err := snap.FieldDictPrefix(fieldSource, []byte(source+"#"))
	if err != nil {
		return nil, fmt.Errorf("retriever: %w", err)
	}
	defer dict.Close()
	for {
		entry, err := dict.Next()
		if err != nil {
			return nil, fmt.Errorf("retriever: %w", err)
		}
		if entry == nil {
			break
		}
		if row := strings.TrimPrefix(entry.Term, source+"#"); row != "" && strings.Trim(row, "0123456789") == "" {
			sources = append(sources, entry.Term)
		}
	}
	var ids []string
	for _, s := range sources {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if ids, err = appendIDs(ctx, ids, snap, s); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// appendIDs appends the IDs of the chunks of one source.
func appendIDs(ctx context.Context, ids []string, snap index.IndexReader, source string) (_ []string, err error) {
	reader, err := snap.TermFieldReader(ctx, []byte(source), fieldSource, false, false, false)
	if err != nil {
		return nil, fmt.Errorf("retriever: %w", err)
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	for {
		got, err := reader.Next(nil)
		if err != nil {
			return nil, fmt.Errorf("retriever: %w", err)
		}
		if got == nil {
			return ids, nil
		}
		id, err := snap.ExternalID(got.ID)
		if err != nil {
			return nil, fmt.Errorf("retriever: %w", err)
		}
		ids = append(ids, id)
	}
}

// flush writes the batch: chunks and statistics in one transaction.
func (w *writer) flush(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(w.ops) == 0 {
		return w.x.usable()
	}
	snap, err := w.x.snapshot()
	if err != nil {
		return err
	}
	st, err := readState(snap)
	if err == nil {
		st.Tokens, err = w.subtractOld(snap, st.Tokens)
	}
	if cerr := snap.Close(); err == nil && cerr != nil {
		err = fmt.Errorf("retriever: %w", cerr)
	}
	if err != nil {
		return err
	}
	batch := w.x.store.NewBatch()
	added := 0
	for _, op := range w.analyzeAll() {
		if op.chunk == nil {
			batch.Delete(op.id)
			continue
		}
		st.Tokens += int64(len(op.tokens))
		added++
		if err := batch.IndexAdvanced(op.document()); err != nil {
			return fmt.Errorf("retriever: %w", err)
		}
	}
	if err := w.x.commit(batch, st); err != nil {
		return err
	}
	w.written += added
	w.ops, w.bytes = nil, 0
	return nil
}

// subtractOld subtracts the lengths of the chunks that the batch removes or replaces.
func (w *writer) subtractOld(snap index.IndexReader, tokens int64) (int64, error) {
	for id := range w.ops {
		old, err := readChunk(snap, id)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return 0, err
		}
		tokens -= int64(old.tokens)
	}
	return tokens, nil
}

// op is one change in a batch.
type op struct {
	id     string
	chunk  *Chunk // nil: delete
	tokens analysis.TokenStream
}

// analyzeAll analyses the batch's chunks, on all processors.
func (w *writer) analyzeAll() []op {
	ops := make([]op, 0, len(w.ops))
	for id, c := range w.ops {
		ops = append(ops, op{id: id, chunk: c})
	}
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(ops)) {
		group.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(ops)); i = next.Add(1) - 1 {
				if c := ops[i].chunk; c != nil {
					ops[i].tokens = w.x.terms(c)
				}
			}
		})
	}
	group.Wait()
	return ops
}

// terms returns the terms by which a chunk is found.
func (x *Index) terms(c *Chunk) analysis.TokenStream {
	tokens := analyze(x.analyzer, c.Text)
	if c.Title != "" && !x.opts.IgnoreTitles {
		tokens = append(analyze(x.analyzer, c.Title), tokens...)
	}
	return tokens
}

// document returns the chunk as a document of Bleve.
func (o op) document() *document.Document {
	c := o.chunk
	span := fmt.Sprintf("%d %d %d", c.Start, c.End, len(o.tokens))
	d := document.NewDocument(o.id)
	d.AddField(document.NewTextFieldCustom(fieldText, nil, []byte(c.Text), index.IndexField|index.StoreField, analyzed{o.tokens}))
	d.AddField(document.NewTextFieldWithIndexingOptions(fieldTitle, nil, []byte(c.Title), index.StoreField))
	d.AddField(document.NewTextFieldWithIndexingOptions(fieldSource, nil, []byte(c.Source), index.IndexField|index.StoreField))
	d.AddField(document.NewTextFieldWithIndexingOptions(fieldSpan, nil, []byte(span), index.StoreField))
	if c.Place != "" {
		d.AddField(document.NewTextFieldWithIndexingOptions(fieldPlace, nil, []byte(c.Place), index.StoreField))
	}
	return d
}

// commit writes a batch and the statistics after it.
func (x *Index) commit(batch *bleve.Batch, st state) error {
	raw, err := json.Marshal(st)
	if err != nil {
		return fmt.Errorf("retriever: %w", err)
	}
	batch.SetInternal(stateKey, raw)
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.closed {
		return ErrClosed
	}
	if err := x.store.Batch(batch); err != nil {
		return fmt.Errorf("retriever: writing a batch: %w", err)
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
