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
	"path/filepath"
	"slices"

	index "github.com/blevesearch/bleve_index_api"

	"github.com/ragft/ragft/internal/atomicfile"
	"github.com/ragft/ragft/ragft/opt"
)

// Tuning replaces the parameters of a search that the index was created with. It
// changes nothing that is stored. The zero value changes nothing at all.
//
// [Index.Tuned] uses it. It can be learnt from questions and a language model that
// reads the passages, and is stored as JSON: see [WriteTuningFile].
type Tuning struct {
	// Index is the Digest of the index that the tuning was made for. Empty
	// means any index.
	Index string `json:"index,omitempty"`
	// K1 and B are as in IndexOptions. Unset means the index's own.
	K1 opt.Value[float64] `json:"k1,omitzero"`
	B  opt.Value[float64] `json:"b,omitzero"`
	// Title is what an occurrence of a term in the title counts, where one in
	// the text counts 1. It is at least 0; unset means 1, as indexed. The length
	// of a chunk does not change with it. It has no effect on an index that
	// ignores titles.
	Title opt.Value[float64] `json:"title,omitzero"`
	// Weights are by feature of a term: see FeatureTerm and the other features.
	// The weight of a term is multiplied by exp of the sum of the Weights of its
	// features. They are from -20 to 20.
	Weights map[string]float64 `json:"weights,omitempty"`
	// Meaning is the weight of the similarity in meaning beside the score by words,
	// which has weight 1. The searches of this package have none: it is for those that combine
	// the two, as those of package dense. Unset means theirs.
	Meaning opt.Value[float64] `json:"meaning,omitzero"`
}

// maxLogWeight keeps the factors of terms finite.
const maxLogWeight = 20

// resolve returns the parameters for an index, or an error for an invalid tuning.
func (t Tuning) resolve(o IndexOptions) (parameters, error) {
	own := o.parameters()
	p := parameters{k1: t.K1.Or(own.k1), b: t.B.Or(own.b), title: t.Title.Or(own.title), factors: t.Weights}
	err := errors.Join(checkParameter("a tuning's k1", p.k1, math.MaxFloat32), checkParameter("a tuning's b", p.b, 1),
		checkParameter("a tuning's title", p.title, math.MaxFloat32),
		checkParameter("a tuning's weight of meaning", t.Meaning.Or(0), math.MaxFloat32))
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

// ReadTuningFile reads a tuning from a JSON file and checks it. An invalid one is
// ErrOptions.
func ReadTuningFile(path string) (Tuning, error) {
	var t Tuning
	data, err := os.ReadFile(path)
	if err != nil {
		return t, fmt.Errorf("retriever: %w", err)
	}
	if err := json.Unmarshal(data, &t); err != nil {
		return t, fmt.Errorf("%w: %s is not a tuning: %w", ErrOptions, path, err)
	}
	_, err = t.resolve(IndexOptions{})
	return t, err
}

// WriteTuningFile writes a tuning to a JSON file, which it replaces atomically. The file is readable by its owner only, since it
// contains words of the documents.
func WriteTuningFile(path string, t Tuning) error {
	err := atomicfile.WritePrivate(path, func(w io.Writer) error {
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

// TitleCandidates is the least number of chunks that are ranked again if a Tuning
// weights titles. The index stores the terms of title and text together, so that a
// chunk must be read to know which terms are in its title.
const TitleCandidates = 100

// Tuned is an index that is searched with a Tuning. Except for Search and Digest its
// methods are those of the index: closing one closes the other. It may be used from
// several goroutines.
type Tuned struct {
	*Index
	p       parameters
	factors []string // those of p that change something, in words
	meaning opt.Value[float64]
	bound   bool // to an index that still has this sum:
	sum     sums
}

// sums are a cheap check whether an index was changed.
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

// Tuned returns the index with its search tuned. If the tuning names an index, every
// chunk is read once to compare it, and the error is ErrChanged if the tuning was
// made for another index, or before this one was changed. An invalid tuning is
// ErrOptions.
func (x *Index) Tuned(ctx context.Context, t Tuning) (_ *Tuned, err error) {
	out := &Tuned{Index: x, meaning: t.Meaning, bound: t.Index != ""}
	if out.p, err = t.resolve(x.Options()); err != nil {
		return nil, err
	}
	out.p.factors = maps.Clone(out.p.factors)
	for _, name := range slices.Sorted(maps.Keys(out.p.factors)) {
		if weight := out.p.factors[name]; weight != 0 {
			out.factors = append(out.factors, fmt.Sprintf("%q %v", name, weight))
		}
	}
	snap, err := x.snapshot()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, snap.Close()) }()
	if !out.bound {
		return out, nil
	}
	digest, err := snap.digest(ctx)
	if err != nil {
		return nil, err
	}
	if digest != t.Index {
		return nil, fmt.Errorf("%w: learn the tuning again", ErrChanged)
	}
	out.sum, err = sumsOf(snap)
	return out, err
}

// Meaning returns Tuning.Meaning.
func (t *Tuned) Meaning() opt.Value[float64] { return t.meaning }

// Search is like Index.Search, with the tuning. The ranking is exact unless titles
// are weighted: then the best TitleCandidates chunks, or k if that is more, and more
// where there are copies among them, are found without that weight, and ranked again
// with it. Chunks whose score becomes 0 are
// left out. If the tuning names an index whose number of chunks or terms has changed
// since, the error is ErrChanged.
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
			return nil, fmt.Errorf("%w: the index was changed in the meantime", ErrChanged)
		}
	}
	terms, err := snap.queryTerms(query)
	if err != nil {
		return nil, err
	}
	if t.p.title == 1 {
		r, err := snap.find(ctx, terms, k, t.p)
		return r.hits(), err
	}
	for n := max(k, TitleCandidates); ; n = more(n) {
		r, err := snap.candidates(ctx, terms, n, t.p)
		if err != nil {
			return nil, err
		}
		all := len(r.chunks)
		if err := snap.rankTitles(terms, &r, t.p); err != nil {
			return nil, err
		}
		if r.dropCopies(k); len(r.chunks) == k || all < n {
			return r.hits(), nil
		}
	}
}

// rankTitles ranks chunks again with the weight of titles.
func (v view) rankTitles(terms []queryTerm, r *ranking, p parameters) error {
	e, err := v.explain(terms, *r)
	if err != nil {
		return err
	}
	for i, s := range e.scores(p) {
		r.chunks[i].score = s
	}
	r.chunks = slices.DeleteFunc(r.chunks, func(c found) bool { return c.score <= 0 })
	slices.SortFunc(r.chunks, func(a, b found) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.ID, b.ID))
	})
	return nil
}

// Digest returns a hash of the index's Digest and the tuning. For a tuning that
// changes nothing it is the index's Digest. It reads every chunk.
func (t *Tuned) Digest(ctx context.Context) (string, error) {
	digest, err := t.Index.Digest(ctx)
	if err != nil {
		return "", err
	}
	plain := t.Options().parameters()
	if t.p.k1 == plain.k1 && t.p.b == plain.b && t.p.title == plain.title && len(t.factors) == 0 {
		return digest, nil
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %v %v %v %q", digest, t.p.k1, t.p.b, t.p.title, t.factors))
	return hex.EncodeToString(sum[:]), nil
}

// Ranking is that of the index with the tuning. For a tuning that changes nothing it is the index's.
func (t *Tuned) Ranking() string { return t.Options().ranking(t.p, t.factors) }

// Ranking says in words how scores are computed, whatever the chunks are: by which analyzer, parameters and weights. Unlike the
// Digest it does not change with the documents, and costs nothing.
func (x *Index) Ranking() string {
	o := x.Options()
	return o.ranking(o.parameters(), nil)
}

// ranking is Index.Ranking with other parameters. Factors are too many to be written out.
func (o IndexOptions) ranking(p parameters, factors []string) string {
	words := fmt.Sprintf("%s k1=%v b=%v", o.Analyzer, p.k1, p.b)
	switch {
	case o.IgnoreTitles:
		words += " title=ignored"
	case p.title != 1:
		words += fmt.Sprintf(" title=%v", p.title)
	}
	if len(factors) > 0 {
		sum := sha256.Sum256(fmt.Appendf(nil, "%q", factors))
		words += " weights=" + hex.EncodeToString(sum[:8])
	}
	return words
}

// Digest returns a hash, in hexadecimal, of the index's options and of ID, source,
// title and text of all its chunks. It does not depend on the order in which they
// were added. It reads every chunk, once for each state of an index that can be written.
func (x *Index) Digest(ctx context.Context) (digest string, err error) {
	snap, err := x.snapshot()
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, snap.Close()) }()
	return snap.digest(ctx)
}

func (v view) digest(ctx context.Context) (string, error) {
	if v.name == "" {
		return v.computeDigest(ctx)
	}
	kept := filepath.Join(v.folder, digestName) // of a generation, which does not change
	if data, err := os.ReadFile(kept); err == nil && len(data) == 2*sha256.Size && !v.replaced() {
		return string(data), nil
	}
	digest, err := v.computeDigest(ctx)
	if err == nil && !v.replaced() {
		// On read-only media it is computed every time.
		_ = atomicfile.WritePrivate(kept, func(w io.Writer) error { _, err := io.WriteString(w, digest); return err })
	}
	return digest, err
}

func (v view) computeDigest(ctx context.Context) (string, error) {
	var all [][sha256.Size]byte
	err := eachChunk(ctx, v, func(c stored) {
		h := sha256.New()
		for _, s := range []string{c.ID, c.Source, c.Title, c.Text} {
			h.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(s))))
			io.WriteString(h, s)
		}
		io.WriteString(h, c.Place)
		if c.Language != "" {
			fmt.Fprintf(h, "\x00%s", c.Language)
		}
		all = append(all, [sha256.Size]byte(h.Sum(nil)))
	})
	if err != nil {
		return "", err
	}
	slices.SortFunc(all, func(a, b [sha256.Size]byte) int { return slices.Compare(a[:], b[:]) })
	h := sha256.New()
	o := v.opts
	fmt.Fprintf(h, "%d {K1:%v B:%v Analyzer:%v IgnoreTitles:%v}\n", formatVersion, o.K1, o.B, o.Analyzer, o.IgnoreTitles)
	for _, sum := range all {
		h.Write(sum[:])
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
