package openai

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/internal/thoughts"
	"github.com/ragft/ragft/ragft/model"
)

// body returns the body of a request, without the fields that are left out.
func (m *Model) body(req model.Request, index int, left leftOut, stream bool) map[string]any {
	body := map[string]any{}
	maps.Copy(body, m.opts.Extra)
	body["temperature"] = req.Temperature
	body["seed"] = int64(seed.Derive(req.Seed, "sample", fmt.Sprint(index)) & math.MaxInt32)
	body["max_tokens"], body["logprobs"] = req.MaxTokens, true
	if left["max_tokens"] {
		body["max_completion_tokens"] = req.MaxTokens
	}
	if req.TopP > 0 {
		body["top_p"] = req.TopP
	}
	if req.TopK > 0 {
		body["top_k"] = req.TopK // not OpenAI's, but known to most others
	}
	if req.MinP > 0 {
		body["min_p"] = req.MinP // as top_k
	}
	if len(req.Stop) > 0 {
		body["stop"] = req.Stop
	}
	switch {
	case len(req.Schema) == 0:
	case left[schemaFormat]:
		body["response_format"] = map[string]any{"type": "json_object"}
	default:
		body["response_format"] = map[string]any{"type": "json_schema",
			"json_schema": map[string]any{"name": "answer", "strict": true, "schema": req.Schema}}
	}
	if stream {
		body["stream"], body["stream_options"] = true, map[string]any{"include_usage": true}
	}
	for field := range left {
		delete(body, field)
	}
	if body["stream"] == nil {
		delete(body, "stream_options")
	}
	body["model"], body["messages"] = m.name, withoutThinking(req.Messages)
	return body
}

// withoutThinking leaves out the chain of thought, which the API does not accept.
func withoutThinking(messages []model.Message) []model.Message {
	out := slices.Clone(messages)
	for i := range out {
		out[i].Thinking = ""
	}
	return out
}

// post makes one request. It streams to onText, which may be nil, if the body asks for that and the server does. stops are
// those that the server does not know of.
func (m *Model) post(ctx context.Context, body map[string]any, stops []string, onText func(string)) (*answer, error) {
	data, err := json.Marshal(body) // the JSON of our messages is the API's own
	if err != nil {
		return nil, err
	}
	var reply *http.Response
	if err := m.client.Post(ctx, "chat/completions", json.RawMessage(data), &reply); err != nil {
		return nil, err
	}
	defer reply.Body.Close()
	a := &answer{begun: m.thinks.Load(), known: m.known.Load(), stops: stops}
	if strings.HasPrefix(reply.Header.Get("Content-Type"), eventStream) {
		err = a.stream(reply.Body, onText)
	} else if err = a.whole(reply.Body); err == nil && onText != nil && a.sample().Text != "" {
		onText(a.sample().Text) // the server does not stream
	}
	if err == nil && thoughts.EndsUnopened(a.text.String()) {
		m.thinks.Store(true)
	}
	if err == nil && (a.reasoning.Len() > 0 || thoughts.Tells(a.text.String(), a.cutOff())) {
		m.known.Store(true)
	}
	return a, err
}
