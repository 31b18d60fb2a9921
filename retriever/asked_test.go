package retriever

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Of two chunks with the same words, the one that has them in a sentence covers the query better.
func TestSentence(t *testing.T) {
	x, err := NewMemory(IndexOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { x.Close() })
	chunk := func(id, title, text string) Chunk {
		return Chunk{ID: id, Source: id, Title: title, Text: text, End: len(text)}
	}
	require.NoError(t, x.Add(t.Context(), []Chunk{
		chunk("together", "", "It rained. Mara Venn built the lighthouse in spring. The sea was calm."),
		chunk("apart", "", "Mara was a weaver. Old Venn slept. They built a hut. A lighthouse stood there."),
		chunk("titled", "Lighthouse", "It was built by Mara. Nobody knew Venn."),
		chunk("other", "", "Bread costs two coins."),
	}))
	search := func(query string) map[string]float64 {
		hits, err := x.Search(t.Context(), query, 4)
		require.NoError(t, err)
		of := map[string]float64{}
		for _, hit := range hits {
			of[hit.ID] = hit.Sentence
		}
		return of
	}
	of := search("Who built the lighthouse, Mara Venn?")
	require.InDelta(t, 1, of["together"], 1e-9, "one sentence has all four words")
	require.InDelta(t, 0.25, of["apart"], 0.01, "no sentence has more than one of four words, each in three of four chunks")
	require.InDelta(t, 0.75, of["titled"], 0.01, "built, Mara, and lighthouse in the title")
	require.NotContains(t, of, "other")

	of = search("Which dragon built the lighthouse?")
	idf := func(df float64) float64 { return idf(4, df) }
	require.InDelta(t, 2*idf(3)/(2*idf(3)+idf(0)), of["together"], 1e-9, "a word that no chunk has counts most")
}

// A word in several languages counts once.
func TestSentenceInTwoLanguages(t *testing.T) {
	q := newAsked([]queryTerm{{term: "mill", at: 0, idf: 2}, {term: "mille", at: 0, idf: 1}, {term: "owner", at: 5, idf: 3}})
	require.InDelta(t, 4, q.sum, 1e-9)
	require.InDelta(t, 0.25, q.share([]int{0, 0}), 1e-9)
	require.InDelta(t, 1, q.share([]int{0}, []int{5}), 1e-9)
	require.Equal(t, []int{5, 9}, sentenceEnds("A a. B b."))
	require.Equal(t, []int{0}, sentenceEnds(""))
}
