package retriever

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"math"
	"path/filepath"
	"slices"

	index "github.com/blevesearch/bleve_index_api"
)

// Hit is a chunk that a search found.
type Hit struct {
	Chunk
	// Score is the BM25 score, above 0. Scores of different queries are not
	// comparable.
	Score float64
	// Share says how much of the query the chunk covers, and can be compared between
	// queries: the score, divided by that of a chunk of mean length that has each term
	// of the query as often as the query does. It is above 0 and at most 1 + K1. 0 means
	// that a Searcher does not provide it.
	Share float64
	// Sentence says how much of the query one sentence of the chunk covers, with its title: the largest share of the
	// query's words, weighted by their inverse document frequencies, in [0, 1]. A chunk that answers a question
	// mostly has its words together, where others have them scattered. 0 also means that a Searcher does not
	// provide it.
	Sentence float64
	// Highlights are the places in Text of words whose terms the query has too,
	// in order. They are empty if only the title matched.
	Highlights []Span
}

// Search returns the k chunks with the highest scores, best first; equal scores are
// sorted by ID. A chunk whose text is that of a better one, or a part of it, is left
// out, whatever its title and its white space. It returns fewer if fewer chunks have a
// term of the query, and none and no error if the query has no terms. A term that the query repeats counts as
// often. k must be above 0, or the error is ErrOptions.
func (x *Index) Search(ctx context.Context, query string, k int) (hits []Hit, err error) {
	snap, err := x.searchable(ctx, k)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, snap.Close()) }()
	terms, err := snap.queryTerms(query)
	if err != nil {
		return nil, err
	}
	found, err := snap.find(ctx, terms, k, snap.opts.parameters())
	if err != nil {
		return nil, err
	}
	return found.hits(), nil
}

// searchable checks the arguments of a search and opens the current state of the index.
func (x *Index) searchable(ctx context.Context, k int) (view, error) {
	if k <= 0 {
		return view{}, fmt.Errorf("%w: k is %d; it must be above 0", ErrOptions, k)
	}
	if err := ctx.Err(); err != nil {
		return view{}, err
	}
	return x.snapshot()
}

// found is a chunk of a ranking with its score.
type found struct {
	stored
	score float64
}

// ranking is the result of a search, best first.
type ranking struct {
	gen    *generation
	terms  []queryTerm // of the query
	full   float64     // see Hit.Share
	chunks []found
}

// hits returns the ranking in its exported form.
func (r ranking) hits() []Hit {
	hits := make([]Hit, len(r.chunks))
	asked := newAsked(r.terms)
	for i, c := range r.chunks {
		a := r.gen.analyzers.of(c.Language)
		marked, words := asked.highlights(a, c.Text)
		hits[i] = Hit{
			Chunk: c.Chunk, Score: c.score, Share: c.score / r.full, Sentence: asked.together(a, c.Chunk, marked, words), Highlights: marked,
		}
	}
	return hits
}

// find ranks and reads the best chunks of a snapshot, without copies. The weight of titles in the parameters is not
// applied.
func (v view) find(ctx context.Context, terms []queryTerm, k int, p parameters) (ranking, error) {
	for n := k; ; n = more(n) {
		r, err := v.candidates(ctx, terms, n, p)
		if err != nil {
			return r, err
		}
		all := len(r.chunks)
		if r.dropCopies(k); len(r.chunks) == k || all < n {
			return r, nil
		}
	}
}

// candidates ranks and reads the best chunks, copies too.
func (v view) candidates(ctx context.Context, terms []queryTerm, k int, p parameters) (ranking, error) {
	r := ranking{gen: v.generation, terms: terms}
	best, err := v.rank(ctx, terms, k, p)
	if err != nil {
		return r, err
	}
	r.full = p.full(terms)
	for _, s := range best {
		if s.id == "" {
			if s.id, err = externalID(v, s.doc); err != nil {
				return r, err
			}
		}
		c, err := readChunk(v, s.id)
		if err != nil {
			return r, err
		}
		r.chunks = append(r.chunks, found{c, s.score})
	}
	return r, nil
}

// dropCopies leaves the best k chunks, of texts that are repeated the best alone.
func (r *ranking) dropCopies(k int) {
	var seen shown
	r.chunks = slices.DeleteFunc(r.chunks, func(c found) bool { return !seen.add(c.Text) })
	r.chunks = r.chunks[:min(k, len(r.chunks))]
}

// more is how many chunks to rank where some of n were copies.
func more(n int) int {
	if n > math.MaxInt/4 {
		return math.MaxInt
	}
	return 4 * n
}

// rank returns the best chunks of a snapshot.
func (v view) rank(ctx context.Context, terms []queryTerm, k int, p parameters) ([]scored, error) {
	st, err := readState(v)
	if err != nil {
		return nil, err
	}
	r, err := newRanker(ctx, v, terms, p, st)
	if err != nil {
		return nil, err
	}
	defer r.close()
	r.best = topK{k: k, id: func(doc uint64) (string, error) { return externalID(v, doc) }}
	if err := r.run(ctx); err != nil {
		return nil, err
	}
	return r.best.sorted()
}

// externalID returns the chunk ID of a document number of a snapshot.
func externalID(snap index.IndexReader, doc uint64) (string, error) {
	id, err := snap.ExternalID(index.NewIndexInternalID(nil, doc))
	if err != nil {
		return "", fmt.Errorf("retriever: %w", err)
	}
	return id, nil
}

// stored is a chunk with its number of terms.
type stored struct {
	Chunk
	tokens int
}

// readChunk returns a chunk of a snapshot, or ErrNotFound.
func readChunk(snap index.IndexReader, id string) (stored, error) {
	c := stored{Chunk: Chunk{ID: id}}
	doc, err := snap.Document(id)
	if err != nil {
		return c, fmt.Errorf("retriever: %w", err)
	}
	if doc == nil {
		return c, fmt.Errorf("%w: %s", ErrNotFound, id)
	}
	spans := 0
	doc.VisitFields(func(f index.Field) {
		switch value := string(f.Value()); f.Name() {
		case fieldText:
			c.Text = value
		case fieldTitle:
			c.Title = value
		case fieldSource:
			c.Source = value
		case fieldPlace:
			c.Place = value
		case fieldLanguage:
			c.Language = value
		case fieldSpan:
			spans, err = fmt.Sscan(value, &c.Start, &c.End, &c.tokens)
		}
	})
	if err != nil || spans != 3 {
		return c, fmt.Errorf("%w: chunk %s has no offsets", ErrCorrupt, id)
	}
	return c, nil
}

// Chunk returns the chunk with an ID, or ErrNotFound.
func (x *Index) Chunk(ctx context.Context, id string) (c Chunk, err error) {
	if err := ctx.Err(); err != nil {
		return c, err
	}
	snap, err := x.snapshot()
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, snap.Close()) }()
	got, err := readChunk(snap, id)
	return got.Chunk, err
}

// SourceChunks returns the chunks of one document, in order, or none if there are more
// than most. source is Chunk.Source: each row of a JSONL file has its own.
func (x *Index) SourceChunks(ctx context.Context, source string, most int) (chunks []Chunk, err error) {
	snap, err := x.snapshot()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, snap.Close()) }()
	ids, err := appendIDs(ctx, nil, snap, source)
	if err != nil || len(ids) > most {
		return nil, err
	}
	for _, id := range ids {
		c, err := readChunk(snap, id)
		if err != nil {
			return nil, err
		}
		chunks = append(chunks, c.Chunk)
	}
	slices.SortFunc(chunks, func(a, b Chunk) int { return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.ID, b.ID)) })
	return chunks, nil
}

// HasSource says whether the index has chunks of a document, or of rows of a JSONL file of that name.
func (x *Index) HasSource(ctx context.Context, source string) (found bool, err error) {
	snap, err := x.snapshot()
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, snap.Close()) }()
	ids, err := sourceIDs(ctx, snap, source, func(string) bool { return false })
	if err != nil || len(ids) > 0 {
		return len(ids) > 0, err
	}
	states := &fileStates{}
	if snap.folder != "" { // there, what Sync knows to be a file is no row of another one: "todo#2" beside "todo"
		known, err := readFileStates(filepath.Join(snap.folder, filesName))
		if err == nil {
			states = known
		} else if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errFileStates) {
			return false, err
		}
	}
	ids, err = sourceIDs(ctx, snap, source, func(s string) bool { return states.files[s].documents == 0 })
	return len(ids) > 0, err
}

// place is the position of a chunk in the order of Chunks.
type place struct {
	source string
	start  int
	id     string
}

// Chunks iterates over all chunks that the index has when the iteration starts, in
// order of source, start and ID. It holds their IDs and sources in memory, but not
// their texts. An error comes once, as the last pair.
func (x *Index) Chunks(ctx context.Context) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		snap, err := x.snapshot()
		if err != nil {
			yield(Chunk{}, err)
			return
		}
		defer snap.Close()
		places, err := places(ctx, snap)
		if err != nil {
			yield(Chunk{}, err)
			return
		}
		for _, p := range places {
			c, err := readChunk(snap, p.id)
			if err == nil {
				err = ctx.Err()
			}
			if err == nil {
				err = x.usable()
			}
			if err != nil {
				yield(Chunk{}, err)
				return
			}
			if !yield(c.Chunk, nil) {
				return
			}
		}
	}
}

// places returns the places of all chunks of a snapshot, in order.
func places(ctx context.Context, snap index.IndexReader) (out []place, err error) {
	err = eachChunk(ctx, snap, func(c stored) {
		out = append(out, place{source: c.Source, start: c.Start, id: c.ID})
	})
	slices.SortFunc(out, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.source, b.source), cmp.Compare(a.start, b.start), cmp.Compare(a.id, b.id))
	})
	return out, err
}

// eachChunk calls each with every chunk of a snapshot, in no particular order.
func eachChunk(ctx context.Context, snap index.IndexReader, each func(stored)) (err error) {
	docs, err := snap.DocIDReaderAll()
	if err != nil {
		return fmt.Errorf("retriever: %w", err)
	}
	defer func() { err = errors.Join(err, docs.Close()) }()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		doc, err := docs.Next()
		if err != nil {
			return fmt.Errorf("retriever: %w", err)
		}
		if doc == nil {
			return nil
		}
		id, err := snap.ExternalID(doc)
		if err != nil {
			return fmt.Errorf("retriever: %w", err)
		}
		c, err := readChunk(snap, id)
		if err != nil {
			return err
		}
		each(c)
	}
}
