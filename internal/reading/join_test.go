package reading

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/retriever"
)

// chunks divides a document and returns its passages as hits, by their number.
func chunks(t *testing.T, doc retriever.Document, words int) []retriever.Hit {
	t.Helper()
	list, err := retriever.Split(doc, retriever.SplitOptions{Size: words})
	require.NoError(t, err)
	hits := make([]retriever.Hit, len(list))
	for i, c := range list {
		hits[i] = retriever.Hit{Chunk: c, Score: 1}
	}
	return hits
}

func of(hits []retriever.Hit) (list []retriever.Chunk) {
	for _, h := range hits {
		list = append(list, h.Chunk)
	}
	return list
}

func texts(hits []retriever.Hit) (list []string) {
	for _, h := range hits {
		list = append(list, h.Text)
	}
	return list
}

func sentences(from, to int) string {
	var b strings.Builder
	for i := from; i <= to; i++ {
		b.WriteString("Sentence ")
		b.WriteString(strings.Repeat("x", i))
		b.WriteString(" ends. ")
	}
	return strings.TrimSpace(b.String())
}

func TestNeighboursAreJoined(t *testing.T) {
	text := sentences(1, 30)
	doc := retriever.Document{Source: "long.txt", Title: "Long", Text: text}
	long := chunks(t, doc, 8)
	require.Greater(t, len(long), 10)
	other := retriever.Hit{Chunk: retriever.Chunk{ID: "o", Source: "other.txt", Text: "other"}, Score: 3}
	long[4].Score, long[4].Highlights = 5, []retriever.Span{{Start: 0, End: 8}}
	hits := []retriever.Hit{long[4], other, long[3], long[8], long[5]}
	known := map[string][]retriever.Chunk{"long.txt": of(long)}
	got := Join(hits, known)
	require.Len(t, got, 3)
	require.Equal(t, text[long[3].Start:long[5].End], got[0].Text, "in the order of the document, at the rank of the best")
	require.Equal(t, long[3].Start, got[0].Start)
	require.Equal(t, long[5].End, got[0].End)
	require.Equal(t, 5.0, got[0].Score)
	require.Equal(t, long[4].ID, got[0].ID)
	require.Equal(t, "Sentence", got[0].Text[got[0].Highlights[0].Start:got[0].Highlights[0].End])
	require.Equal(t, long[4].Start-long[3].Start, got[0].Highlights[0].Start)
	require.Equal(t, []string{"other", long[8].Text}, texts(got[1:]))
	require.Equal(t, got, Join(hits, map[string][]retriever.Chunk{"long.txt": nil}), "of a document with too many passages, by their offsets")
	require.Equal(t, []string{long[4].Text, "other", long[3].Text, long[8].Text, long[5].Text}, texts(Join(hits, nil)), "of one not known")
	require.Len(t, hits, 5)
	require.Equal(t, long[4].Text, hits[0].Text, "the hits are not changed")
}

func TestPlacesStayApart(t *testing.T) {
	text, fifth := sentences(1, 12), sentences(5, 5)
	doc := retriever.Document{Source: "a.pdf", Text: text, Sections: []retriever.Section{
		{Start: 0, Place: "p. 1"}, {Start: strings.Index(text, fifth), Place: "p. 2"},
	}}
	all := chunks(t, doc, 8)
	got := Join(all, map[string][]retriever.Chunk{"a.pdf": of(all)})
	require.Len(t, got, 2)
	for _, h := range got {
		require.Equal(t, text[h.Start:h.End], h.Text)
	}
	require.Equal(t, "p. 1", got[0].Place)
	require.Equal(t, "p. 2", got[1].Place)
	require.True(t, strings.HasPrefix(got[1].Text, fifth))
}

func TestOverlapIsShownOnce(t *testing.T) {
	text := sentences(1, 12)
	list, err := retriever.Split(retriever.Document{Source: "a", Text: text}, retriever.SplitOptions{Size: 12, Overlap: 4})
	require.NoError(t, err)
	var hits []retriever.Hit
	for _, c := range list {
		hits = append(hits, retriever.Hit{Chunk: c})
	}
	require.Less(t, hits[1].Start, hits[0].End)
	got := Join(hits, map[string][]retriever.Chunk{"a": nil})
	require.Len(t, got, 1)
	require.Equal(t, text, got[0].Text)
}

// TestDocumentsAreWhole shows all of a document of which most is shown anyway, and not of a long one.
func TestDocumentsAreWhole(t *testing.T) {
	text := sentences(1, 12)
	all := chunks(t, retriever.Document{Source: "a", Text: text}, 8)
	known := map[string][]retriever.Chunk{"a": of(all)}
	hits := []retriever.Hit{all[len(all)-1], all[0], all[2], all[3]}
	got := Join(hits, known)
	require.Equal(t, []string{text}, texts(got))
	require.Len(t, Join(hits[:1], known), 1)
	require.Equal(t, hits[0].Text, Join(hits[:1], known)[0].Text, "one hit does not make a document whole")
	long := chunks(t, retriever.Document{Source: "a", Text: sentences(1, 40)}, 8)
	got = Join([]retriever.Hit{long[0], long[5]}, map[string][]retriever.Chunk{"a": of(long)})
	require.Equal(t, []string{long[0].Text, long[5].Text}, texts(got))
}

func TestRelevant(t *testing.T) {
	hits := []retriever.Hit{{Share: 0.5}, {Share: 0.1}, {}, {Share: 0.3}}
	require.Equal(t, []retriever.Hit{{Share: 0.5}, {}, {Share: 0.3}}, Relevant(hits, 0.2), "an unknown share is not small")
	require.Len(t, Relevant(hits, 0), 4)
	require.Empty(t, Relevant([]retriever.Hit{{Share: 0.1}}, 0.2))
}

// TestAround asks a real index for the passages of documents.
func TestAround(t *testing.T) {
	x, err := retriever.NewMemory(retriever.IndexOptions{})
	require.NoError(t, err)
	defer x.Close()
	list := chunks(t, retriever.Document{Source: "a.txt", Text: sentences(1, 12)}, 8)
	long := chunks(t, retriever.Document{Source: "long.txt", Text: sentences(1, 200)}, 8)
	require.NoError(t, x.Add(t.Context(), append(of(list), of(long)...)))
	got, err := Around(t.Context(), x, []retriever.Hit{list[0], list[3], long[0], long[1]})
	require.NoError(t, err)
	require.Equal(t, of(list), got["a.txt"], "in order")
	require.Contains(t, got, "long.txt")
	require.Empty(t, got["long.txt"], "a long document is not read")
	got, err = Around(t.Context(), x, []retriever.Hit{list[0], long[1]})
	require.NoError(t, err)
	require.Empty(t, got)
	got, err = Around(t.Context(), searchOnly{x}, []retriever.Hit{list[0], list[1]})
	require.NoError(t, err)
	require.Empty(t, got, "a search that does not know documents")
}

type searchOnly struct{ x *retriever.Index }

func (s searchOnly) Search(ctx context.Context, query string, k int) ([]retriever.Hit, error) {
	return s.x.Search(ctx, query, k)
}
