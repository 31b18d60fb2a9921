package ollama

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ragft/ragft/internal/layout"

	"github.com/ollama/ollama/api"
	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/ollamatest"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
)

// standIn is a server that speaks the documented API: it decodes requests into
// the API's own types, refuses fields and options that these do not have, and
// streams its answers line by line.
type standIn struct {
	t      *testing.T
	mu     sync.Mutex
	chats  []api.ChatRequest
	before func(n int, w http.ResponseWriter) bool // n-th chat, from 1; true = answered already
	pieces []string
	last   string // of the stream, raw; "" = a proper end
	busy   atomic.Int32
	peak   atomic.Int32
}

func (s *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method + " " + r.URL.Path {
	case "GET /api/tags":
		fmt.Fprintf(w, `{"models":[{"name":"llama3.2:latest","model":"llama3.2:latest","digest":%q,"size":1}]}`, ollamatest.Digest)
	case "POST /api/chat":
		s.chat(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (s *standIn) chat(w http.ResponseWriter, r *http.Request) {
	n := s.busy.Add(1)
	defer s.busy.Add(-1)
	for peak := s.peak.Load(); n > peak && !s.peak.CompareAndSwap(peak, n); peak = s.peak.Load() {
	}
	var req api.ChatRequest
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&req); err != nil {
		http.Error(w, `{"error":"`+err.Error()+`"}`, http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	s.chats = append(s.chats, req)
	count := len(s.chats)
	s.mu.Unlock()
	if s.before != nil && s.before(count, w) {
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	for i, piece := range s.pieces {
		fmt.Fprintf(w, `{"model":"llama3.2","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":%q},`+
			`"logprobs":[{"token":"x","logprob":%g}],"done":false}`+"\n", piece, -float64(i))
		w.(http.Flusher).Flush()
	}
	last := s.last
	if last == "" {
		last = `{"model":"llama3.2","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":""},` +
			`"done":true,"done_reason":"stop","prompt_eval_count":11,"eval_count":3}` + "\n"
	}
	fmt.Fprint(w, last)
}

func serve(t *testing.T, s *standIn) string {
	t.Helper()
	s.t = t
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return server.URL
}

func newOllama(t *testing.T, s *standIn, opts Options) *Model {
	t.Helper()
	opts.BaseURL = serve(t, s)
	opts.Backoff = time.Millisecond
	m, err := New(t.Context(), "llama3.2", opts)
	require.NoError(t, err)
	return m
}

func TestOllamaChat(t *testing.T) {
	s := &standIn{pieces: []string{"It has", " nine", " rooms."}}
	m := newOllama(t, s, Options{
		ContextLength: 2048, KeepAlive: opt.Of(time.Minute), Options: map[string]any{"num_thread": 2, "temperature": 9.0},
	})
	require.Regexp(t, "^ollama/llama3.2:latest@"+ollamatest.Digest+`\+ctx2048\+[0-9a-f]{8}$`, m.Name())
	require.Equal(t, ollamatest.Digest, m.Hash())

	var streamed []string
	got, err := m.Chat(t.Context(), []model.Request{
		{Messages: layout.Chat("Read.", "Question: Rooms?"), Samples: 2, MaxTokens: 40, Temperature: 0.5, TopP: 0.9, TopK: 20, Seed: 7,
			Stop: []string{"\n"}, OnText: func(piece string) { streamed = append(streamed, piece) }},
		{Messages: layout.Chat("Closed.", "Question: Rooms?")},
	})
	require.NoError(t, err)
	want := model.Sample{Text: "It has nine rooms.", Tokens: 3, MeanLogProb: -1}
	require.Equal(t, []model.Response{
		{Samples: []model.Sample{want, want}, PromptTokens: 11}, {Samples: []model.Sample{want}, PromptTokens: 11}}, got)
	require.Equal(t, []string{"It has", " nine", " rooms."}, streamed, "sample 0 only")
	require.Len(t, s.chats, 3)

	seeds := map[int]bool{}
	for _, req := range s.chats {
		require.Equal(t, "llama3.2:latest", req.Model)
		require.Nil(t, req.Stream, "streaming is the default")
		require.True(t, req.Logprobs)
		require.False(t, *req.Truncate)
		require.False(t, *req.Shift)
		require.Equal(t, false, req.Think.Value)
		require.Equal(t, time.Minute, req.KeepAlive.Duration)
		o := api.DefaultOptions()
		require.NoError(t, o.FromMap(req.Options), "as the server reads them")
		require.Equal(t, 2048, o.NumCtx)
		require.Equal(t, 2, o.NumThread)
		require.Equal(t, float32(1), o.RepeatPenalty)
		require.GreaterOrEqual(t, o.Seed, 0, "-1 would be random")
		seeds[o.Seed] = true
		switch req.Messages[0].Content {
		case "Read.":
			require.Equal(t, api.Message{Role: "user", Content: "Question: Rooms?"}, req.Messages[1])
			require.Equal(t, 40, o.NumPredict)
			require.Equal(t, float32(0.5), o.Temperature)
			require.Equal(t, float32(0.9), o.TopP)
			require.Equal(t, 20, o.TopK)
			require.Equal(t, []string{"\n"}, o.Stop)
		default:
			require.Equal(t, 256, o.NumPredict)
			require.Zero(t, o.Temperature, "greedy")
			require.Equal(t, float32(1), o.TopP)
			require.Zero(t, o.TopK)
			require.Empty(t, o.Stop)
		}
	}
	require.Len(t, seeds, 3)

	before := s.chats
	s.chats = nil
	_, err = m.Chat(t.Context(), []model.Request{{Messages: layout.Chat("Read.", "Question: Rooms?"), Samples: 2, Temperature: 0.5, Seed: 7}})
	require.NoError(t, err)
	for _, req := range s.chats {
		require.Contains(t, []any{before[0].Options["seed"], before[1].Options["seed"], before[2].Options["seed"]},
			req.Options["seed"], "the same seed again")
	}
}

func TestOllamaWithoutLogprobs(t *testing.T) {
	s := &standIn{last: `{"message":{"role":"assistant","content":"nine"},"done":true,"done_reason":"length","eval_count":1}` + "\n"}
	got, err := newOllama(t, s, Options{}).Chat(t.Context(), []model.Request{{Messages: layout.Chat("a", "b")}})
	require.NoError(t, err)
	sample := got[0].Samples[0]
	require.True(t, math.IsNaN(sample.MeanLogProb))
	require.True(t, sample.Truncated)
	require.Equal(t, "nine", sample.Text)
}

func TestOllamaRetriesWhatMayPass(t *testing.T) {
	status := func(code int, body string) func(int, http.ResponseWriter) bool {
		return func(n int, w http.ResponseWriter) bool {
			if n > 2 {
				return false
			}
			w.WriteHeader(code)
			fmt.Fprint(w, body)
			return true
		}
	}
	hangUp := func(n int, w http.ResponseWriter) bool {
		if n > 2 {
			return false
		}
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			conn.Close()
		}
		return true
	}
	for name, c := range map[string]struct {
		before func(int, http.ResponseWriter) bool
		calls  int
		want   string // "" = succeeds
	}{
		"busy":            {status(503, `{"error":"server busy, please try again"}`), 3, ""},
		"gateway":         {status(502, `not json`), 3, ""},
		"connection lost": {hangUp, 3, ""},
		"empty answer":    {status(200, ""), 3, ""},
		"a mistake":       {status(400, `{"error":"invalid options"}`), 1, "invalid options"},
		"model gone":      {status(404, `{"error":"model 'llama3.2' not found"}`), 1, `run "ollama pull llama3.2:latest"`},
		"does not fit":    {status(400, `{"error":"the input length exceeds the context length"}`), 1, "fewer or smaller passages"},
		"error in a 200":  {status(200, `{"error":"cuda exploded"}`+"\n"), 1, "cuda exploded"},
		"out of memory":   {status(500, `{"error":"model requires more system memory"}`), 1, "more system memory"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &standIn{before: c.before, pieces: []string{"nine"}}
			got, err := newOllama(t, s, Options{}).Chat(t.Context(), []model.Request{{Messages: layout.Chat("a", "b")}})
			require.Len(t, s.chats, c.calls)
			if c.want != "" {
				require.ErrorContains(t, err, c.want)
				return
			}
			require.NoError(t, err)
			require.Equal(t, "nine", got[0].Samples[0].Text)
		})
	}
}

func TestOllamaErrorsAreSentinels(t *testing.T) {
	answer := func(code int, text string) *standIn {
		return &standIn{before: func(_ int, w http.ResponseWriter) bool {
			w.WriteHeader(code)
			fmt.Fprintf(w, `{"error":%q}`, text)
			return true
		}}
	}
	one := []model.Request{{Messages: layout.Chat("a", "b")}}
	_, err := newOllama(t, answer(400, "the input length exceeds the context length"), Options{}).Chat(t.Context(), one)
	require.ErrorIs(t, err, model.ErrPromptTooLong)
	_, err = newOllama(t, answer(404, "model 'x' not found"), Options{}).Chat(t.Context(), one)
	require.ErrorIs(t, err, model.ErrNotFound)

	_, err = New(t.Context(), "nobody/has:this", Options{BaseURL: serve(t, &standIn{})})
	require.ErrorIs(t, err, model.ErrNotFound)
	require.ErrorContains(t, err, `run "ollama pull nobody/has:this"`)
	_, err = New(t.Context(), " ", Options{})
	require.ErrorContains(t, err, "no model name")
	_, err = New(t.Context(), "m", Options{BaseURL: "http://"})
	require.ErrorContains(t, err, "invalid URL")

	// A port that was free a moment ago: nobody listens there.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	_, err = New(t.Context(), "llama3.2", Options{BaseURL: address})
	require.ErrorIs(t, err, model.ErrUnavailable)
	require.ErrorContains(t, err, `"ollama serve"`)
}

// Text that a caller has seen cannot be taken back by another try.
func TestOllamaDoesNotStreamTwice(t *testing.T) {
	s := &standIn{pieces: []string{"half an"}, last: "\n"}
	s.before = func(_ int, w http.ResponseWriter) bool {
		fmt.Fprintln(w, `{"message":{"role":"assistant","content":"half an"},"done":false}`)
		return true
	}
	m := newOllama(t, s, Options{})
	var text strings.Builder
	_, err := m.Chat(t.Context(), []model.Request{{Messages: layout.Chat("a", "b"), OnText: func(piece string) { text.WriteString(piece) }}})
	require.ErrorContains(t, err, "ended early")
	require.Equal(t, "half an", text.String())
	require.Len(t, s.chats, 1)

	_, err = m.Chat(t.Context(), []model.Request{{Messages: layout.Chat("a", "b")}})
	require.ErrorContains(t, err, "ended early")
	require.Len(t, s.chats, 1+4, "without streaming there are three further tries")
}

func TestOllamaLimitsConcurrency(t *testing.T) {
	s := &standIn{pieces: []string{"x"}, before: func(int, http.ResponseWriter) bool {
		time.Sleep(5 * time.Millisecond)
		return false
	}}
	m := newOllama(t, s, Options{Concurrency: 3})
	_, err := m.Chat(t.Context(), []model.Request{{Messages: layout.Chat("a", "b"), Samples: 12}})
	require.NoError(t, err)
	require.Len(t, s.chats, 12)
	require.LessOrEqual(t, s.peak.Load(), int32(3))
	require.Greater(t, s.peak.Load(), int32(1))
}

func TestOllamaCancel(t *testing.T) {
	started := make(chan struct{}, 8)
	release := make(chan struct{})
	s := &standIn{before: func(int, http.ResponseWriter) bool {
		started <- struct{}{}
		<-release
		return true
	}}
	m := newOllama(t, s, Options{})
	t.Cleanup(func() { close(release) })
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-started
		cancel()
	}()
	_, err := m.Chat(ctx, []model.Request{{Messages: layout.Chat("a", "b"), Samples: 4}})
	require.ErrorIs(t, err, context.Canceled)
}
