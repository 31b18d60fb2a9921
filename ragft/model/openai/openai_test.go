package openai

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/ragft/ragft/internal/layout"

	"github.com/ragft/ragft/internal/retry"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/stretchr/testify/require"
)

// openAIRequest are the fields of a chat completion that the API documents and
// this package may send; a stand-in refuses others.
type openAIRequest struct {
	Model    string `json:"model"`
	Messages []struct {
		Role       string  `json:"role"`
		Content    *string `json:"content"`
		Name       string  `json:"name"`
		ToolCallID string  `json:"tool_call_id"`
		ToolCalls  []struct {
			ID       string `json:"id"`
			Type     string `json:"type"`
			Function struct {
				Name      string `json:"name"`
				Arguments string `json:"arguments"`
			} `json:"function"`
		} `json:"tool_calls"`
	} `json:"messages"`
	Temperature         float64  `json:"temperature"`
	TopP                *float64 `json:"top_p"`
	Seed                int64    `json:"seed"`
	MaxTokens           int      `json:"max_tokens"`
	MaxCompletionTokens int      `json:"max_completion_tokens"`
	LogProbs            bool     `json:"logprobs"`
	Stop                []string `json:"stop"`
	Stream              bool     `json:"stream"`
	StreamOptions       *struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`
	ResponseFormat *struct {
		Type       string `json:"type"`
		JSONSchema struct {
			Name   string          `json:"name"`
			Strict bool            `json:"strict"`
			Schema json.RawMessage `json:"schema"`
		} `json:"json_schema"`
	} `json:"response_format"`
	ReasoningEffort string `json:"reasoning_effort"`
}

// openAIStandIn answers as the API documents it.
type openAIStandIn struct {
	mu     sync.Mutex
	reqs   []openAIRequest
	keys   []string
	before func(n int, req openAIRequest, w http.ResponseWriter) bool // true = answered already
	stream string                                                     // raw; "" = a proper one
}

func (s *openAIStandIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	fail := func(status int, message string) {
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"error":{"message":%q,"type":"invalid_request_error","param":null,"code":null}}`, message)
	}
	if r.Method+" "+r.URL.Path != "POST /v1/chat/completions" || r.Header.Get("Content-Type") != "application/json" {
		fail(http.StatusNotFound, "unknown request URL")
		return
	}
	var req openAIRequest
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&req); err != nil {
		fail(http.StatusBadRequest, err.Error())
		return
	}
	s.mu.Lock()
	s.reqs = append(s.reqs, req)
	s.keys = append(s.keys, r.Header.Get("Authorization"))
	n := len(s.reqs)
	s.mu.Unlock()
	if s.before != nil && s.before(n, req, w) {
		return
	}
	if !req.Stream {
		logProbs := "null"
		if req.LogProbs {
			logProbs = `{"content":[{"token":"It","logprob":-1},{"token":" has","logprob":-3}]}`
		}
		fmt.Fprintf(w, `{"id":"x","object":"chat.completion","choices":[{"index":0,
			"message":{"role":"assistant","content":" It has nine rooms.","refusal":null},
			"logprobs":%s,"finish_reason":"stop"}],"usage":{"prompt_tokens":11,"completion_tokens":5}}`, logProbs)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	if s.stream != "" {
		fmt.Fprint(w, s.stream)
		return
	}
	for _, piece := range []string{"It has", " nine"} {
		fmt.Fprintf(w, ": comment\n\ndata: {\"choices\":[{\"index\":0,\"delta\":{\"content\":%q},"+
			"\"logprobs\":{\"content\":[{\"logprob\":-2}]},\"finish_reason\":null}]}\n\n", piece)
	}
	fmt.Fprint(w, "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"length\"}]}\n\n")
	fmt.Fprint(w, "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":11,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n")
}

func newOpenAI(t *testing.T, s *openAIStandIn, opts Options) *Model {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	opts.BaseURL, opts.Backoff = server.URL+"/v1", time.Millisecond
	m, err := New("small", opts)
	require.NoError(t, err)
	return m
}

func TestOpenAIChat(t *testing.T) {
	t.Setenv("OPENAI_API_KEY", "from-env")
	s := &openAIStandIn{}
	m := newOpenAI(t, s, Options{Extra: map[string]any{"reasoning_effort": "low", "temperature": 9}})
	schema := json.RawMessage(`{"type":"object","properties":{"rooms":{"type":"integer"}}}`)
	messages := append(layout.Chat("Read.", "Question: Rooms?"),
		model.Message{
			Role: model.RoleAssistant, Thinking: "let me look",
			ToolCalls: []model.ToolCall{{ID: "c1", Name: "look", Arguments: json.RawMessage(`{"at":1}`)}},
		},
		model.Message{Role: model.RoleTool, ToolCallID: "c1", Content: "nine"})
	got, err := m.Chat(t.Context(), []model.Request{
		{Messages: messages, Samples: 2, MaxTokens: 40, Temperature: 0.5, TopP: 0.9, Seed: 7, Stop: []string{"\n"}, Schema: schema},
	})
	require.NoError(t, err)
	want := model.Sample{Text: "It has nine rooms.", Tokens: 5, MeanLogProb: -2}
	require.Equal(t, []model.Response{{Samples: []model.Sample{want, want}, PromptTokens: 11}}, got)
	require.Equal(t, []string{"Bearer from-env", "Bearer from-env"}, s.keys)
	require.NotEqual(t, s.reqs[0].Seed, s.reqs[1].Seed)
	req := s.reqs[0]
	require.Equal(t, "small", req.Model)
	require.Equal(t, 0.5, req.Temperature)
	require.Equal(t, 0.9, *req.TopP)
	require.Equal(t, 40, req.MaxTokens)
	require.Equal(t, []string{"\n"}, req.Stop)
	require.True(t, req.LogProbs)
	require.Equal(t, "low", req.ReasoningEffort)
	require.Equal(t, "json_schema", req.ResponseFormat.Type)
	require.True(t, req.ResponseFormat.JSONSchema.Strict)
	require.JSONEq(t, string(schema), string(req.ResponseFormat.JSONSchema.Schema))
	require.Equal(t, `{"at":1}`, req.Messages[2].ToolCalls[0].Function.Arguments)
	require.Equal(t, "c1", req.Messages[3].ToolCallID)

	var streamed []string
	got, err = m.Chat(t.Context(), []model.Request{
		{Messages: layout.Chat("a", "b"), OnText: func(piece string) { streamed = append(streamed, piece) }},
	})
	require.NoError(t, err)
	require.Equal(t, []string{"It has", " nine"}, streamed)
	require.Equal(t, model.Sample{Text: "It has nine", Tokens: 2, MeanLogProb: -2, Truncated: true}, got[0].Samples[0])
	require.True(t, s.reqs[2].StreamOptions.IncludeUsage)
	require.Zero(t, s.reqs[2].Temperature)
	require.Equal(t, 256, s.reqs[2].MaxTokens)
}

// The limits of sampling that OpenAI does not know are sent where they are set, and left out if the server refuses them.
func TestLimitsThatNotAllServersKnow(t *testing.T) {
	log := warnings(t)
	s := &answering{}
	m := s.open(t, Options{})
	chat := func(req model.Request) map[string]any {
		req.Messages = layout.Chat("a", "b")
		_, err := m.Chat(t.Context(), []model.Request{req})
		require.NoError(t, err)
		return s.bodies[len(s.bodies)-1]
	}
	body := chat(model.Request{Temperature: 1, TopK: 4, MinP: 0.1})
	require.Equal(t, []any{4.0, 0.1}, []any{body["top_k"], body["min_p"]})
	body = chat(model.Request{Temperature: 1})
	require.NotContains(t, body, "top_k")
	require.NotContains(t, body, "min_p")
	require.Empty(t, log.String())

	s.refuse = func(body map[string]any) (int, string) {
		if body["min_p"] == nil {
			return 0, ""
		}
		return http.StatusBadRequest, `{"error":{"message":"Unrecognized request argument supplied: min_p"}}`
	}
	body = chat(model.Request{Temperature: 1, TopK: 4, MinP: 0.1})
	require.NotContains(t, body, "min_p")
	require.Contains(t, body, "top_k")
	require.Contains(t, log.String(), "fields=min_p")
}

// What a server refuses and can be done without is left out from then on.
func TestOpenAIAdapts(t *testing.T) {
	s := &openAIStandIn{before: func(_ int, req openAIRequest, w http.ResponseWriter) bool {
		message, param := "", ""
		switch {
		case req.MaxTokens != 0:
			message = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
			param = "max_tokens"
		case req.LogProbs:
			message, param = "You are not allowed to request logprobs from this model", "logprobs"
		default:
			return false
		}
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"error":{"message":%q,"param":%q,"code":"unsupported_parameter"}}`, message, param)
		return true
	}}
	m := newOpenAI(t, s, Options{})
	got, err := m.Chat(t.Context(), []model.Request{{Messages: layout.Chat("a", "b"), MaxTokens: 30}})
	require.NoError(t, err)
	require.True(t, math.IsNaN(got[0].Samples[0].MeanLogProb))
	require.Len(t, s.reqs, 3)
	require.Equal(t, 30, s.reqs[2].MaxCompletionTokens)
	_, err = m.Chat(t.Context(), []model.Request{{Messages: layout.Chat("a", "b")}})
	require.NoError(t, err)
	require.Len(t, s.reqs, 4, "it is remembered")
}

// Requests that ran before the server's first refusal was known are repeated as well.
func TestOpenAIAdaptsConcurrentRequests(t *testing.T) {
	const n = 4
	var refused sync.WaitGroup
	refused.Add(n)
	s := &openAIStandIn{before: func(_ int, req openAIRequest, w http.ResponseWriter) bool {
		if !req.LogProbs {
			return false
		}
		refused.Done()
		refused.Wait() // all have arrived
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error":{"message":"no","param":"logprobs"}}`)
		return true
	}}
	m := newOpenAI(t, s, Options{Concurrency: n})
	_, err := m.Chat(t.Context(), []model.Request{{Messages: layout.Chat("a", "b"), Samples: n}})
	require.NoError(t, err)
	require.Len(t, s.reqs, 2*n)
}

func TestOpenAIBadOptions(t *testing.T) {
	for want, o := range map[string]Options{
		"Concurrency is -1": {Concurrency: -1}, "Retries is -1": {Retries: opt.Of(-1)}, "Backoff is -1ns": {Backoff: -1},
		"Timeout is -1ns": {Timeout: -1}, "invalid URL": {BaseURL: "ftp://x"},
	} {
		_, err := New("m", o)
		require.ErrorContains(t, err, want)
	}
}

// An error with the status 200 is one all the same, and a reply without an end is none.
func TestOpenAIErrorsInReplies(t *testing.T) {
	said := func(body string) func(int, openAIRequest, http.ResponseWriter) bool {
		return func(_ int, _ openAIRequest, w http.ResponseWriter) bool { fmt.Fprint(w, body); return true }
	}
	for want, s := range map[string]*openAIStandIn{
		`the server reports: {"message":"boom"}`: {before: said(`{"error":{"message":"boom"}}`)},
		"no choices":                             {before: said(`{"error":null,"choices":[]}`)},
	} {
		_, err := newOpenAI(t, s, Options{}).Chat(t.Context(), []model.Request{{Messages: layout.Chat("a", "b")}})
		require.ErrorContains(t, err, want)
	}
	broken := &openAIStandIn{stream: "data: {\"error\":{\"message\":\"boom\"}}\n\n"}
	_, err := newOpenAI(t, broken, Options{}).Chat(t.Context(), []model.Request{{Messages: layout.Chat("a", "b"), OnText: func(string) {}}})
	require.ErrorContains(t, err, "boom")
}

func TestOpenAIErrors(t *testing.T) {
	answer := func(status int, body string, after ...string) func(int, openAIRequest, http.ResponseWriter) bool {
		return func(n int, _ openAIRequest, w http.ResponseWriter) bool {
			if n > 2 {
				return false
			}
			if len(after) > 0 {
				w.Header().Set("Retry-After", after[0])
			}
			w.WriteHeader(status)
			fmt.Fprint(w, body)
			return true
		}
	}
	for name, c := range map[string]struct {
		before func(int, openAIRequest, http.ResponseWriter) bool
		calls  int
		want   error // nil = succeeds
	}{
		"rate limit":   {answer(429, `{"error":{"message":"slow down"}}`), 3, nil},
		"overloaded":   {answer(503, `busy`), 3, nil},
		"empty answer": {answer(200, ``), 3, nil},
		"unauthorized": {answer(401, `{"error":{"message":"bad key","code":"invalid_api_key"}}`), 1, model.ErrUnauthorized},
		"no model":     {answer(404, `{"error":{"message":"The model 'small' does not exist","code":"model_not_found"}}`), 1, model.ErrNotFound},
		"too long":     {answer(400, `{"error":{"message":"x","code":"context_length_exceeded"}}`), 1, model.ErrPromptTooLong},
		"llama.cpp's": {answer(400, `{"error":{"code":400,"message":"the request exceeds the available context size, try increasing it",`+
			`"type":"exceed_context_size_error"}}`), 1, model.ErrPromptTooLong},
	} {
		t.Run(name, func(t *testing.T) {
			s := &openAIStandIn{before: c.before}
			_, err := newOpenAI(t, s, Options{}).Chat(t.Context(), []model.Request{{Messages: layout.Chat("a", "b")}})
			require.Len(t, s.reqs, c.calls)
			require.ErrorIs(t, err, c.want)
		})
	}

	s := &openAIStandIn{before: answer(429, "", "1")}
	start := time.Now()
	_, err := newOpenAI(t, s, Options{Retries: opt.Of(1)}).Chat(t.Context(), []model.Request{{Messages: layout.Chat("a", "b")}})
	require.ErrorContains(t, err, "429")
	require.GreaterOrEqual(t, time.Since(start), time.Second, "as the server asked")

	release := make(chan struct{})
	slow := &openAIStandIn{before: func(int, openAIRequest, http.ResponseWriter) bool { <-release; return true }}
	m := newOpenAI(t, slow, Options{Timeout: 300 * time.Millisecond, Retries: opt.Of(1)})
	t.Cleanup(func() { close(release) }) // before the server's close, which waits for it
	_, err = m.Chat(t.Context(), []model.Request{{Messages: layout.Chat("a", "b")}})
	require.ErrorIs(t, err, retry.ErrTimeout)
	require.NoError(t, t.Context().Err())
	slow.mu.Lock() // a handler may still be at work
	require.Len(t, slow.reqs, 2)
	slow.mu.Unlock()

	cut := &openAIStandIn{stream: "data: {\"choices\":[{\"delta\":{\"content\":\"half\"}}]}\n\n"}
	var text bytes.Buffer
	_, err = newOpenAI(t, cut, Options{}).Chat(t.Context(), []model.Request{
		{Messages: layout.Chat("a", "b"), OnText: func(p string) { text.WriteString(p) }},
	})
	require.ErrorContains(t, err, "ended early")
	require.Equal(t, "half", text.String(), "what was seen is not said twice")
	require.Len(t, cut.reqs, 1)

	_, err = New("m", Options{BaseURL: "127.0.0.1:80"})
	require.ErrorContains(t, err, "invalid URL")
	gone := httptest.NewServer(s)
	gone.Close()
	m, err = New("m", Options{BaseURL: gone.URL})
	require.NoError(t, err)
	_, err = m.Chat(t.Context(), []model.Request{{Messages: layout.Chat("a", "b")}})
	require.ErrorIs(t, err, model.ErrUnavailable)
}
