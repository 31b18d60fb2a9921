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
	require.JSONEq(t, `{"error":{"message":"internal error; see the log of the service","type":"server_error","code":"internal_error"}}`,
		w.Body.String())
}

// steady is a client that takes a large answer slowly: each part within the limit, all of it not.
type steady struct {
	bytes.Buffer
	deadline time.Time
	late     bool
}

func (*steady) Header() http.Header { return http.Header{} }
func (*steady) WriteHeader(int)     {}

func (s *steady) SetWriteDeadline(at time.Time) error {
	s.deadline = at
	return nil
}

func (s *steady) Write(p []byte) (int, error) {
	time.Sleep(time.Duration(len(p)) * time.Microsecond)
	s.late = s.late || time.Now().After(s.deadline)
	return s.Buffer.Write(p)
}

// The limit for writing is that of a part, whatever the size of an answer that is written at once.
func TestLargeAnswersAreWrittenInParts(t *testing.T) {
	client := &steady{}
	answer := bytes.Repeat([]byte("0.123456789,"), 50_000)
	n, err := (&recorder{ResponseWriter: client, limit: 400 * time.Millisecond}).Write(answer)
	require.NoError(t, err)
	require.Equal(t, len(answer), n)
	require.Equal(t, answer, client.Bytes())
	require.False(t, client.late, "the client was cut off although it took each part in time")
}
