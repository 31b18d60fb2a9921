package dense

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/retriever"
)

// Index is what is searched by words. [*retriever.Index] and [*retriever.Tuned] are such.
type Index interface {
	retriever.Searcher
	retriever.Lister
	retriever.Counter
	retriever.Digester
	Chunk(ctx context.Context, id string) (retriever.Chunk, error)
	SourceChunks(ctx context.Context, source string, most int) ([]retriever.Chunk, error)
}

// Options are the options of [NewSearch]. The zero value searches by words alone.
type Options struct {
	// Vectors, and the Embedder that made them, add the search by meaning. Nil = by words alone.
	Vectors  *Vectors
	Embedder Embedder
	// Weight is the weight of the ranking by meaning, at least 0; the one by words has weight 1. Unset = [DefaultWeight].
	Weight opt.Value[float64]
	// Reranker reorders the first passages. Nil = they stay in the order of their ranks.
	Reranker Reranker
}

// Constants of [Search]. 60 is that of the authors of reciprocal rank fusion, see [Fuse].
const (
	DefaultWeight = 0.5 // of the ranking by meaning; measured in docs/retrieval.md
	depth         = 50  // passages that each ranking gives, or k if that is more
	rerankDepth   = 30  // passages that the reranker reads
	fusionK       = 60
)

// Search finds passages by words and by meaning, and has them reordered by a reranker. Except for Search and Digest, its methods
// are those of the index. It is safe for concurrent use if the index and the options are.
type Search struct {
	Index
	options Options
}

// NewSearch returns a search of an index.
func NewSearch(index Index, o Options) (*Search, error) {
	if (o.Vectors == nil) != (o.Embedder == nil) {
		return nil, errors.New("dense: Vectors and Embedder must be set together")
	}
	if w := o.Weight.Or(DefaultWeight); !(w >= 0) || math.IsInf(w, 0) {
		return nil, fmt.Errorf("dense: the weight of meaning is %v; it must be 0 or more", w)
	}
	return &Search{index, o}, nil
}

// Search returns the best k passages, best first. The two rankings are combined by [Fuse]; a passage that repeats a better one
// word for word, or a part of it, is left out. The Score of a hit is that of the search by words, and 0 for a passage that is
// not among its first 50, or first k if that is more, so hits are not in the order of their scores. Without vectors Search is
// the search by words.
func (s *Search) Search(ctx context.Context, query string, k int) ([]retriever.Hit, error) {
	n := k
	if s.options.Reranker != nil {
		n = max(n, rerankDepth)
	}
	hits, err := s.fused(ctx, query, n)
	if err != nil {
		return nil, err
	}
	if err := s.rerank(ctx, query, hits[:min(len(hits), rerankDepth)]); err != nil {
		return nil, err
	}
	return hits[:min(len(hits), k)], nil
}

// fused returns the best k passages by both rankings.
func (s *Search) fused(ctx context.Context, query string, k int) ([]retriever.Hit, error) {
	o := s.options
	if k <= 0 || o.Vectors == nil || o.Weight.Or(DefaultWeight) == 0 || o.Vectors.Len() == 0 || strings.TrimSpace(query) == "" {
		return s.Index.Search(ctx, query, k)
	}
	v, err := o.Embedder.Query(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("dense: embedding the question: %w", err)
	}
	for n := max(depth, k); ; n *= 4 {
		words, err := s.Index.Search(ctx, query, n)
		if err != nil {
			return nil, err
		}
		near, err := o.Vectors.Nearest(ctx, v, n)
		if err != nil {
			return nil, err
		}
		hits, err := s.join(ctx, words, near, k)
		all := len(words) < n && len(near) < n
		if err != nil || len(hits) == k || all || n > math.MaxInt/4 {
			return hits, err
		}
	}
}

// join returns the best k of two rankings.
func (s *Search) join(ctx context.Context, words []retriever.Hit, near []Match, k int) (out []retriever.Hit, err error) {
	byWords, byMeaning := make([]string, len(words)), make([]string, len(near))
	hits := map[string]retriever.Hit{}
	for i, h := range words {
		byWords[i], hits[h.ID] = h.ID, h
	}
	for i, m := range near {
		byMeaning[i] = m.ID
		if h, found := hits[m.ID]; found {
			h.Share = 0 // few words in common say nothing against a passage that is near in meaning
			hits[m.ID] = h
		}
	}
	var texts distinct
	for _, id := range Fuse([]float64{1, s.options.Weight.Or(DefaultWeight)}, byWords, byMeaning) {
		h, found := hits[id]
		if !found {
			h.Chunk, err = s.Chunk(ctx, id)
			if errors.Is(err, retriever.ErrNotFound) { // it left the index, and its vector goes with the next update
				continue
			}
			if err != nil {
				return nil, err
			}
		}
		if texts.add(h.Text) {
			out = append(out, h)
		}
		if len(out) == k {
			break
		}
	}
	return out, nil
}

// Fuse combines rankings by reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009, section 3): an item scores the sum of
// weight / (60 + rank) over the rankings that have it, with ranks from 1. It returns all items, best first; those of equal
// score in the order of their ranks in the first ranking, then the second, and so on. There is a weight for each ranking.
func Fuse(weights []float64, rankings ...[]string) []string {
	scores := map[string]float64{}
	var all []string
	for i, ranking := range rankings {
		for rank, id := range ranking {
			if _, seen := scores[id]; !seen {
				all = append(all, id)
			}
			scores[id] += weights[i] / float64(fusionK+rank+1)
		}
	}
	slices.SortStableFunc(all, func(a, b string) int { return cmp.Compare(scores[b], scores[a]) })
	return all
}

// distinct are the texts of hits, without differences in white space.
type distinct []string

// add adds a text, unless one of the others has it word for word.
func (d *distinct) add(text string) bool {
	text = " " + strings.Join(strings.Fields(text), " ") + " "
	for _, other := range *d {
		if strings.Contains(other, text) {
			return false
		}
	}
	*d = append(*d, text)
	return true
}

// rerank puts hits into the order of the reranker, those of equal scores in the order that they have.
func (s *Search) rerank(ctx context.Context, query string, hits []retriever.Hit) error {
	if s.options.Reranker == nil || len(hits) < 2 {
		return nil
	}
	texts := make([]string, len(hits))
	for i, h := range hits {
		texts[i] = textOf(h.Chunk)
	}
	scores, err := s.options.Reranker.Rank(ctx, query, texts)
	if err != nil {
		return fmt.Errorf("dense: reranking: %w", err)
	}
	if len(scores) != len(hits) {
		return fmt.Errorf("dense: the reranker gave %d scores for %d passages", len(scores), len(hits))
	}
	type scored struct {
		hit   retriever.Hit
		score float64
	}
	list := make([]scored, len(hits))
	for i, h := range hits {
		if math.IsNaN(scores[i]) {
			return errors.New("dense: the reranker gave a score that is not a number")
		}
		list[i] = scored{h, scores[i]}
	}
	slices.SortStableFunc(list, func(a, b scored) int { return cmp.Compare(b.score, a.score) })
	for i, l := range list {
		hits[i] = l.hit
		hits[i].Share = 0 // the reranker has read them, which says more than the words in common
	}
	return nil
}

// Digest returns a hash of the digest of the index and of how it is searched. While some passages have no vector, it depends on
// the number of those that have one. For a search by words alone it is the digest of the index.
func (s *Search) Digest(ctx context.Context) (string, error) {
	digest, err := s.Index.Digest(ctx)
	if err != nil {
		return "", err
	}
	o := s.options
	h := sha256.New()
	fmt.Fprintln(h, digest)
	words := true
	if weight := o.Weight.Or(DefaultWeight); o.Vectors != nil && weight > 0 && o.Vectors.Len() > 0 {
		words = false
		fmt.Fprintf(h, "%q %v\n", o.Embedder.ID(), weight)
		if n := o.Vectors.Len(); n != s.Len() {
			fmt.Fprintln(h, n)
		}
	}
	if o.Reranker != nil {
		words = false
		fmt.Fprintf(h, "reranked %q\n", o.Reranker.ID())
	}
	if words {
		return digest, nil
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
