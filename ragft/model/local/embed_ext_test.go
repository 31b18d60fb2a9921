//go:build cgo

package local_test

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/ragft/model/local"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/retriever/dense"
)

var (
	_ dense.Embedder = (*local.Embedder)(nil)
	_ dense.Reranker = (*local.Reranker)(nil)
)

func openEmbedder(t *testing.T, b testmodel.BERT, o local.EmbedOptions) *local.Embedder {
	t.Helper()
	e, err := local.OpenEmbedder(t.Context(), testmodel.NewBERT(t, b), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	return e
}

func cosine(a, b []float32) (sum float64) {
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

func TestEmbedder(t *testing.T) {
	e := openEmbedder(t, testmodel.BERT{}, local.EmbedOptions{})
	var texts []string
	for i := range 70 { // more than one batch
		texts = append(texts, strings.Repeat("the mill ", 1+i%5)+strings.Repeat("x", i))
	}
	vectors, err := e.Passages(t.Context(), texts)
	require.NoError(t, err)
	require.Len(t, vectors, len(texts))
	for i, text := range texts {
		v, err := e.Query(t.Context(), text)
		require.NoError(t, err)
		require.Len(t, v, 64)
		require.InDelta(t, 1, cosine(v, v), 1e-4)
		require.InDelta(t, 1, cosine(v, vectors[i]), 2e-3, "text %d", i)
	}
	// Of a long text the beginning counts, and no text at all has a vector, too.
	long, err := e.Passages(t.Context(), []string{strings.Repeat("the mill ", 1000), strings.Repeat("the mill ", 2000), ""})
	require.NoError(t, err)
	require.InDelta(t, 1, cosine(long[0], long[1]), 1e-3)
	require.False(t, math.IsNaN(float64(long[2][0])))
}

// A file may name the token after a text as a separator alone, as some of the BERT kind do. It stays where a text is cut.
func TestEmbedderKeepsTheSeparator(t *testing.T) {
	path := testmodel.NewBERT(t, testmodel.BERT{})
	require.NoError(t, gguf.Rewrite(path, gguf.KV{Key: "tokenizer.ggml.eos_token_id", Value: uint32(math.MaxUint32)}))
	e, err := local.OpenEmbedder(t.Context(), path, local.EmbedOptions{PassagePrefix: opt.Of("")})
	require.NoError(t, err)
	defer e.Close()
	text := strings.Repeat("the mill ", 1000)
	got, err := e.Passages(t.Context(), []string{text})
	require.NoError(t, err)
	tokens, err := e.Tokens(text)
	require.NoError(t, err)
	begun, separator := tokens[:e.MaxText()-1:e.MaxText()-1], tokens[len(tokens)-1]
	want, err := e.EmbedTokens(t.Context(), [][]llama.Token{append(begun, separator)})
	require.NoError(t, err)
	require.Equal(t, want, got)
}

// What stands before questions and passages is the model's by its name, or what is set; another one is another embedder.
func TestEmbedderPrefixes(t *testing.T) {
	at := func(name string, o local.EmbedOptions) (e *local.Embedder, query, passage []float32) {
		e = openEmbedder(t, testmodel.BERT{Name: name}, o)
		query, err := e.Query(t.Context(), "the mill")
		require.NoError(t, err)
		list, err := e.Passages(t.Context(), []string{"the mill"})
		require.NoError(t, err)
		return e, query, list[0]
	}
	plain, query, passage := at("All MiniLM L6 v2", local.EmbedOptions{})
	require.InDelta(t, 1, cosine(query, passage), 1e-3)
	of := func(text string) []float32 {
		v, err := plain.Query(t.Context(), text)
		require.NoError(t, err)
		return v
	}
	for name, want := range map[string][2]string{
		"Multilingual E5 Small":    {"query: ", "passage: "},
		"nomic-embed-text-v1.5":    {"search_query: ", "search_document: "},
		"Bge Small En v1.5":        {"Represent this sentence for searching relevant passages: ", ""},
		"bge-m3":                   {"", ""},
		"Snowflake Arctic Embed M": {"Represent this sentence for searching relevant passages: ", ""},
	} {
		e, query, passage := at(name, local.EmbedOptions{})
		require.InDelta(t, 1, cosine(query, of(want[0]+"the mill")), 2e-3, name)
		require.InDelta(t, 1, cosine(passage, of(want[1]+"the mill")), 2e-3, name)
		require.NotEqual(t, plain.ID(), e.ID())
	}
	_, query, passage = at("e5-small", local.EmbedOptions{QueryPrefix: opt.Of("who: "), PassagePrefix: opt.Of("")})
	require.InDelta(t, 1, cosine(query, of("who: the mill")), 2e-3)
	require.InDelta(t, 1, cosine(passage, of("the mill")), 2e-3)
}

func TestEmbedderAndRerankerTakeTheirOwnModels(t *testing.T) {
	reranker, plain := testmodel.NewBERT(t, testmodel.BERT{Pooling: 4}), testmodel.New(t, testmodel.Spec{})
	for _, path := range []string{reranker, plain} {
		_, err := local.OpenEmbedder(t.Context(), path, local.EmbedOptions{})
		require.ErrorIs(t, err, llama.ErrUnsupported)
	}
	for _, path := range []string{testmodel.NewBERT(t, testmodel.BERT{}), plain} {
		_, err := local.OpenReranker(t.Context(), path, local.EmbedOptions{})
		require.ErrorIs(t, err, llama.ErrUnsupported)
	}
	r, err := local.OpenReranker(t.Context(), reranker, local.EmbedOptions{})
	require.NoError(t, err)
	defer r.Close()
	scores, err := r.Rank(t.Context(), "who is the miller?", []string{"the mill", strings.Repeat("a river ", 500), ""})
	require.NoError(t, err)
	require.Len(t, scores, 3)
	require.NotEqual(t, scores[0], scores[1])
}
