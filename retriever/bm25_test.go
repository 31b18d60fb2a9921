package retriever

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft/opt"
)

// A reference is BM25 written down from the formula, over all chunks, with
// words divided at blanks. It shares no code with the package.
type reference struct {
	k1, b float64
	docs  map[string][]string // words by ID
}

// scores gives the score of every chunk that has a word of the query.
func (r *reference) scores(query string) map[string]float64 {
	n, total := float64(len(r.docs)), 0.0
	for _, words := range r.docs {
		total += float64(len(words))
	}
	scores := map[string]float64{}
	for _, w := range strings.Fields(query) {
		tf := map[string]float64{}
		for id, words := range r.docs {
			for _, x := range words {
				if x == w {
					tf[id]++
				}
			}
		}
		df := float64(len(tf))
		for id, f := range tf {
			norm := 1 - r.b + r.b*float64(len(r.docs[id]))/(total/n)
			scores[id] += math.Log(1+(n-df+0.5)/(df+0.5)) * f * (r.k1 + 1) / (f + r.k1*norm)
		}
	}
	return scores
}

// requireBest checks which chunks a search found: no copies, and all that are better than the last, or all if they are fewer
// than k, but for those whose text a better one has.
func requireBest(t *testing.T, hits []Hit, scores map[string]float64, k int, text func(id string) string, what ...any) {
	t.Helper()
	least := 0.0
	if len(hits) == k {
		least = hits[k-1].Score
	}
	require.LessOrEqual(t, len(hits), k, what...)
	kept := map[string]string{}
	for i, h := range hits {
		own := " " + text(h.ID) + " "
		for _, better := range hits[:i] {
			require.NotContains(t, kept[better.ID], own, what...)
		}
		kept[h.ID] = own
	}
	for id, score := range scores {
		if _, ok := kept[id]; ok || score <= least+1e-9 {
			continue
		}
		own := " " + text(id) + " "
		require.True(t, slices.ContainsFunc(hits, func(h Hit) bool { return h.Score >= score-1e-9 && strings.Contains(kept[h.ID], own) }),
			"%s is missing: %v", id, what)
	}
}

// check compares the best k of an index to the reference: how many, scores at
// each rank, and that each chunk has the score that it should. Chunks of one
// score may be told apart by rounding only, so the order is checked by ranks'
// scores; equal scores must come in the order of their IDs.
func (r *reference) check(t *testing.T, x *Index, query string, k int) {
	t.Helper()
	scores := r.scores(query)
	hits, err := x.Search(context.Background(), query, k)
	require.NoError(t, err)
	requireBest(t, hits, scores, k, func(id string) string { return strings.Join(r.docs[id], " ") }, query)
	seen := map[string]bool{}
	for i, h := range hits {
		require.InDelta(t, scores[h.ID], h.Score, 1e-9, "query %q, chunk %s", query, h.ID)
		require.False(t, seen[h.ID], "query %q: %s twice", query, h.ID)
		seen[h.ID] = true
		if i > 0 {
			require.LessOrEqual(t, h.Score, hits[i-1].Score)
		}
		if i > 0 && hits[i-1].Score == h.Score {
			require.Less(t, hits[i-1].ID, h.ID)
		}
	}
}

// vocabulary gives words whose frequencies differ as in real text.
func randomWord(rng *rand.Rand) string {
	return "w" + fmt.Sprint(int(math.Exp(rng.Float64()*5))) // w1 .. w148, w1 the most frequent
}

func randomText(rng *rand.Rand, n int) string {
	words := make([]string, n)
	for i := range words {
		words[i] = randomWord(rng)
	}
	return strings.Join(words, " ")
}

// randomChunks makes n chunks of 1 to 60 words, every ninth a repetition of
// the one before it, so that there are equal scores.
func randomChunks(rng *rand.Rand, from, n int) []Chunk {
	chunks := make([]Chunk, n)
	for i := range chunks {
		text := randomText(rng, 1+rng.IntN(60))
		if i%9 == 8 {
			text = chunks[i-1].Text
		}
		chunks[i] = Chunk{ID: fmt.Sprintf("c%05d", from+i), Source: fmt.Sprintf("s%d.txt", (from+i)%7), Text: text, End: len(text)}
	}
	return chunks
}

func TestBM25Reference(t *testing.T) {
	for _, place := range []string{"memory", "disk"} {
		for _, o := range []struct {
			k1, b         opt.Value[float64]
			wantK1, wantB float64
		}{
			{wantK1: 0.9, wantB: 0.4}, {opt.Of(1.2), opt.Of(0.75), 1.2, 0.75}, {opt.Of(2.0), opt.Of(1.0), 2, 1},
			{opt.Of(0.0), opt.Of(0.0), 0, 0},
		} {
			t.Run(fmt.Sprintf("%s/k1=%v,b=%v", place, o.wantK1, o.wantB), func(t *testing.T) {
				x := newTestIndex(t, place, IndexOptions{K1: o.k1, B: o.b, Analyzer: Standard})
				ref := &reference{k1: o.wantK1, b: o.wantB, docs: map[string][]string{}}
				exerciseBM25(t, x, ref, place == "disk")
			})
		}
	}
}

// exerciseBM25 adds, replaces and deletes in many batches, and compares to the
// reference after each step.
func exerciseBM25(t *testing.T, x *Index, ref *reference, reopen bool) {
	ctx := context.Background()
	rng := rand.New(rand.NewPCG(1, 2))
	compare := func() {
		t.Helper()
		require.Equal(t, len(ref.docs), x.Len())
		for range 12 {
			ref.check(t, x, randomText(rng, 1+rng.IntN(8)), 1+rng.IntN(20))
		}
		ref.check(t, x, "w1 w1 w2 absent", 7)
		ref.check(t, x, "w1", 1000)
	}
	add := func(chunks []Chunk) {
		t.Helper()
		require.NoError(t, x.Add(ctx, chunks))
		for _, c := range chunks {
			ref.docs[c.ID] = strings.Fields(c.Text)
		}
	}
	for i := range 5 {
		add(randomChunks(rng, 100*i, 60+10*i))
	}
	st, err := x.Stats()
	require.NoError(t, err)
	if !reopen {
		require.GreaterOrEqual(t, st.Segments, 5, "the test is about several segments")
	}
	compare()

	replaced := randomChunks(rng, 30, 200) // replaces some, adds others
	replaced = append(replaced, randomChunks(rng, 30, 3)...)
	add(replaced)
	compare()

	n, err := x.DeleteSource(ctx, "s3.txt")
	require.NoError(t, err)
	require.Positive(t, n)
	for id := range ref.docs {
		var number int
		_, err := fmt.Sscanf(id, "c%d", &number)
		require.NoError(t, err)
		if number%7 == 3 {
			delete(ref.docs, id)
			n--
		}
	}
	require.Zero(t, n)
	compare()

	if !reopen {
		return
	}
	query := "w1 w5 w20 w80"
	before, err := x.Search(ctx, query, 50)
	require.NoError(t, err)
	require.NoError(t, x.Close())
	again, err := Open(x.Path())
	require.NoError(t, err)
	defer again.Close()
	require.Equal(t, x.Options(), again.Options())
	after, err := again.Search(ctx, query, 50)
	require.NoError(t, err)
	require.Equal(t, before, after, "scores to the last bit")
	x = again
	compare()
	add(randomChunks(rng, 5000, 40))
	compare()
}

func newTestIndex(t testing.TB, place string, opts IndexOptions) *Index {
	t.Helper()
	create := func() (*Index, error) { return NewMemory(opts) }
	if place == "disk" {
		create = func() (*Index, error) { return Create(t.TempDir()+"/index", opts) }
	}
	x, err := create()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, x.Close()) })
	return x
}

// Two indexes with different k1 and b must not feel each other.
func TestBM25OptionsAreNotShared(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	chunks := randomChunks(rng, 0, 50)
	a := newTestIndex(t, "memory", IndexOptions{Analyzer: Standard})
	b := newTestIndex(t, "memory", IndexOptions{Analyzer: Standard, K1: opt.Of(2.0), B: opt.Of(0.9)})
	docs := map[string][]string{}
	for _, c := range chunks {
		docs[c.ID] = strings.Fields(c.Text)
	}
	require.NoError(t, a.Add(context.Background(), chunks))
	require.NoError(t, b.Add(context.Background(), chunks))
	for range 3 {
		(&reference{k1: 0.9, b: 0.4, docs: docs}).check(t, a, "w2 w3 w50", 10)
		(&reference{k1: 2, b: 0.9, docs: docs}).check(t, b, "w2 w3 w50", 10)
	}
}

// Every length that a chunk can have must come back from what Bleve keeps.
func TestLengthFromNorm(t *testing.T) {
	for n := 1; n <= MaxChunkBytes; n++ {
		norm := float64(float32(1 / math.Sqrt(float64(n))))
		if got := lengthFromNorm(norm); got != float64(n) {
			t.Fatalf("length %d comes back as %v", n, got)
		}
	}
}

// A long chunk's exact length must reach the score through Bleve.
func TestLongChunk(t *testing.T) {
	x := newTestIndex(t, "disk", IndexOptions{Analyzer: Standard})
	long := strings.Repeat("a b ", 250_001) + "needle"
	chunks := []Chunk{{ID: "long", Text: long, End: len(long)}, {ID: "short", Text: "needle in hay", End: 13}}
	require.NoError(t, x.Add(context.Background(), chunks))
	ref := &reference{k1: 0.9, b: 0.4, docs: map[string][]string{}}
	for _, c := range chunks {
		ref.docs[c.ID] = strings.Fields(c.Text)
	}
	ref.check(t, x, "needle", 2)
	st, err := x.Stats()
	require.NoError(t, err)
	require.EqualValues(t, 500_003+3, st.Tokens)
}

// Titles are part of a chunk's terms, unless they are left out.
func TestBM25Titles(t *testing.T) {
	c := Chunk{ID: "1", Title: "alpha beta", Text: "beta gamma", End: 10}
	d := Chunk{ID: "2", Text: "delta gamma gamma", End: 17}
	with := newTestIndex(t, "memory", IndexOptions{Analyzer: Standard})
	require.NoError(t, with.Add(context.Background(), []Chunk{c, d}))
	ref := &reference{k1: 0.9, b: 0.4, docs: map[string][]string{
		"1": {"alpha", "beta", "beta", "gamma"}, "2": {"delta", "gamma", "gamma"}}}
	ref.check(t, with, "alpha beta gamma", 5)
	hits, err := with.Search(context.Background(), "alpha", 5)
	require.NoError(t, err)
	require.Empty(t, hits[0].Highlights, "only the title matched")

	without := newTestIndex(t, "memory", IndexOptions{Analyzer: Standard, IgnoreTitles: true})
	require.NoError(t, without.Add(context.Background(), []Chunk{c, d}))
	ref.docs["1"] = []string{"beta", "gamma"}
	ref.check(t, without, "alpha beta gamma", 5)
}

func TestTopKOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		n, k := 1+rng.IntN(30), 1+rng.IntN(12)
		best := topK{k: k, id: func(doc uint64) (string, error) { return fmt.Sprintf("%03d", 500-doc), nil }}
		type pair struct {
			score float64
			doc   uint64
		}
		var all []pair
		for doc := range n {
			p := pair{float64(rng.IntN(4)), uint64(doc)}
			all = append(all, p)
			require.NoError(t, best.offer(p.doc, p.score))
		}
		sort.Slice(all, func(i, j int) bool {
			if all[i].score != all[j].score {
				return all[i].score > all[j].score
			}
			return all[i].doc > all[j].doc
		})
		got, err := best.sorted()
		require.NoError(t, err)
		require.Len(t, got, min(n, k))
		for i := range got {
			require.Equal(t, all[i].doc, got[i].doc)
		}
	}
}
