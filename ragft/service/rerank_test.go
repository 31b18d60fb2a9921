//go:build cgo

package service

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/ragft/model/local"
)

// postTo sends a body to a service and returns what it answers.
func postTo(t *testing.T, s http.Handler, path, body string) (int, map[string]any) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "http://localhost"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	var out map[string]any
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &out), w.Body.String())
	return w.Code, out
}

func TestRerank(t *testing.T) {
	m, err := local.OpenReranker(t.Context(), testmodel.NewBERT(t, testmodel.BERT{Pooling: 4}), local.EmbedOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	e, err := local.OpenEmbedder(t.Context(), testmodel.NewBERT(t, testmodel.BERT{}), local.EmbedOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	base, err := local.OpenServer(t.Context(), testmodel.New(t, testmodel.Spec{}), local.Options{Sequences: 1})
	require.NoError(t, err)
	t.Cleanup(func() { base.Close() })
	s, err := New(Config{Models: []Model{{Name: "base", Local: base}}, Reranker: m, Embedder: e})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })

	want, tokens, err := m.Scores(t.Context(), "who is the miller?", []string{"a river", "the mill", "a town"})
	require.NoError(t, err)
	code, got := postTo(
		t,
		s,
		"/v1/rerank",
		`{"query":"who is the miller?","documents":["a river","the mill","a town"],"top_n":2,"return_documents":true}`,
	)
	require.Equal(t, http.StatusOK, code, got)
	require.Equal(t, "bert", got["model"])
	require.InDelta(t, tokens, got["usage"].(map[string]any)["total_tokens"], 0)
	results := got["results"].([]any)
	require.Len(t, results, 2)
	last := 1e9
	for _, r := range results {
		r := r.(map[string]any)
		at, score := int(r["index"].(float64)), r["relevance_score"].(float64)
		require.InDelta(t, want[at], score, 1e-3)
		require.LessOrEqual(t, score, last)
		require.Equal(t, map[string]any{"text": []string{"a river", "the mill", "a town"}[at]}, r["document"])
		last = score
	}
	for body, param := range map[string]string{
		`{"documents":["a"]}`: "query", `{"query":"a"}`: "documents", `{"query":"a","documents":[]}`: "documents",
		`{"query":"a","documents":["a"],"top_n":0}`: "top_n", `{"query":"a","documents":["a"],"model":"x"}`: "model",
		`{"query":"a","documents":["b",1]}`: "documents[1]", `{"query":1,"documents":["a"]}`: "query",
		`{"query":"a","documents":["a"],"raw_scores":true}`: "raw_scores",
	} {
		code, got := postTo(t, s, "/v1/rerank", body)
		require.GreaterOrEqual(t, code, 400, body)
		require.Less(t, code, 500, body)
		require.Contains(t, got["error"].(map[string]any)["param"], param, body)
	}

	vector, err := e.Query(t.Context(), "the mill")
	require.NoError(t, err)
	code, got = postTo(t, s, "/v1/embeddings", `{"input":["the mill","a river"]}`)
	require.Equal(t, http.StatusOK, code, got)
	data := got["data"].([]any)
	require.Len(t, data, 2)
	numbers := data[0].(map[string]any)["embedding"].([]any)
	require.Len(t, numbers, len(vector))
	for i, v := range vector {
		require.InDelta(t, v, numbers[i], 2e-3)
	}
	code, got = postTo(t, s, "/v1/embeddings", `{"model":"base","input":"the mill"}`)
	require.Equal(t, http.StatusBadRequest, code)
	require.Contains(t, got["error"].(map[string]any)["message"], "no embeddings")

	plain, err := New(Config{Models: []Model{{Name: "base", Local: base}}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, plain.Close()) })
	code, got = postTo(t, plain, "/v1/rerank", `{"query":"a","documents":["a"]}`)
	require.Equal(t, http.StatusNotImplemented, code)
	require.Contains(t, got["error"].(map[string]any)["message"], "no reranker")
}
