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
	HasSource(ctx context.Context, source string) (bool, error)
	Ranking() string // see [retriever.Index.Ranking]
}

// Options are the options of [NewSearch]. The zero value searches by words alone.
type Options struct {
	// Vectors, and the Embedder that made them, add the search by meaning. Nil = by words alone.
	Vectors  *Vectors
	Embedder Embedder
	// Weight is the weight of meaning, at least 0; that of words is 1, see [Search.Search]. Unset = [DefaultWeight].
	Weight opt.Value[float64]
	// Reranker reorders the first passages. Nil = they stay in the order of their ranks.
	Reranker Reranker
}

// Constants of [Search].
const (
	DefaultWeight = 0.5 // of meaning; measured in docs/retrieval.md
	depth         = 100 // passages that each of the two searches gives, or k if that is more
	rerankDepth   = 30  // passages that the reranker reads
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

// Search returns the best k passages, best first. Their order is by the sum of two numbers from 0 to 1: the score by words, divided
// by that of the best passage, and Weight times the similarity in meaning, scaled so that the nearest passage has 1 and the last of
// those that are looked at 0. (Such a sum finds more than one of ranks: Bruch, Gai and Ingber, ACM TOIS 42(1), 2023, sections 4 and
// 5.) Either is 0 for a passage that is not among the first 100, or first k if that is more, of its search. A passage that repeats a
// better one word for word, or a part of it, is left out. The Score of a hit is that of the search by words, so hits are not in the
// order of their scores. Without vectors Search is the search by words.
func (s *Search) Search(ctx context.Context, query string, k int) ([]retriever.Hit, error) {
	if k <= 0 {
		return nil, fmt.Errorf("%w: k is %d; it must be above 0", retriever.ErrOptions, k)
	}
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

// fused returns the best k passages by both searches.
func (s *Search) fused(ctx context.Context, query string, k int) ([]retriever.Hit, error) {
	o := s.options
	if !s.meant() || strings.TrimSpace(query) == "" {
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

// join returns the best k of what the two searches found.
func (s *Search) join(ctx context.Context, words []retriever.Hit, near []Match, k int) (out []retriever.Hit, err error) {
	hits := map[string]retriever.Hit{}
	for _, h := range words {
		hits[h.ID] = h
	}
	for _, m := range near {
		if h, found := hits[m.ID]; found {
			h.Share = 0 // few words in common say nothing against a passage that is near in meaning
			hits[m.ID] = h
		}
	}
	var texts distinct
	for _, id := range order(words, near, s.options.Weight.Or(DefaultWeight)) {
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

// order returns the IDs of all passages in the order of [Search.Search]; of equal ones, those found by words first.
func order(words []retriever.Hit, near []Match, weight float64) []string {
	scores := map[string]float64{}
	var all []string
	add := func(id string, score float64) {
		if _, seen := scores[id]; !seen {
			all = append(all, id)
		}
		scores[id] += score
	}
	best := 0.0
	for _, h := range words {
		best = max(best, h.Score)
	}
	for _, h := range words {
		add(h.ID, ratio(h.Score, best, 0))
	}
	for _, m := range near {
		last := near[len(near)-1].Similarity
		add(m.ID, weight*ratio(m.Similarity-last, near[0].Similarity-last, 1))
	}
	slices.SortStableFunc(all, func(a, b string) int { return cmp.Compare(scores[b], scores[a]) })
	return all
}

// ratio is a / b, or otherwise if b is not above 0.
func ratio(a, b, otherwise float64) float64 {
	if b > 0 {
		return a / b
	}
	return otherwise
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

// Ranking says how passages are ranked, whatever they are: as the index does, by which embedding model with which weight, and by
// which reranker. Without either, and while there are no vectors, it is that of the index.
func (s *Search) Ranking() string {
	words, o := s.Index.Ranking(), s.options
	if s.meant() {
		words += fmt.Sprintf(" meaning=%v:%.16s", o.Weight.Or(DefaultWeight), o.Embedder.ID())
	}
	if o.Reranker != nil {
		words += fmt.Sprintf(" reranked=%.16s", o.Reranker.ID())
	}
	return words
}

// meant reports whether passages are found by meaning, too.
func (s *Search) meant() bool {
	o := s.options
	return o.Vectors != nil && o.Weight.Or(DefaultWeight) > 0 && o.Vectors.Len() > 0
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
	if s.meant() {
		words = false
		fmt.Fprintf(h, "%q %v\n", o.Embedder.ID(), o.Weight.Or(DefaultWeight))
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
