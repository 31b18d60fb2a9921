package retriever

import (
	"container/heap"
	"context"
	"fmt"
	"math"
	"sort"

	index "github.com/blevesearch/bleve_index_api"
)

// The formula, in the form of Robertson and Zaragoza, "The Probabilistic
// Relevance Framework: BM25 and Beyond" (2009), section 3, with the inverse
// document frequency of Lucene, which is never negative:
//
//	score(q, d) = sum over terms t of q, each as often as q has it:
//	    idf(t) * tf*(k1+1) / (tf + k1*(1 - b + b*dl/avgdl))
//	idf(t) = ln(1 + (N - df + 0.5) / (df + 0.5))
//
// tf: how often t is in d; dl: terms in d; avgdl: their mean; N: chunks in
// the index; df: chunks that have t.

// idf is the inverse document frequency.
func idf(n, df float64) float64 {
	return math.Log1p((n - df + 0.5) / (df + 0.5))
}

// parameters are those of the formula. An index has no factors and a title weight
// of 1; a Tuning may change all of them.
type parameters struct {
	k1, b   float64
	title   float64            // weight of an occurrence in the title; one in the text has 1
	factors map[string]float64 // natural logarithms, by feature of a term
}

// factor returns the factor of a term's weight, which is above 0.
func (p parameters) factor(t *queryTerm) float64 {
	sum := 0.0
	for _, f := range t.features {
		sum += p.factors[f]
	}
	return math.Exp(sum)
}

// weight returns the factor of tf / (tf + ...) for one term of a query.
func (p parameters) weight(t *queryTerm) float64 {
	w := t.count * t.idf * (p.k1 + 1)
	if len(p.factors) > 0 {
		w *= p.factor(t)
	}
	return w
}

// full returns the score of a chunk of mean length that has each term of a query once, whose
// frequencies are known. Of the forms that a word has in several languages one counts.
func (p parameters) full(terms []queryTerm) (sum float64) {
	least := make(map[int]float64, len(terms))
	for i := range terms {
		t := &terms[i]
		if w := p.weight(t) / (p.k1 + 1); least[t.at] == 0 || w < least[t.at] {
			least[t.at] = w
		}
	}
	for _, t := range terms {
		sum += least[t.at]
		least[t.at] = 0
	}
	return sum
}

// part returns what a term contributes to the score of a chunk that has it tf
// times; length is the chunk's length divided by the mean.
func (p parameters) part(weight, tf, length float64) float64 {
	return weight * tf / (tf + p.k1*(1-p.b+p.b*length))
}

// boundSlack allows for rounding where sums of bounds are compared with sums of
// scores.
const boundSlack = 1 + 1e-9

// cursor iterates over the chunks that have one term of the query.
type cursor struct {
	reader index.TermFieldReader
	posted index.TermFieldDoc
	target index.IndexInternalID
	order  int     // index of the term in the query
	weight float64 // see parameters.weight
	bound  float64 // upper bound of what the term contributes
	doc    uint64  // the current chunk
	tf, dl float64 // of the current chunk
	done   bool
}

// next moves to the next chunk.
func (c *cursor) next() error {
	got, err := c.reader.Next(&c.posted)
	return c.set(got, err)
}

// advance moves to the first chunk that is not before doc. It never moves back,
// for which Bleve's reader would start again from the first chunk.
func (c *cursor) advance(doc uint64) error {
	if c.done || c.doc >= doc {
		return nil
	}
	c.target = index.NewIndexInternalID(c.target, doc)
	got, err := c.reader.Advance(c.target, &c.posted)
	return c.set(got, err)
}

func (c *cursor) set(got *index.TermFieldDoc, err error) error {
	if err != nil {
		return fmt.Errorf("retriever: reading postings: %w", err)
	}
	if got == nil {
		c.done = true
		return nil
	}
	c.doc, c.tf, c.dl = got.ID.Value(), float64(got.Freq), lengthFromNorm(got.Norm)
	return nil
}

// lengthFromNorm returns the number of terms of a chunk. Bleve stores it as an
// integer, but returns 1/sqrt(length) as a 32-bit float. Rounding recovers every
// length below four million exactly, and MaxChunkBytes keeps lengths below two
// million.
func lengthFromNorm(norm float64) float64 {
	return math.Round(1 / (norm * norm))
}

// ranker finds the best chunks of one snapshot of an index for one query.
//
// It reads the postings document at a time, and skips chunks that cannot be among
// the best k (MaxScore; Turtle and Flood, "Query evaluation: strategies and
// optimizations", 1995, section 4). Result and scores are the same as without
// skipping.
type ranker struct {
	p       parameters
	avgdl   float64
	cursors []*cursor // in order of increasing bound
	sums    []float64 // sums[i] is the sum of the bounds of cursors[:i]
	parts   []float64 // what each term contributes to the current chunk, in query order
	best    topK
}

// newRanker opens a cursor for each term, and sets the terms' document
// frequencies.
func newRanker(ctx context.Context, snap index.IndexReader, terms []queryTerm, p parameters, st state) (*ranker, error) {
	r := &ranker{p: p, parts: make([]float64, len(terms))}
	chunks, err := snap.DocCount()
	if err != nil {
		return nil, fmt.Errorf("retriever: %w", err)
	}
	if chunks == 0 || st.Tokens == 0 {
		return r, nil
	}
	r.avgdl = float64(st.Tokens) / float64(chunks)
	for i := range terms {
		t := &terms[i]
		if err := ctx.Err(); err != nil {
			r.close()
			return nil, err
		}
		reader, err := snap.TermFieldReader(ctx, []byte(t.term), fieldText, true, true, false)
		if err != nil {
			r.close()
			return nil, fmt.Errorf("retriever: %w", err)
		}
		c := &cursor{reader: reader, order: i}
		r.cursors = append(r.cursors, c)
		t.setFrequency(float64(chunks), float64(reader.Count()))
		c.weight = p.weight(t)
		c.bound = c.weight * boundSlack
		if err := c.next(); err != nil {
			r.close()
			return nil, err
		}
	}
	sort.SliceStable(r.cursors, func(i, j int) bool { return r.cursors[i].bound < r.cursors[j].bound })
	r.sums = make([]float64, len(r.cursors)+1)
	for i, c := range r.cursors {
		r.sums[i+1] = r.sums[i] + c.bound
	}
	return r, nil
}

// close releases the cursors' readers.
func (r *ranker) close() {
	for _, c := range r.cursors {
		_ = c.reader.Close()
	}
	r.cursors = nil
}

// score returns what a cursor's term contributes to the current chunk.
func (r *ranker) score(c *cursor) float64 {
	return r.p.part(c.weight, c.tf, c.dl/r.avgdl)
}

// checkEvery is the number of chunks scored between two checks of the context.
const checkEvery = 1024

// run scores the chunks. The terms of cursors[:first] alone do not suffice to be
// among the best, so only chunks with another term are scored.
func (r *ranker) run(ctx context.Context) error {
	first := 0
	for n := 0; ; n++ {
		if n%checkEvery == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		least := r.best.least()
		for first < len(r.cursors) && r.sums[first+1] < least {
			first++
		}
		doc, ok := nearest(r.cursors[first:])
		if !ok {
			return nil
		}
		if err := r.scoreDoc(doc, first, least); err != nil {
			return err
		}
	}
}

// nearest returns the first of the cursors' current chunks.
func nearest(cursors []*cursor) (uint64, bool) {
	doc, ok := uint64(math.MaxUint64), false
	for _, c := range cursors {
		if !c.done && c.doc <= doc {
			doc, ok = c.doc, true
		}
	}
	return doc, ok
}

// scoreDoc computes the score of one chunk and offers it to the best.
func (r *ranker) scoreDoc(doc uint64, first int, least float64) error {
	clear(r.parts)
	sum := 0.0
	for _, c := range r.cursors[first:] {
		if c.done || c.doc != doc {
			continue
		}
		r.parts[c.order] = r.score(c)
		sum += r.parts[c.order]
		if err := c.next(); err != nil {
			return err
		}
	}
	for i := first - 1; i >= 0; i-- {
		if sum*boundSlack+r.sums[i+1] < least {
			return nil
		}
		c := r.cursors[i]
		if err := c.advance(doc); err != nil {
			return err
		}
		if !c.done && c.doc == doc {
			r.parts[c.order] = r.score(c)
			sum += r.parts[c.order]
		}
	}
	// Added in the order of the query, so that a chunk has the same score to
	// the last bit wherever it is stored and whatever was skipped.
	total := 0.0
	for _, p := range r.parts {
		total += p
	}
	return r.best.offer(doc, total)
}

// topK holds the k best chunks: by score, then by ID, so that the order does not
// depend on the segments of the index. It is a heap with the worst at its root.
type topK struct {
	k     int
	id    func(doc uint64) (string, error)
	items []scored
	err   error // the first one of id
}

// scored is a chunk with its score. The ID is looked up when it is needed.
type scored struct {
	doc   uint64
	score float64
	id    string
}

// least returns the score below which a chunk cannot be among the best.
func (t *topK) least() float64 {
	if len(t.items) < t.k {
		return math.Inf(-1)
	}
	return t.items[0].score
}

// offer adds a chunk if it is among the best.
func (t *topK) offer(doc uint64, score float64) error {
	item := scored{doc: doc, score: score}
	if len(t.items) < t.k {
		heap.Push(t, item)
	} else if !t.worse(&item, &t.items[0]) {
		t.items[0] = item
		heap.Fix(t, 0)
	}
	return t.err
}

// worse reports whether a ranks behind b.
func (t *topK) worse(a, b *scored) bool {
	if a.score != b.score {
		return a.score < b.score
	}
	for _, s := range []*scored{a, b} {
		if s.id == "" && t.err == nil {
			s.id, t.err = t.id(s.doc)
		}
	}
	return a.id > b.id
}

func (t *topK) Len() int           { return len(t.items) }
func (t *topK) Less(i, j int) bool { return t.worse(&t.items[i], &t.items[j]) }
func (t *topK) Swap(i, j int)      { t.items[i], t.items[j] = t.items[j], t.items[i] }
func (t *topK) Push(item any)      { t.items = append(t.items, item.(scored)) }

func (t *topK) Pop() any {
	last := t.items[len(t.items)-1]
	t.items = t.items[:len(t.items)-1]
	return last
}

// sorted removes the chunks from the heap and returns them, best first.
func (t *topK) sorted() ([]scored, error) {
	out := make([]scored, len(t.items))
	for i := len(out) - 1; i >= 0; i-- {
		out[i] = heap.Pop(t).(scored)
	}
	return out, t.err
}
