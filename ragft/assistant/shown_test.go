package assistant

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/retriever"
)

// bridges is an index of documents of several passages.
func bridges(t *testing.T) (*retriever.Index, map[string]string) {
	t.Helper()
	x, err := retriever.NewMemory(retriever.IndexOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, x.Close()) })
	texts := map[string]string{
		"finger.md": "Finger Bridge is a narrow bridge near Dunmarrow. Otto Brask was its engineer.\n\nIt was built in 1861 for the copper " +
			"miners.\n\nIt is made of iron and is 38 metres long.",
		"candle.md": "Candle Bridge crosses the Sallow. Linus Cray designed it.\n\nIt was built until 1733, with five arches.",
		"mill.md":   "The mill was built in 1856 by Vida Crome.\n\nIt makes paper out of old rags, and storks nest on it.",
	}
	for source, text := range texts {
		chunks, err := retriever.Split(retriever.Document{Source: source, Title: strings.TrimSuffix(source, ".md"), Text: text},
			retriever.SplitOptions{Size: 14})
		require.NoError(t, err)
		require.Greater(t, len(chunks), 1, source)
		require.NoError(t, x.Add(t.Context(), chunks))
	}
	return x, texts
}

func TestNeighboursAreShownAsOne(t *testing.T) {
	x, texts := bridges(t)
	m := &fake.Model{Reply: func(model.Request, int) model.Sample { return fake.Says("It was built in 1861 for the copper miners.") }}
	got, err := New(m, x, Options{}).Answer(t.Context(), "When was Finger Bridge built for the miners?")
	require.NoError(t, err)
	require.Equal(t, "finger.md", got.Hits[0].Source)
	require.Equal(t, texts["finger.md"], got.Hits[0].Text)
	require.NotEmpty(t, got.Citations)
	c := got.Citations[0]
	require.Equal(t, "It was built in 1861 for the copper miners.", c.Quote)
	require.Equal(t, c.Quote, texts["finger.md"][c.Start:c.End], "where it stands in the document")
	require.Contains(t, m.Requests[0].Messages[len(m.Requests[0].Messages)-1].Content, texts["finger.md"])

	got, err = New(m, x, Options{Apart: true}).Answer(t.Context(), "When was Finger Bridge built for the miners?")
	require.NoError(t, err)
	for _, h := range got.Hits {
		require.NotEqual(t, texts["finger.md"], h.Text)
	}
}

// Whoever looks up the chunk of a citation finds the quote in it, also where neighbouring passages are shown as one.
func TestCitationsNameTheChunkWithTheQuote(t *testing.T) {
	x, texts := bridges(t)
	said := ""
	m := &fake.Model{Reply: func(model.Request, int) model.Sample { return fake.Says(said) }}
	ask := func(t *testing.T) answer.Citation {
		got, err := New(m, x, Options{}).Answer(t.Context(), "When was Finger Bridge built for the miners?")
		require.NoError(t, err)
		require.Equal(t, texts["finger.md"], got.Hits[0].Text, "all of it is shown as one")
		require.Len(t, got.Citations, 1, said)
		require.Equal(t, said, got.Citations[0].Quote)
		return got.Citations[0]
	}
	for _, said = range []string{
		"Finger Bridge is a narrow bridge near Dunmarrow.", "Otto Brask was its engineer.", "It is made of iron and is 38 metres long.",
	} {
		c := ask(t)
		indexed, err := x.Chunk(t.Context(), c.Chunk.ID)
		require.NoError(t, err)
		require.Equal(t, indexed, c.Chunk)
		require.Contains(t, indexed.Text, said)
		require.Equal(t, said, indexed.Text[c.Start-indexed.Start:c.End-indexed.Start])
	}
	said = "It was built in 1861 for the copper miners." // of two chunks
	c := ask(t)
	require.Equal(t, said, c.Chunk.Text[c.Start-c.Chunk.Start:c.End-c.Chunk.Start], "the passage that was shown")
}

func TestNothingIrrelevantIsShown(t *testing.T) {
	x, _ := bridges(t)
	m := &fake.Model{Reply: func(model.Request, int) model.Sample { return fake.Says("Yes.") }}
	question := "For a talk on local history I need to know, please, in which year people could first walk over Finger Bridge."
	got, err := New(m, x, Options{}).Answer(t.Context(), question)
	require.NoError(t, err)
	require.NotEmpty(t, got.Hits, "much beside the point")
	question = strings.Repeat("Quantum chromodynamics lattice simulations converge asymptotically under spontaneous symmetry violation. ", 4) +
		"Built?"
	got, err = New(m, x, Options{}).Answer(t.Context(), question)
	require.NoError(t, err)
	require.Equal(t, ReasonNoPassages, got.Reason)
	require.True(t, got.Abstained)
	got, err = New(m, x, Options{MinShare: opt.Of(0.0)}).Answer(t.Context(), question)
	require.NoError(t, err)
	require.NotEmpty(t, got.Hits)
	_, err = New(m, x, Options{MinShare: opt.Of(-1.0)}).Answer(t.Context(), question)
	require.ErrorContains(t, err, "MinShare")
}

func TestFollowUpsFindTheirPassage(t *testing.T) {
	x, _ := bridges(t)
	m := &fake.Model{Reply: func(model.Request, int) model.Sample { return fake.Says("1861") }}
	q := Query{Question: "And when was it built?", History: []model.Message{
		{Role: model.RoleUser, Content: "Who was the engineer of Finger Bridge?"}, {Role: model.RoleAssistant, Content: "Otto Brask."},
	}}
	got, err := New(m, x, Options{Passages: 2, Apart: true}).Ask(t.Context(), q)
	require.NoError(t, err)
	var shown strings.Builder
	for _, h := range got.Hits {
		require.Equal(t, "finger.md", h.Source)
		shown.WriteString(h.Text)
	}
	require.Contains(t, shown.String(), "built in 1861")
	last := m.Requests[0].Messages[len(m.Requests[0].Messages)-1].Content
	require.Contains(t, last, "And when was it built?", "the model is asked what the user asked")
	require.NotContains(t, last, "engineer of Finger Bridge?")

	got, err = New(m, x, Options{Passages: 1, LastTurn: true}).Ask(t.Context(), q)
	require.NoError(t, err)
	require.NotEqual(t, "finger.md", got.Hits[0].Source, "the last turn alone says nothing of it")
}
