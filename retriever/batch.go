package retriever

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/document"
	index "github.com/blevesearch/bleve_index_api"
)

// addDocument adds the chunks of a document to the batch.
func (w *writer) addDocument(ctx context.Context, d Document, split SplitOptions) error {
	d.Language = w.x.language(d.Language, d.Text)
	for c, err := range SplitSeq(d, split) {
		if err == nil {
			err = w.add(ctx, c)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// add adds a chunk to the batch, and writes the batch when it is full.
func (w *writer) add(ctx context.Context, c Chunk) error {
	if err := c.check(); err != nil {
		return err
	}
	return w.put(ctx, c.ID, &c, len(c.Title)+len(c.Text)+len(c.Source)+len(c.ID)+len(c.Place))
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
// in the index, so the batch must not contain chunks of the source yet. What Sync knows
// to be a file is no row of another one: "todo#2" beside "todo".
func (w *writer) deleteSource(ctx context.Context, source string) error {
	states, err := w.known()
	if err != nil {
		return err
	}
	snap, err := w.view()
	if err != nil {
		return err
	}
	ids, err := sourceIDs(ctx, snap, source, func(s string) bool { return states.files[s].documents == 0 })
	if cerr := snap.Close(); err == nil && cerr != nil {
		err = fmt.Errorf("retriever: %w", cerr)
	}
	if err != nil {
		return err
	}
	w.dropped += len(ids)
	for _, id := range ids {
		if err := w.put(ctx, id, nil, len(id)); err != nil {
			return err
		}
	}
	return nil
}

// rowFile returns the JSONL file that a source may be a row of.
func rowFile(source string) (file string, ok bool) {
	i := strings.LastIndexByte(source, '#')
	if i <= 0 || i == len(source)-1 || strings.Trim(source[i+1:], "0123456789") != "" {
		return "", false
	}
	return source[:i], true
}

// sources calls each with every source of a snapshot that starts with the prefix, in no particular order. Some may have no
// chunks any more.
func sources(ctx context.Context, snap index.IndexReader, prefix string, each func(source string)) (err error) {
	dict, err := snap.FieldDictPrefix(fieldSource, []byte(prefix))
	if err != nil {
		return fmt.Errorf("retriever: %w", err)
	}
	defer func() { err = errors.Join(err, dict.Close()) }()
	for {
		entry, err := dict.Next()
		if err != nil {
			return fmt.Errorf("retriever: %w", err)
		}
		if entry == nil {
			return ctx.Err()
		}
		each(entry.Term)
	}
}

// sourceIDs returns the IDs of all chunks of a source and of its rows. Which of the sources that look like them are rows isRow
// says.
func sourceIDs(ctx context.Context, snap index.IndexReader, source string, isRow func(string) bool) ([]string, error) {
	list := []string{source}
	err := sources(ctx, snap, source+"#", func(s string) {
		if file, ok := rowFile(s); ok && file == source && isRow(s) {
			list = append(list, s)
		}
	})
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, s := range list {
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
	if err := w.x.usable(); err != nil || len(w.ops) == 0 {
		return err
	}
	if err := w.begin(); err != nil {
		return err
	}
	snap, err := w.view()
	if err != nil {
		return err
	}
	st, err := readState(snap)
	if err == nil {
		err = w.subtractOld(snap, &st)
	}
	if cerr := snap.Close(); err == nil && cerr != nil {
		err = fmt.Errorf("retriever: %w", cerr)
	}
	if err != nil {
		return err
	}
	batch := w.gen.store.NewBatch()
	added := 0
	for _, op := range w.analyzeAll() {
		if op.chunk == nil {
			batch.Delete(op.id)
			continue
		}
		st.add(op.chunk.Language, int64(len(op.tokens)), 1)
		added++
		if err := batch.IndexAdvanced(op.document()); err != nil {
			return fmt.Errorf("retriever: %w", err)
		}
	}
	if err := w.commit(batch, st); err != nil {
		return err
	}
	w.written += added
	w.ops, w.bytes = nil, 0
	return nil
}

// subtractOld subtracts the chunks that the batch removes or replaces.
func (w *writer) subtractOld(snap index.IndexReader, st *state) error {
	for id := range w.ops {
		old, err := readChunk(snap, id)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		st.add(old.Language, -int64(old.tokens), -1)
		if w.ops[id] == nil {
			w.deleted++
		}
	}
	return nil
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
					ops[i].tokens = w.gen.terms(c)
				}
			}
		})
	}
	group.Wait()
	return ops
}

// terms returns the terms by which a chunk is found.
func (g *generation) terms(c *Chunk) analysis.TokenStream {
	an := g.analyzers.of(c.Language)
	tokens := analyze(an, c.Text)
	if c.Title != "" && !g.opts.IgnoreTitles {
		tokens = append(analyze(an, c.Title), tokens...)
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
	if c.Language != "" {
		d.AddField(document.NewTextFieldWithIndexingOptions(fieldLanguage, nil, []byte(c.Language), index.StoreField))
	}
	return d
}

// commit writes a batch and the statistics after it.
func (g *generation) commit(batch *bleve.Batch, st state) error {
	raw, err := json.Marshal(st)
	if err != nil {
		return fmt.Errorf("retriever: %w", err)
	}
	batch.SetInternal(stateKey, raw)
	if err := g.store.Batch(batch); err != nil {
		return fmt.Errorf("retriever: writing a batch: %w", err)
	}
	return nil
}

// withDiskFull is an error of writing the index at path. Bleve passes on only the text of one of the system.
func withDiskFull(err error, path string) error {
	if full := syscall.ENOSPC; err != nil && !errors.Is(err, full) && strings.Contains(err.Error(), full.Error()) {
		return fmt.Errorf("%w (%w: %s)", err, full, path)
	}
	return err
}
