package dense

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/retriever"
)

func TestOrder(t *testing.T) {
	words := func(scores ...float64) (hits []retriever.Hit) {
		for i, s := range scores {
			hits = append(hits, retriever.Hit{Chunk: retriever.Chunk{ID: string(rune('a' + i))}, Score: s})
		}
		return hits
	}
	near := []Match{{"b", 0.9}, {"d", 0.7}, {"c", 0.4}} // scaled: 1, 0.6, 0
	// a: 8/8, b: 4/8 + 1, c: 2/8, d: 0.6
	require.Equal(t, []string{"b", "a", "d", "c"}, order(words(8, 4, 2), near, 1))
	// b: 0.5 + 0.4, d: 0.24
	require.Equal(t, []string{"a", "b", "c", "d"}, order(words(8, 4, 2), near, 0.4))
	require.Equal(t, []string{"a", "z"}, order(words(3), []Match{{"z", 0.2}}, 1), "of equal ones that by words is first")
	require.Equal(t, []string{"z", "a"}, order(words(0), []Match{{"z", 0.1}}, 1), "no score by words is no division by zero")
	require.Empty(t, order(nil, nil, 1))
}

func ids(hits []retriever.Hit) string {
	var out []string
	for _, h := range hits {
		out = append(out, h.ID)
	}
	return strings.Join(out, " ")
}

func find(t *testing.T, s retriever.Searcher, query string, k int) []retriever.Hit {
	t.Helper()
	hits, err := s.Search(t.Context(), query, k)
	require.NoError(t, err)
	return hits
}

func newSearch(t *testing.T, x *retriever.Index, o Options) *Search {
	t.Helper()
	s, err := NewSearch(x, o)
	require.NoError(t, err)
	return s
}

func TestSearchByWordsAndMeaning(t *testing.T) {
	x := newIndex(t, "the old mill", "a doctor came", "the inn of the town", "the car broke down")
	path, e := vectorsFile(t), newEmbedder()
	v, err := Open(path, e)
	require.NoError(t, err)
	s := newSearch(t, x, Options{Vectors: v, Embedder: e})
	digest := func() string {
		d, err := s.Digest(t.Context())
		require.NoError(t, err)
		return d
	}
	plain, err := x.Digest(t.Context())
	require.NoError(t, err)

	// Without vectors it is the search by words.
	require.Empty(t, find(t, s, "physician", 1))
	require.Equal(t, find(t, x, "the mill", 2), find(t, s, "the mill", 2))
	require.Equal(t, plain, digest())
	require.Equal(t, x.Ranking(), s.Ranking())

	bring(t, path, x, e)
	hits := find(t, s, "physician", 1)
	require.Equal(t, "p01", ids(hits))
	require.Zero(t, hits[0].Score)
	require.Equal(t, "a doctor came", hits[0].Text)
	byWords := find(t, x, "mill", 1)
	byWords[0].Share = 0 // nearness in meaning counts, too
	require.Equal(t, byWords, find(t, s, "mill", 1), "score and highlights are those of the words")
	require.Len(t, find(t, s, "vehicle mill", 9), 4)
	complete := digest()
	require.NotEqual(t, plain, complete)
	ranking := s.Ranking()
	require.Equal(t, x.Ranking()+" meaning=0.5:words", ranking)

	// A passage without a vector is found by words; one that left the index is not found any more.
	set(t, x, "p09", "a physician of the mill")
	require.Contains(t, ids(find(t, s, "physician", 3)), "p09")
	require.NotEqual(t, complete, digest())
	require.Equal(t, ranking, s.Ranking(), "whatever the passages are")
	remove(t, x, "p01")
	require.NotContains(t, ids(find(t, s, "physician", 9)), "p01")

	words := newSearch(t, x, Options{Vectors: v, Embedder: e, Weight: opt.Of(0.0)})
	require.Empty(t, find(t, words, "vehicle", 1))
	require.Equal(t, x.Ranking(), words.Ranking())
	require.Equal(t, "p03", ids(find(t, s, "vehicle", 1)))
}

// A passage that repeats another is left out, and others take its place.
func TestSearchShowsCopiesOnce(t *testing.T) {
	var texts []string
	for range 60 {
		texts = append(texts, "the  car broke down")
	}
	x := newIndex(t, append(texts, "the car broke down today", "a car")...)
	path, e := vectorsFile(t), newEmbedder()
	bring(t, path, x, e)
	v, err := Open(path, e)
	require.NoError(t, err)
	s := newSearch(t, x, Options{Vectors: v, Embedder: e})
	hits := find(t, s, "automobile", 3)
	require.Len(t, hits, 3)
	require.Len(t, find(t, s, "automobile", 4), 3)
}

// longest is a reranker that prefers long passages.
type longest struct{ read []string }

func (l *longest) ID() string { return "longest" }

func (l *longest) Rank(_ context.Context, _ string, passages []string) ([]float64, error) {
	l.read = passages
	out := make([]float64, len(passages))
	for i, p := range passages {
		out[i] = float64(len(p) / 20)
	}
	return out, nil
}

func TestTheFirstPassagesAreReranked(t *testing.T) {
	var texts []string
	for i := range 40 {
		texts = append(texts, strings.Repeat("mill ", 1+i%3)+fmt.Sprint(strings.Repeat("x", i)))
	}
	x := newIndex(t, texts...)
	l := &longest{}
	s := newSearch(t, x, Options{Reranker: l})
	before := find(t, x, "mill", 40)
	hits := find(t, s, "mill", 40)
	require.Len(t, l.read, rerankDepth)
	require.Equal(t, ids(before[rerankDepth:]), ids(hits[rerankDepth:]))
	require.NotEqual(t, ids(before), ids(hits))
	for i := 1; i < rerankDepth; i++ {
		require.GreaterOrEqual(t, len(hits[i-1].Text)/20, len(hits[i].Text)/20)
	}
	require.Equal(t, ids(hits[:4]), ids(find(t, s, "mill", 4)), "however many are asked for")
	plain, err := x.Digest(t.Context())
	require.NoError(t, err)
	digest, err := s.Digest(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, plain, digest)
	require.Equal(t, x.Ranking()+" reranked=longest", s.Ranking())
}

func TestSearchOptions(t *testing.T) {
	x := newIndex(t, "a mill")
	_, err := NewSearch(x, Options{Embedder: newEmbedder()})
	require.ErrorContains(t, err, "together")
	for _, w := range []float64{-1, float64(nan)} {
		_, err = NewSearch(x, Options{Weight: opt.Of(w)})
		require.ErrorContains(t, err, "weight")
	}
	path, e := vectorsFile(t), newEmbedder()
	bring(t, path, x, e)
	v, err := Open(path, e)
	require.NoError(t, err)
	for _, o := range []Options{{}, {Vectors: v, Embedder: e}, {Reranker: &longest{}}} {
		for _, k := range []int{0, -1} {
			_, err = newSearch(t, x, o).Search(t.Context(), "mill", k)
			require.ErrorIs(t, err, retriever.ErrOptions)
		}
	}
}
