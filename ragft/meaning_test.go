//go:build cgo

package ragft_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/ragft"
	"github.com/ragft/ragft/ragft/assistant"
	"github.com/ragft/ragft/ragft/model/local"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/retriever"
	"github.com/ragft/ragft/retriever/dense"
)

// vectorsOf is the number of vectors that a project has.
func vectorsOf(t *testing.T, p *ragft.Project) int {
	t.Helper()
	e, err := local.OpenEmbedder(t.Context(), p.Config().Search.Embed, local.EmbedOptions{})
	require.NoError(t, err)
	defer e.Close()
	v, err := dense.Open(p.Path("vectors"), e)
	require.NoError(t, err)
	return v.Len()
}

// noWordOfTheDocuments is a question that the search by words finds nothing for.
const noWordOfTheDocuments = "qqqq zzzz xxxx?"

func askIn(t *testing.T, c ragft.Config, question string) *assistant.Answer {
	t.Helper()
	p := open(t, c)
	a, err := p.Assistant(t.Context())
	require.NoError(t, err)
	answer, err := a.Ask(t.Context(), assistant.Query{Question: question})
	require.NoError(t, err)
	return answer
}

// A project with an embedding model embeds what is new, and finds passages that no word of the question is in.
func TestSearchByMeaning(t *testing.T) {
	c := tiny(t)
	plain := c
	c.Search.Embed = testmodel.NewBERT(t, testmodel.BERT{})
	p := open(t, c)
	requireState(t, p, ragft.StepIndex, ragft.StateMissing, "not done yet")
	r, err := p.Index(t.Context())
	require.NoError(t, err)
	require.Equal(t, []int{r.Passages, r.Passages}, []int{r.Vectors, r.Embedded})
	require.Equal(t, r.Passages, vectorsOf(t, p))
	again, err := p.Index(t.Context())
	require.NoError(t, err)
	require.True(t, again.UpToDate)
	requireState(t, p, ragft.StepIndex, ragft.StateCurrent, "")

	extra := filepath.Join(c.Documents, "zz-extra.txt")
	require.NoError(t, os.WriteFile(extra, []byte("A new ferry crosses the lake at noon."), 0o600))
	more, err := p.Index(t.Context())
	require.NoError(t, err)
	require.Equal(t, []int{r.Passages + 1, 1}, []int{more.Vectors, more.Embedded})

	require.Empty(t, askIn(t, plain, noWordOfTheDocuments).Hits)
	hits := askIn(t, c, noWordOfTheDocuments).Hits
	require.Len(t, hits, 2)
	require.Zero(t, hits[0].Score)

	reranked := c
	reranked.Search.Rerank = testmodel.NewBERT(t, testmodel.BERT{Pooling: 4})
	require.Len(t, askIn(t, reranked, noWordOfTheDocuments).Hits, 2)

	// What is forgotten has no vector any more, whether there is an embedding model or not.
	require.NoError(t, os.Remove(extra))
	other := open(t, plain)
	forgotten, err := other.Forget(t.Context(), "zz-extra.txt")
	require.NoError(t, err)
	require.Equal(t, 1, forgotten.Passages)
	require.Equal(t, r.Passages, vectorsOf(t, p))
}

// The weight of meaning is learnt from the questions, kept with the tuned search, and used unless another is set.
func TestLearntWeightOfMeaning(t *testing.T) {
	c := tiny(t)
	c.Search.Embed = testmodel.NewBERT(t, testmodel.BERT{})
	c.SearchTuning.Candidates, c.TestShare = 2, opt.Of(0.0)
	p := open(t, c)
	_, err := p.Index(t.Context())
	require.NoError(t, err)
	r, err := p.TuneSearch(t.Context())
	require.NoError(t, err)
	require.NotNil(t, r.Meaning)
	require.Positive(t, r.Meaning.HeldOut)
	require.Equal(t, 0.5, r.Meaning.Before)
	require.Equal(t, r.On || r.Meaning.On, r.File != "")
	again, err := p.TuneSearch(t.Context())
	require.NoError(t, err)
	require.True(t, again.UpToDate)
	require.Equal(t, r.Meaning, again.Meaning)

	require.NoError(t, retriever.WriteTuningFile(p.Path("retrieval.json"), retriever.Tuning{Meaning: opt.Of(0.0)}))
	require.Empty(t, askIn(t, c, noWordOfTheDocuments).Hits)
	c.Search.Weight = opt.Of(0.5)
	require.Len(t, askIn(t, c, noWordOfTheDocuments).Hits, 2)
	p = open2(t, p, c)
	r, err = p.TuneSearch(t.Context())
	require.NoError(t, err)
	require.Nil(t, r.Meaning, "it is set")
}

func TestSearchModelsThatCannotBeUsed(t *testing.T) {
	c := tiny(t)
	c.Search.Embed = shipped
	_, err := open(t, c).Index(t.Context())
	require.ErrorContains(t, err, "search.embed")
	require.ErrorContains(t, err, "pooled")

	c.Search.Embed = ""
	p := open(t, c)
	_, err = p.Index(t.Context())
	require.NoError(t, err)
	c.Search.Rerank = shipped
	_, err = open(t, c).Assistant(t.Context())
	require.ErrorContains(t, err, "search.rerank")
}
