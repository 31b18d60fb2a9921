//go:build cgo

package service

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/model/local"
	own "github.com/ragft/ragft/ragft/model/openai"
	"github.com/ragft/ragft/ragft/opt"
)

// sent keeps the bodies of the requests that a client makes.
type sent struct {
	mu      sync.Mutex
	bodies  []string
	refused int // with 503
}

func (s *sent) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		s.mu.Lock()
		s.bodies = append(s.bodies, string(body))
		s.mu.Unlock()
	}
	reply, err := http.DefaultTransport.RoundTrip(r)
	if err == nil && reply.StatusCode == http.StatusServiceUnavailable {
		s.mu.Lock()
		s.refused++
		s.mu.Unlock()
	}
	return reply, err
}

// take returns the bodies since the last call.
func (s *sent) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	bodies := s.bodies
	s.bodies = nil
	return bodies
}

// ownClient is this module's client of a service.
type ownClient struct {
	*own.Model
	address string
	sent    *sent
}

func newOwnClient(t *testing.T, config Config, o own.Options, name string) ownClient {
	t.Helper()
	_, address, _ := serve(t, config)
	s := &sent{}
	o.BaseURL, o.Client = address+"/v1", &http.Client{Transport: s}
	o.Concurrency, o.Key = cmp.Or(o.Concurrency, 1), cmp.Or(o.Key, "none")
	m, err := own.New(name, o)
	require.NoError(t, err)
	return ownClient{m, address, s}
}

// same asks, and compares each sample with what the service says to the same request over plain HTTP.
func (c ownClient) same(t *testing.T, req model.Request) ([]model.Sample, []*plainReply) {
	t.Helper()
	if req.Messages == nil {
		req.Messages = []model.Message{{Role: model.RoleUser, Content: "Who founded the Gorton Inn?"}}
	}
	got, err := c.Chat(t.Context(), []model.Request{req})
	require.NoError(t, err)
	samples, bodies := got[0].Samples, c.sent.take()
	require.Len(t, bodies, len(samples), "nothing was refused and left out")
	var plain []*plainReply
	for i, s := range samples {
		want := postPlain(t, c.address, bodies[i])[0]
		plain = append(plain, want)
		require.Equal(t, strings.TrimSpace(want.content), s.Text)
		require.Equal(t, strings.TrimSpace(want.reasoning), s.Thinking)
		require.Equal(t, want.usage.CompletionTokens, s.Tokens)
		require.Equal(t, want.usage.PromptTokens, got[0].PromptTokens)
		require.Equal(t, want.finish == "length", s.Truncated)
		sum := 0.0
		for _, token := range want.logProbs {
			sum += token.LogProb
		}
		require.InDelta(t, sum/float64(len(want.logProbs)), s.MeanLogProb, 1e-3)
	}
	return samples, plain
}

// TestOwnClient uses the service through this module's own client, as evaluations and judges do.
func TestOwnClient(t *testing.T) {
	m := openModel(t, baseModel, local.Options{ContextTokens: 2048})
	config := Config{Models: []Model{{Name: "base", Local: m}}, Index: newIndex(t), NoRetrieval: true}
	c := newOwnClient(t, config, own.Options{Extra: map[string]any{"top_logprobs": 3}}, "base")

	t.Run("plain", func(t *testing.T) {
		samples, plain := c.same(t, model.Request{})
		require.NotEmpty(t, samples[0].Text)
		require.NotEmpty(t, plain[0].logProbs)
		for _, token := range plain[0].logProbs {
			require.Len(t, token.TopLogProbs, 3)
			require.InDelta(t, token.LogProb, token.TopLogProbs[0].LogProb, 1e-6, "greedy")
		}
		samples, _ = c.same(t, model.Request{MaxTokens: 1})
		require.True(t, samples[0].Truncated)
	})
	t.Run("stream", func(t *testing.T) {
		whole, _ := c.same(t, model.Request{})
		for range 2 {
			var pieces []string
			streamed, plain := c.same(t, model.Request{OnText: func(piece string) { pieces = append(pieces, piece) }})
			require.Equal(t, whole[0].Text, streamed[0].Text)
			require.Equal(t, strings.TrimSpace(plain[0].content), strings.TrimSpace(strings.Join(pieces, "")))
			require.Greater(t, len(pieces), 1)
			require.InDelta(t, whole[0].MeanLogProb, streamed[0].MeanLogProb, 1e-3)
		}
	})
	t.Run("samples", func(t *testing.T) {
		samples, _ := c.same(t, model.Request{Samples: 3, Temperature: 1.5, Seed: 7, MaxTokens: 12, TopP: 0.95, TopK: 40})
		require.Len(t, samples, 3)
		require.NotEqual(t, samples[0].Text, samples[1].Text)
	})
	t.Run("several choices", func(t *testing.T) { // which this client asks for one by one; of others it takes the first
		c := newOwnClient(t, config, own.Options{Extra: map[string]any{"n": 2}}, "base")
		c.sameFirst(t)
	})
	t.Run("stop", func(t *testing.T) {
		samples, _ := c.same(t, model.Request{Stop: []string{"na", "Pell"}, OnText: func(string) {}})
		require.NotContains(t, samples[0].Text, "na")
	})
	t.Run("schema", func(t *testing.T) {
		schema := json.RawMessage(`{"type":"object","properties":{"name":{"enum":["Anna","Peter"]}},"required":["name"],` +
			`"additionalProperties":false}`)
		for _, onText := range []func(string){nil, func(string) {}} {
			samples, _ := c.same(t, model.Request{Schema: schema, Temperature: 1, Seed: 3, OnText: onText})
			var value struct{ Name string }
			require.NoError(t, json.Unmarshal([]byte(samples[0].Text), &value), samples[0].Text)
			require.Contains(t, []string{"Anna", "Peter"}, value.Name)
		}
	})
	t.Run("errors", func(t *testing.T) { testOwnClientErrors(t, config, c) })
	t.Run("passages", func(t *testing.T) {
		c := newOwnClient(t, config, own.Options{Extra: map[string]any{"ragft": map[string]any{"retrieval": true}}}, "base")
		samples, _ := c.same(t, model.Request{OnText: func(string) {}})
		require.Contains(t, samples[0].Text, "Anna Pell")
	})
}

// sameFirst compares the first of several choices.
func (c ownClient) sameFirst(t *testing.T) {
	got, err := c.Chat(t.Context(), []model.Request{{Messages: []model.Message{{Role: model.RoleUser, Content: "Who?"}}, Temperature: 1.5}})
	require.NoError(t, err)
	choices := postPlain(t, c.address, c.sent.take()[0])
	require.Len(t, choices, 2)
	require.Equal(t, strings.TrimSpace(choices[0].content), got[0].Samples[0].Text)
}

func testOwnClientErrors(t *testing.T, config Config, c ownClient) {
	ask := func(c ownClient, req model.Request) error {
		if req.Messages == nil {
			req.Messages = []model.Message{{Role: model.RoleUser, Content: "Who?"}}
		}
		_, err := c.Chat(t.Context(), []model.Request{req})
		return err
	}
	long := []model.Message{{Role: model.RoleUser, Content: strings.Repeat("word ", 2000)}}
	require.ErrorIs(t, ask(c, model.Request{Messages: long}), model.ErrPromptTooLong)
	require.ErrorIs(t, ask(newOwnClient(t, config, own.Options{}, "other"), model.Request{}), model.ErrNotFound)
	err := ask(c, model.Request{Schema: json.RawMessage(`{"type":"string","pattern":"a"}`)})
	require.ErrorIs(t, err, model.ErrRequest, "a schema that cannot be followed is not left out")
	require.ErrorContains(t, err, "pattern")
	c.sent.take()
	_, _ = c.same(t, model.Request{Schema: json.RawMessage(`{"type":"boolean"}`)})
	require.ErrorIs(t, ask(c, model.Request{Messages: []model.Message{{Role: "boss", Content: "Who?"}}}), model.ErrRequest)

	locked := config
	locked.Token = "secret"
	require.ErrorIs(t, ask(newOwnClient(t, locked, own.Options{}, "base"), model.Request{}), model.ErrUnauthorized)
	require.NoError(t, ask(newOwnClient(t, locked, own.Options{Key: "secret"}, "base"), model.Request{}))

	// A full queue is a temporary error, which the client repeats.
	full := config
	full.Limits.Requests = 1
	busy := newOwnClient(t, full, own.Options{Retries: opt.Of(30), Concurrency: 4}, "base")
	var clients sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		clients.Go(func() { errs[i] = ask(busy, model.Request{MaxTokens: 20}) })
	}
	clients.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	require.Positive(t, busy.sent.refused)
	names, err := own.List(t.Context(), own.Options{BaseURL: c.address + "/v1"})
	require.NoError(t, err)
	require.Equal(t, []string{"base"}, names)
}

// TestOwnClientWithTools sends calls and results, as rows of tool use are, and has a tool called.
func TestOwnClientWithTools(t *testing.T) {
	config := Config{Models: []Model{{Name: "base", Local: toolModel(t, hermesCalls)}}}
	tools := []any{function("moor", moorSchema, true)}
	c := newOwnClient(t, config, own.Options{Extra: map[string]any{"tools": tools, "tool_choice": "required",
		"parallel_tool_calls": false}}, "base")
	messages := []model.Message{
		{Role: model.RoleUser, Content: "Moor the boat."},
		{Role: model.RoleAssistant, ToolCalls: []model.ToolCall{{ID: "c1", Name: "moor",
			Arguments: json.RawMessage(`{"berth":1,"flag":"red"}`)}}},
		{Role: model.RoleTool, ToolCallID: "c1", Content: "It is taken."},
	}
	got, err := c.Chat(t.Context(), []model.Request{{Messages: messages, Temperature: 1, MaxTokens: 800}})
	require.NoError(t, err)
	bodies := c.sent.take()
	require.Len(t, bodies, 1)
	plain := postPlain(t, c.address, bodies[0])[0]
	require.NotEmpty(t, plain.calls)
	checkCall(t, plain.calls[0].Function.Name, plain.calls[0].Function.Arguments)
	require.Empty(t, got[0].Samples[0].Text, "a call is no text")
	require.True(t, math.IsNaN(got[0].Samples[0].MeanLogProb))
	require.Equal(t, plain.usage.CompletionTokens, got[0].Samples[0].Tokens)
}

// TestOwnClientWithThoughts has a model whose prompt opens a chain of thought: none of it is an answer, in the first stream
// either.
func TestOwnClientWithThoughts(t *testing.T) {
	m, closing := thinking(t)
	var bias map[string]any
	require.NoError(t, json.Unmarshal([]byte("{"+closing+"}"), &bias))
	c := newOwnClient(t, Config{Models: []Model{{Name: "base", Local: m}}}, own.Options{Extra: bias}, "base")
	thoughts := 0
	for seed := range uint64(5) {
		shown := ""
		got, err := c.Chat(t.Context(), []model.Request{{Messages: []model.Message{{Role: model.RoleUser, Content: "Who?"}},
			Temperature: 1, Seed: seed, MaxTokens: 60, OnText: func(piece string) { shown += piece }}})
		require.NoError(t, err)
		s := got[0].Samples[0]
		plain := postPlain(t, c.address, c.sent.take()[0])[0]
		require.Equal(t, strings.TrimSpace(plain.content), s.Text)
		require.Equal(t, s.Text, strings.TrimSpace(shown))
		require.Equal(t, strings.TrimSpace(plain.reasoning), s.Thinking)
		if s.Thinking != "" {
			thoughts++
		}
	}
	require.Positive(t, thoughts)
}
