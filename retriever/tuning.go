package retriever

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"

	index "github.com/blevesearch/bleve_index_api"

	"github.com/ragft/ragft/internal/atomicfile"
	"github.com/ragft/ragft/ragft/opt"
)

// A Tuning is the side of BM25 that a question chooses, in place of what the
// index was created with. The chunks and what is stored of them stay as they
// are. The zero value changes nothing.
//
// It is made by learning from questions, see ragft.LSR, and used by
// Index.Tuned. As JSON it can be kept wherever its maker likes.
type Tuning struct {
	// Index is the Digest of the index that the tuning is for. Empty: any.
	Index string `json:"index,omitempty"`
	// K1 and B are as in IndexOptions. Unset means the index's own.
	K1 opt.Value[float64] `json:"k1,omitzero"`
	B  opt.Value[float64] `json:"b,omitzero"`
	// Title is what an occurrence of a term in the title counts, where one in
	// the text counts 1. It is at least 0; unset means 1, as indexed. The length
	// of a chunk does not change with it. It has no effect on an index that
	// ignores titles.
	Title opt.Value[float64] `json:"title,omitzero"`
	// Weights multiply the weight of a term: by exp of the sum of those of the
	// term's features. Names that are no feature of a term do nothing.
	Weights map[string]float64 `json:"weights,omitempty"`
}

// maxLogWeight keeps the factors of terms in the range of numbers.
const maxLogWeight = 20

// resolve gives the parameters for an index, or what is wrong with the tuning.
func (t Tuning) resolve(o IndexOptions) (parameters, error) {
	own := o.parameters()
	p := parameters{k1: t.K1.Or(own.k1), b: t.B.Or(own.b), title: t.Title.Or(own.title), factors: t.Weights}
	err := errors.Join(checkParameter("a tuning's k1", p.k1, math.MaxFloat32), checkParameter("a tuning's b", p.b, 1),
		checkParameter("a tuning's title", p.title, math.MaxFloat32))
	if err != nil {
		return p, err
	}
	if o.IgnoreTitles {
		p.title = 1
	}
	for name, w := range t.Weights {
		if math.IsNaN(w) || math.Abs(w) > maxLogWeight {
			return p, fmt.Errorf("%w: a tuning's weight of %s is %v; it must be a logarithm from -%d to %d",
				ErrOptions, name, w, maxLogWeight, maxLogWeight)
		}
	}
	return p, nil
}

// ReadTuningFile reads a tuning as JSON.
func ReadTuningFile(path string) (Tuning, error) {
	var t Tuning
	data, err := os.ReadFile(path)
	if err != nil {
		return t, fmt.Errorf("retriever: %w", err)
	}
	if err := json.Unmarshal(data, &t); err != nil {
		return t, fmt.Errorf("%w: %s is no tuning: %w", ErrOptions, path, err)
	}
	_, err = t.resolve(IndexOptions{})
	return t, err
}

// WriteTuningFile writes a tuning as JSON. The file is replaced as a whole or
// not at all.
func WriteTuningFile(path string, t Tuning) error {
	err := atomicfile.Write(path, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(t)
	})
	if err != nil {
		return fmt.Errorf("retriever: %w", err)
	}
	return nil
}

// TitleCandidates is how many of the best chunks, at least, are ranked again
// where a Tuning weighs titles: the index holds the terms of title and text
// together, so that how often a term is in the title is only known after the
// chunk was read.
const TitleCandidates = 100

// Tuned is an index that is searched with a Tuning. All else but its
// Digest is the index's: closing one closes the other. Like an Index it may be
// used from several goroutines.
type Tuned struct {
	*Index
	p     parameters
	bound bool // to the index as it was:
	sum   sums
}

// sums tell cheaply whether an index was changed.
type sums struct {
	chunks uint64
	tokens int64
}

func sumsOf(snap index.IndexReader) (s sums, err error) {
	if s.chunks, err = snap.DocCount(); err != nil {
		return s, fmt.Errorf("retriever: %w", err)
	}
	st, err := readState(snap)
	s.tokens = st.Tokens
	return s, err
}

// Tuned gives the index to be searched with a tuning. A tuning that was made
// for another index, or for another state of this one, is ErrChanged. To tell,
// every chunk is read once.
func (x *Index) Tuned(ctx context.Context, t Tuning) (_ *Tuned, err error) {
	out := &Tuned{Index: x, bound: t.Index != ""}
	if out.p, err = t.resolve(x.opts); err != nil {
		return nil, err
	}
	out.p.factors = maps.Clone(out.p.factors)
	snap, err := x.snapshot()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, snap.Close()) }()
	if !out.bound {
		return out, nil
	}
	digest, err := x.digest(ctx, snap)
	if err != nil {
		return nil, err
	}
	if digest != t.Index {
		return nil, fmt.Errorf("%w: tune it again", ErrChanged)
	}
	out.sum, err = sumsOf(snap)
	return out, err
}

// Search is that of the index, with the tuning. The order is exact, but where
// titles are weighed: then the best TitleCandidates chunks, or k if that is
// more, are found with titles counted as they were indexed, and ranked again. A
// chunk whose score the tuning makes 0 is left out. A changed number of chunks
// or terms is ErrChanged.
func (t *Tuned) Search(ctx context.Context, query string, k int) (hits []Hit, err error) {
	snap, err := t.searchable(ctx, k)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, snap.Close()) }()
	if t.bound {
		now, err := sumsOf(snap)
		if err != nil {
			return nil, err
		}
		if now != t.sum {
			return nil, fmt.Errorf("%w: it was changed in the meantime", ErrChanged)
		}
	}
	terms := t.queryTerms(query)
	if t.p.title == 1 {
		r, err := t.find(ctx, snap, terms, k, t.p)
		return r.hits(), err
	}
	r, err := t.find(ctx, snap, terms, max(k, TitleCandidates), t.p)
	if err != nil {
		return nil, err
	}
	e, err := t.explain(snap, terms, r)
	if err != nil {
		return nil, err
	}
	for i, s := range e.scores(t.p) {
		r.chunks[i].score = s
	}
	r.chunks = slices.DeleteFunc(r.chunks, func(c found) bool { return c.score <= 0 })
	slices.SortFunc(r.chunks, func(a, b found) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.ID, b.ID))
	})
	r.chunks = r.chunks[:min(k, len(r.chunks))]
	return r.hits(), nil
}

// Digest is a hash of the index's Digest and of the tuning, where it changes
// anything, and otherwise the index's. It reads every chunk.
func (t *Tuned) Digest(ctx context.Context) (string, error) {
	digest, err := t.Index.Digest(ctx)
	if err != nil {
		return "", err
	}
	plain, factors := t.untuned(), []string(nil)
	for _, name := range slices.Sorted(maps.Keys(t.p.factors)) {
		if weight := t.p.factors[name]; weight != 0 {
			factors = append(factors, fmt.Sprintf("%q %v", name, weight))
		}
	}
	if t.p.k1 == plain.k1 && t.p.b == plain.b && t.p.title == plain.title && len(factors) == 0 {
		return digest, nil
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %v %v %v %q", digest, t.p.k1, t.p.b, t.p.title, factors))
	return hex.EncodeToString(sum[:]), nil
}

// Digest is a hash of what the index was created with and of all its chunks: ID,
// source, title and text. It does not depend on the order in which they came.
// It reads every chunk.
func (x *Index) Digest(ctx context.Context) (digest string, err error) {
	snap, err := x.snapshot()
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, snap.Close()) }()
	return x.digest(ctx, snap)
}

func (x *Index) digest(ctx context.Context, snap index.IndexReader) (string, error) {
	var all [][sha256.Size]byte
	err := eachChunk(ctx, snap, func(c stored) {
		h := sha256.New()
		for _, s := range []string{c.ID, c.Source, c.Title, c.Text} {
			h.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(s))))
			io.WriteString(h, s)
		}
		all = append(all, [sha256.Size]byte(h.Sum(nil)))
	})
	if err != nil {
		return "", err
	}
	slices.SortFunc(all, func(a, b [sha256.Size]byte) int { return slices.Compare(a[:], b[:]) })
	h := sha256.New()
	o := x.opts
	fmt.Fprintf(h, "%d {K1:%v B:%v Analyzer:%v IgnoreTitles:%v}\n", formatVersion, o.K1, o.B, o.Analyzer, o.IgnoreTitles)
	for _, sum := range all {
		h.Write(sum[:])
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
