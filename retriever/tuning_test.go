package retriever

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft/opt"
)

// titledChunks are random chunks whose titles share words with the texts.
func titledChunks(rng *rand.Rand, n int) []Chunk {
	chunks := randomChunks(rng, 0, n)
	for i := range chunks {
		if i%3 > 0 {
			chunks[i].Title = randomText(rng, i%3)
		}
	}
	return chunks
}

func titledIndex(t *testing.T, place string, n int) (*Index, []Chunk) {
	t.Helper()
	x := newTestIndex(t, place, IndexOptions{Analyzer: Standard})
	chunks := titledChunks(rand.New(rand.NewPCG(7, 8)), n)
	require.NoError(t, x.Add(context.Background(), chunks))
	return x, chunks
}

// Without a tuning, the tuned search and the explained scores are those of
// Search to the last bit.
func TestUntunedIsSearch(t *testing.T) {
	ctx := context.Background()
	x, _ := titledIndex(t, "disk", 250)
	digest, err := x.Digest(ctx)
	require.NoError(t, err)
	for _, tuning := range []Tuning{{}, {Index: digest},
		{K1: opt.Of(0.9), B: opt.Of(0.4), Title: opt.Of(1.0), Weights: map[string]float64{"term:none": 3, FeatureRare: 0}}} {
		tuned, err := x.Tuned(ctx, tuning)
		require.NoError(t, err)
		rng := rand.New(rand.NewPCG(9, 10))
		for range 20 {
			query, k := randomText(rng, 1+rng.IntN(8)), 1+rng.IntN(30)
			want, err := x.Search(ctx, query, k)
			require.NoError(t, err)
			got, err := tuned.Search(ctx, query, k)
			require.NoError(t, err)
			require.Equal(t, want, got)
			e, err := x.Explain(ctx, query, k)
			require.NoError(t, err)
			scores, _, err := e.Scores(tuning)
			require.NoError(t, err)
			require.Len(t, e.Hits, len(want))
			for i := range want {
				require.Equal(t, want[i], e.Hits[i].Hit)
				require.Equal(t, want[i].Score, scores[i], "to the last bit")
			}
		}
	}
}

// A tuned search ranks all chunks as the formula with the tuning's parameters
// does, written down here anew.
func TestTunedReference(t *testing.T) {
	ctx := context.Background()
	x, chunks := titledIndex(t, "memory", 90) // all are candidates for the titles
	for _, tuning := range []Tuning{
		{K1: opt.Of(1.7), B: opt.Of(0.8), Weights: map[string]float64{"term:w1": -2, "term:w3": 1, FeatureFirst: 0.5}},
		{Title: opt.Of(3.0)}, {Title: opt.Of(0.0)}, {K1: opt.Of(0.0), B: opt.Of(0.0), Title: opt.Of(0.5)},
		{K1: opt.Of(0.5), Title: opt.Of(2.0), Weights: map[string]float64{FeatureCommon: -0.7, FeatureLast: 1, FeatureNumber: 0.3}},
	} {
		tuned, err := x.Tuned(ctx, tuning)
		require.NoError(t, err)
		rng := rand.New(rand.NewPCG(11, 12))
		for range 12 {
			query := randomText(rng, 1+rng.IntN(6))
			want := tunedScores(chunks, query, tuning)
			hits, err := tuned.Search(ctx, query, len(chunks))
			require.NoError(t, err)
			requireBest(t, hits, want, len(chunks), func(id string) string {
				i := slices.IndexFunc(chunks, func(c Chunk) bool { return c.ID == id })
				return strings.Join(strings.Fields(chunks[i].Text), " ")
			}, tuning, query)
			for i, h := range hits {
				require.InDelta(t, want[h.ID], h.Score, 1e-9, "%+v %q %s", tuning, query, h.ID)
				if i > 0 {
					require.LessOrEqual(t, cmp.Or(cmp.Compare(h.Score, hits[i-1].Score), cmp.Compare(hits[i-1].ID, h.ID)), 0)
				}
			}
			few, err := tuned.Search(ctx, query, 3)
			require.NoError(t, err)
			require.Equal(t, hits[:min(3, len(hits))], few)
		}
	}
}

// tunedScores is the formula with a tuning, over all chunks. Every word of a
// query is "w" and a number, so that all have the feature of numbers.
func tunedScores(chunks []Chunk, query string, tuning Tuning) map[string]float64 {
	k1, b, title := tuning.K1.Or(0.9), tuning.B.Or(0.4), tuning.Title.Or(1)
	total, n := 0.0, float64(len(chunks))
	for _, c := range chunks {
		total += float64(len(strings.Fields(c.Title + " " + c.Text)))
	}
	words := strings.Fields(query)
	scores := map[string]float64{}
	for _, w := range words {
		df := 0.0
		for _, c := range chunks {
			if slices.Contains(strings.Fields(c.Title+" "+c.Text), w) {
				df++
			}
		}
		first := slices.Index(words, w)
		log := tuning.Weights["term:"+w] + tuning.Weights[FeatureNumber]
		if first == 0 {
			log += tuning.Weights[FeatureFirst]
		}
		if first == len(words)-1 {
			log += tuning.Weights[FeatureLast]
		}
		switch {
		case df >= n/10:
			log += tuning.Weights[FeatureCommon]
		case df >= n/100:
			log += tuning.Weights[FeatureFrequent]
		}
		for _, c := range chunks {
			tf := 0.0
			for _, x := range strings.Fields(c.Text) {
				if x == w {
					tf++
				}
			}
			for _, x := range strings.Fields(c.Title) {
				if x == w {
					tf += title
				}
			}
			if tf == 0 {
				continue
			}
			length := float64(len(strings.Fields(c.Title+" "+c.Text))) / (total / n)
			scores[c.ID] += math.Exp(log) * math.Log(1+(n-df+0.5)/(df+0.5)) * tf * (k1 + 1) / (tf + k1*(1-b+b*length))
		}
	}
	return scores
}

// The slopes are those of central differences.
func TestSlopes(t *testing.T) {
	ctx := context.Background()
	x, _ := titledIndex(t, "memory", 90)
	e, err := x.Explain(ctx, "w1 w7 w20 w3 w7", 40)
	require.NoError(t, err)
	require.NotEmpty(t, e.Hits)
	scores := func(tuning Tuning) []float64 {
		s, _, err := e.Scores(tuning)
		require.NoError(t, err)
		return s
	}
	const h = 1e-5
	for _, at := range []Tuning{{K1: opt.Of(0.9), B: opt.Of(0.4), Title: opt.Of(1.0)},
		{K1: opt.Of(2.0), B: opt.Of(0.9), Title: opt.Of(3.0), Weights: map[string]float64{"term:w7": 0.4, FeatureFirst: -1}}} {
		_, slopes, err := e.Scores(at)
		require.NoError(t, err)
		compare := func(what string, change func(*Tuning, float64), slope func(Slope) float64) {
			up, down := at, at
			change(&up, h)
			change(&down, -h)
			a, b := scores(up), scores(down)
			for i := range slopes {
				require.InDelta(t, (a[i]-b[i])/(2*h), slope(slopes[i]), 1e-6, "%s, hit %d", what, i)
			}
		}
		compare("k1", func(v *Tuning, d float64) { v.K1 = opt.Of(v.K1.Or(0) + d) }, func(s Slope) float64 { return s.K1 })
		compare("b", func(v *Tuning, d float64) { v.B = opt.Of(v.B.Or(0) + d) }, func(s Slope) float64 { return s.B })
		compare("title", func(v *Tuning, d float64) { v.Title = opt.Of(v.Title.Or(0) + d) }, func(s Slope) float64 { return s.Title })
		for k, term := range e.Terms {
			name := FeatureTerm + term.Term
			compare(name, func(v *Tuning, d float64) {
				w := map[string]float64{name: at.Weights[name] + d}
				for f, value := range at.Weights {
					if f != name {
						w[f] = value
					}
				}
				v.Weights = w
			}, func(s Slope) float64 { return s.Terms[k] })
		}
	}
}

func TestTermFeatures(t *testing.T) {
	x := newTestIndex(t, "memory", IndexOptions{})
	require.NoError(t, x.Add(context.Background(), []Chunk{{ID: "1", Text: "Normandy is in France", End: 21}}))
	e, err := x.Explain(context.Background(), `In what "country" is Normandy, since 911?`, 1)
	require.NoError(t, err)
	got := map[string][]string{}
	for _, term := range e.Terms {
		got[term.Term] = term.Features
	}
	require.Equal(t, map[string][]string{
		"countri":  {"term:countri", FeatureFirst, FeatureRare},
		"normandi": {"term:normandi", FeatureCapital, FeatureCommon},
		"sinc":     {"term:sinc", FeatureRare},
		"911":      {"term:911", FeatureNumber, FeatureLast, FeatureRare},
	}, got, `a quotation mark stands between "what" and "country"`)
	e, err = x.Explain(context.Background(), "What country is Normandy in?", 1)
	require.NoError(t, err)
	require.Contains(t, e.Terms[0].Features, FeatureAsked)
}

// A tuning knows the index that it was made for.
func TestTuningOfAnotherIndex(t *testing.T) {
	ctx := context.Background()
	x, chunks := titledIndex(t, "disk", 40)
	digest, err := x.Digest(ctx)
	require.NoError(t, err)

	again := newTestIndex(t, "memory", IndexOptions{Analyzer: Standard})
	for _, c := range slices.Backward(chunks) {
		require.NoError(t, again.Add(ctx, []Chunk{c}))
	}
	same, err := again.Digest(ctx)
	require.NoError(t, err)
	require.Equal(t, digest, same, "the order of adding does not matter")

	other := newTestIndex(t, "memory", IndexOptions{Analyzer: Standard, K1: opt.Of(1.5)})
	require.NoError(t, other.Add(ctx, chunks))
	_, err = other.Tuned(ctx, Tuning{Index: digest})
	require.ErrorIs(t, err, ErrChanged, "other options")

	tuned, err := x.Tuned(ctx, Tuning{Index: digest, Title: opt.Of(2.0)})
	require.NoError(t, err)
	_, err = tuned.Search(ctx, "w1", 5)
	require.NoError(t, err)
	c := chunks[4]
	c.Text += " more"
	require.NoError(t, x.Add(ctx, []Chunk{c}))
	_, err = tuned.Search(ctx, "w1", 5)
	require.ErrorIs(t, err, ErrChanged)
	_, err = x.Tuned(ctx, Tuning{Index: digest})
	require.ErrorIs(t, err, ErrChanged)
	_, err = x.Tuned(ctx, Tuning{Title: opt.Of(2.0)})
	require.NoError(t, err, "a tuning for any index")
}

// What is searched is another with a tuning, unless that changes nothing.
func TestTunedDigest(t *testing.T) {
	ctx := context.Background()
	x, chunks := titledIndex(t, "memory", 10)
	plain, err := x.Digest(ctx)
	require.NoError(t, err)
	digest := func(tuning Tuning) string {
		t.Helper()
		tuned, err := x.Tuned(ctx, tuning)
		require.NoError(t, err)
		d, err := tuned.Digest(ctx)
		require.NoError(t, err)
		return d
	}
	for _, same := range []Tuning{{}, {Index: plain}, {K1: opt.Of(DefaultK1), B: opt.Of(DefaultB), Title: opt.Of(1.0)},
		{Weights: map[string]float64{"term:a": 0}}} {
		require.Equal(t, plain, digest(same), "%+v changes nothing", same)
	}
	seen := map[string]bool{plain: true}
	for _, other := range []Tuning{
		{K1: opt.Of(1.5)}, {K1: opt.Of(0.0)}, {B: opt.Of(0.9)}, {Title: opt.Of(2.0)}, {Weights: map[string]float64{"term:a": 0.5}},
		{Weights: map[string]float64{"term:b": 0.5}},
		{Weights: map[string]float64{"term:a": 0.5, "term:b": 0.5}},
	} {
		d := digest(other)
		require.False(t, seen[d], "%+v", other)
		require.Equal(t, d, digest(other), "the order of weights does not matter")
		seen[d] = true
	}
	before := digest(Tuning{Title: opt.Of(2.0)})
	chunks[4].Text += " more"
	require.NoError(t, x.Add(ctx, chunks[4:5]))
	require.NotEqual(t, before, digest(Tuning{Title: opt.Of(2.0)}))
}

// Searches with different tunings of one index do not feel each other.
func TestTunedConcurrently(t *testing.T) {
	ctx := context.Background()
	x, _ := titledIndex(t, "memory", 60)
	var group sync.WaitGroup
	errs := make([]error, 6)
	for i := range errs {
		tuned, err := x.Tuned(ctx, Tuning{K1: opt.Of(0.5 + float64(i)), Title: opt.Of(float64(1 + i%2))})
		require.NoError(t, err)
		want, err := tuned.Search(ctx, "w1 w4 w9", 10)
		require.NoError(t, err)
		group.Go(func() {
			for range 20 {
				got, err := tuned.Search(ctx, "w1 w4 w9", 10)
				if err == nil && fmt.Sprint(got) != fmt.Sprint(want) {
					err = fmt.Errorf("search %d gave something else", i)
				}
				if err != nil {
					errs[i] = err
					return
				}
			}
		})
	}
	group.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
}

// How an index ranks does not depend on its documents, and a tuning that changes nothing does not change it.
func TestRanking(t *testing.T) {
	rankings := map[string]bool{}
	for _, o := range []IndexOptions{{}, {K1: opt.Of(1.2)}, {B: opt.Of(0.0)}, {Analyzer: Standard}, {IgnoreTitles: true}} {
		x, err := NewMemory(o)
		require.NoError(t, err)
		defer x.Close()
		before := x.Ranking()
		require.NoError(t, x.Add(t.Context(), []Chunk{{ID: "a", Source: "a", Text: "A mill.", End: 7}}))
		require.Equal(t, before, x.Ranking())
		rankings[before] = true
		for _, same := range []Tuning{{}, {Weights: map[string]float64{"term:mill": 0}}, {Meaning: opt.Of(2.0)}} {
			tuned, err := x.Tuned(t.Context(), same)
			require.NoError(t, err)
			require.Equal(t, before, tuned.Ranking())
		}
		for _, weight := range []float64{1, 2} {
			tuned, err := x.Tuned(t.Context(), Tuning{Weights: map[string]float64{"term:mill": weight}})
			require.NoError(t, err)
			rankings[tuned.Ranking()] = true
		}
	}
	require.Len(t, rankings, 15)
	x, err := NewMemory(IndexOptions{})
	require.NoError(t, err)
	defer x.Close()
	tuned, err := x.Tuned(t.Context(), Tuning{K1: opt.Of(2.0), B: opt.Of(0.5), Title: opt.Of(3.0)})
	require.NoError(t, err)
	require.Equal(t, "english k1=2 b=0.5 title=3", tuned.Ranking())
}
