//go:build cgo

package service

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/ragft/abstain"
	"github.com/ragft/ragft/ragft/assistant"
	"github.com/ragft/ragft/ragft/model/local"
	"github.com/ragft/ragft/ragft/prompt"
)

// More biases than llama.cpp could look through for each token that a grammar leaves are refused.
func TestBiasesAreBounded(t *testing.T) {
	post := posterOf(t, openModel(t, baseModel, local.Options{ContextTokens: 1024, Sequences: 2}))
	biases := func(n int) string {
		var list []string
		for token := range n {
			list = append(list, fmt.Sprintf(`"%d":1`, token))
		}
		return `{` + question + `,"ragft":{"retrieval":false},"logit_bias":{` + strings.Join(list, ",") + `}}`
	}
	code, body := post(chatPath, biases(300))
	require.Equal(t, 200, code, body)
	code, body = post(chatPath, biases(301))
	require.Equal(t, 400, code, body)
	require.Equal(t, "logit_bias", param(t, body))
}

// errorOf is the error object of an answer.
func errorOf(t *testing.T, answer map[string]any) apiError {
	t.Helper()
	data, err := json.Marshal(answer["error"])
	require.NoError(t, err)
	var e apiError
	require.NoError(t, json.Unmarshal(data, &e))
	return e
}

// What is too long is named, in answers from passages, embeddings and reranking.
func TestErrorsNameWhatIsTooLong(t *testing.T) {
	base := openModel(t, testmodel.New(t, testmodel.Spec{}), local.Options{ContextTokens: 512, Sequences: 2})
	e, err := local.OpenEmbedder(t.Context(), testmodel.NewBERT(t, testmodel.BERT{}), local.EmbedOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	r, err := local.OpenReranker(t.Context(), testmodel.NewBERT(t, testmodel.BERT{Pooling: 4}), local.EmbedOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	s, err := New(Config{Models: []Model{{Name: "base", Local: base}}, Index: newIndex(t), Embedder: e, Reranker: r})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })

	long := strings.Repeat("the mill ", 1000)
	chat := func(history, question string) string {
		return `{"messages":[` + history + `{"role":"user","content":"` + question + `"}]}`
	}
	for _, c := range []struct{ path, body, param, code, says string }{
		{chatPath, chat("", long), "messages", "invalid_value", "at most 4000"},
		{chatPath, chat("", "  "), "messages", "invalid_value", "it is empty"},
		{chatPath, chat(`{"role":"user","content":"`+long+`"},{"role":"assistant","content":"The mill."},`, "Who founded the inn?"),
			"messages", "context_length_exceeded", "one passage"},
		{"/v1/embeddings", `{"input":["a","b","c","` + long + `"]}`, "input[3]", "context_length_exceeded", "the limit is"},
		{"/v1/embeddings", `{"input":"` + long + `"}`, "input", "context_length_exceeded", "the limit is"},
		{"/v1/rerank", `{"query":"` + long + `","documents":["a"]}`, "query", "context_length_exceeded", "the limit is"},
	} {
		code, got := postTo(t, s, c.path, c.body)
		require.Equal(t, 400, code, got)
		e := errorOf(t, got)
		require.Equal(t, []string{c.param, c.code}, []string{e.Param, e.Code}, e.Message)
		require.Contains(t, e.Message, c.says)
		require.NotContains(t, e.Message, "ragft:")
		require.NotContains(t, e.Message, "llama:")
	}
}

// A request cannot change what the rule of a model was fitted with, and is told which field tries to.
func TestErrorsOfARule(t *testing.T) {
	m := openModel(t, testmodel.New(t, testmodel.Spec{}), local.Options{ContextTokens: 1024, Sequences: 2})
	x := newIndex(t)
	rule := &abstain.Rule{
		Refusal: "I cannot find that.", Threshold: 0.5, Conditions: abstain.Conditions(m, x, prompt.Set{}, 4),
		Chance: stats.Logistic{Names: []string{abstain.Declining}, Mean: []float64{math.Log(0.5)}, Scale: []float64{1}, Weight: []float64{-1}},
	}
	s, err := New(Config{Models: []Model{{Name: "base", Local: m, Assistant: assistant.Options{Rule: rule}}}, Index: x})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	ask := func(options string) (int, map[string]any) {
		return postTo(t, s, chatPath, `{"messages":[{"role":"user","content":"Who founded the inn?"}],"max_tokens":2,"ragft":{`+options+`}}`)
	}
	code, got := ask(`"passages":4,"careful":false`)
	require.Equal(t, 200, code, got)
	for options, param := range map[string]string{`"careful":true`: "ragft.careful", `"passages":2`: "ragft.passages"} {
		code, got := ask(options)
		require.Equal(t, 400, code, got)
		e := errorOf(t, got)
		require.Equal(t, param, e.Param, e.Message)
		require.NotRegexp(t, "Rule|Careful|ragft:", e.Message)
	}
}
