//go:build cgo

package service

import (
	"bytes"
	"math"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft/model/local"
)

// Errors are in the words of the API: they name no package, and say what a field may be.
func TestErrorsAreInWordsOfTheAPI(t *testing.T) {
	post := posterOf(t, openModel(t, baseModel, local.Options{ContextTokens: 1024, Sequences: 2}))
	const tool = `{"type":"function","function":{"name":"f"`
	for field, says := range map[string]string{
		`"tools":[` + tool + `}}]`: "the model's chat template does not support tools", `"n":9.5`: "it must be a whole number",
		`"n":99999999999999999999`: "n: 99999999999999999999 is out of range", `"temperature":1e400`: "temperature: 1e400 is out of range",
		`"seed":18446744073709551615`: "seed: 18446744073709551615 is out of range", `"temperature":true`: "it cannot be true or false",
		`"stop":5`: "stop: it must be a string or a list of strings", `"stop":{"a":1}`: "stop: it must be a string or a list of strings",
		`"logit_bias":{"x":1}`: `logit_bias: \"x\" is not the number of a token`, `"logit_bias":{"5":null}`: "token 5: null",
		`"logit_bias":{"5":"a"}`: "token 5: it cannot be a string", `"logit_bias":{"99999999999":1}`: "is not the number of a token",
		`"logit_bias":{"5":1e400}`:                  "token 5: 1e400 is out of range",
		`"messages":[{"role":"user","content":5}]`:  "messages[0].content: it must be a string or a list of parts",
		`"messages":[{"role":"user","content":{}}]`: "messages[0].content: it must be a string or a list of parts",
		`"messages":[{"role":"tool","content":"a"},{"role":"assistant","tool_calls":[{"function":{"name":"f"}}]}]`: "does not support tools",
	} {
		code, body := post(chatPath, `{"max_tokens":2,"ragft":{"retrieval":false},"messages":[{"role":"user","content":"Who?"}],`+field+`}`)
		require.Equal(t, 400, code, field)
		require.Contains(t, body, says)
		require.NotRegexp(t, `llama: |ragft: |retriever: `, body)
	}
	for _, prompt := range []string{`5`, `true`, `{}`} {
		code, body := post("/v1/completions", `{"prompt":`+prompt+`}`)
		require.Equal(t, 400, code)
		require.Contains(t, body, "prompt: it must be a string, a list of strings, a list of tokens or a list of such lists")
	}
}

// A value that JSON does not have is an error of the service, and no empty answer of one that has succeeded.
func TestInfiniteNumbers(t *testing.T) {
	w := httptest.NewRecorder()
	writeJSON(w, http.StatusOK, map[string]any{"score": math.Inf(-1)})
	require.Equal(t, 500, w.Code)
	require.JSONEq(t, `{"error":{"message":"the answer cannot be written: json: unsupported value: -Inf","type":"server_error",`+
		`"code":"internal_error"}}`, w.Body.String())
}

// taking is a client that takes everything, and keeps how long it had.
type taking struct {
	bytes.Buffer
	deadline time.Time
}

func (*taking) Header() http.Header { return http.Header{} }
func (*taking) WriteHeader(int)     {}

func (s *taking) SetWriteDeadline(at time.Time) error {
	s.deadline = at
	return nil
}

// The limit for writing grows with what is written at once, such as the embeddings of many texts. It stays bounded, as the request
// holds its place and its answer in memory meanwhile.
func TestLargeAnswersHaveTime(t *testing.T) {
	for size, least := range map[int]time.Duration{0: time.Second, 100: time.Second, 10 << 20: 41 * time.Second} {
		client := &taking{}
		begin := time.Now()
		n, err := (&recorder{ResponseWriter: client, limit: time.Second}).Write(make([]byte, size))
		require.NoError(t, err)
		require.Equal(t, size, n)
		require.Equal(t, size, client.Len())
		require.WithinRange(t, client.deadline, begin.Add(least), time.Now().Add(least+time.Second))
	}
}
