package openai

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/ragft/model"
)

// Where the server does not know stop strings, the answer is what it would have been with them: it is whole where one ends it, and
// the log probability is that of its own tokens.
func TestStopsThatTheServerRefuses(t *testing.T) {
	warnings(t)
	var tokens []string
	finish := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if strings.Contains(string(body), `"stop":`) {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":{"message":"Unsupported parameter: 'stop'","param":"stop","code":"unsupported_parameter"}}`)
			return
		}
		var probs []map[string]any
		for i, token := range tokens {
			probs = append(probs, map[string]any{"token": token, "logprob": -i})
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"choices": []any{map[string]any{
			"message":  map[string]any{"content": strings.Join(tokens, "")},
			"logprobs": map[string]any{"content": probs}, "finish_reason": finish}}})
	}))
	t.Cleanup(server.Close)
	m, err := New("small", Options{BaseURL: server.URL + "/v1"})
	require.NoError(t, err)
	for _, c := range []struct {
		tokens, stops []string
		finish        string
		want          model.Sample
	}{
		{[]string{"Ada", ". ", "Bo"}, []string{". "}, "length", model.Sample{Text: "Ada"}},
		{[]string{"Ada", ". ", "Bo"}, []string{"", ". "}, "stop", model.Sample{Text: "Ada"}},
		{[]string{"Ada", " Lee", ". ", "Bo", "\n"}, []string{"\n", ". "}, "length", model.Sample{Text: "Ada Lee", MeanLogProb: -0.5}},
		{[]string{"Ada", " Lee"}, []string{"."}, "length", model.Sample{Text: "Ada Lee", MeanLogProb: -0.5, Truncated: true}},
		{[]string{"Ada", " Lee"}, []string{""}, "stop", model.Sample{Text: "Ada Lee", MeanLogProb: -0.5}},
		{[]string{"<think>", "Hm", "</think>", "Ada", ". ", "Bo"}, []string{". "}, "length",
			model.Sample{Text: "Ada", Thinking: "Hm", MeanLogProb: -3}},
	} {
		tokens, finish = c.tokens, c.finish
		got, err := m.Chat(t.Context(), []model.Request{{Messages: layout.Chat("a", "b"), Stop: c.stops}})
		require.NoError(t, err)
		require.Equal(t, c.want, got[0].Samples[0], "%q", c.tokens)
	}
}
