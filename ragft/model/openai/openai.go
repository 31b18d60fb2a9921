package openai

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/ragft/ragft/internal/jsonl"
	"github.com/ragft/ragft/internal/retry"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/ragft/model"
)

// OpenAIOptions says where a server is that speaks OpenAI's API, and how to
// use it. The zero value asks the one that the environment variable
// OPENAI_BASE_URL names, by default OpenAI's own.
type Options struct {
	BaseURL string // with the version, such as "http://127.0.0.1:8080/v1"; "" = from OPENAI_BASE_URL
	Key     string // sent as bearer token; "" = from OPENAI_API_KEY, or none if that is not set

	// Label is what [Model.Name] gives; "" = "openai/HOST/MODEL". Give
	// servers that hold the same weights the same one to use them in a
	// [pool.Model].
	Label string

	Concurrency int           // requests under way at once; 0 = 4
	Retries     int           // further tries after an error that may pass; 0 = 3, negative = none
	Backoff     time.Duration // about the wait before the first of them, doubled each time; 0 = 500 ms
	Timeout     time.Duration // of one try; 0 = 10 min, negative = none

	Client *http.Client // nil = http.DefaultClient

	// Extra are further fields of each request, such as "reasoning_effort".
	// They go before those that a request sets.
	Extra map[string]any
}

// OpenAIModel is a model that a server with OpenAI's API of chat completions
// runs: OpenAI's own, llama.cpp's, vLLM's, that of ragft/service and many
// others. It meets [model.Model], is safe for concurrent use and needs no closing.
//
// What a server does not offer is left out after it refused it once: log
// probabilities, and "max_tokens", whose place "max_completion_tokens" takes.
// A temperature of 0 asks for a greedy choice, and the seed is passed on, but
// whether equal requests give equal answers is up to the server.
type Model struct {
	name   string
	base   *url.URL
	opts   Options
	slots  chan struct{}
	policy retry.Policy

	noLogProbs      atomic.Bool
	completionLimit atomic.Bool // max_completion_tokens in place of max_tokens
}

// NewOpenAIModel returns the model called name on the server. It does not ask
// the server yet, since not all list their models: a wrong name or key shows
// at the first request, as [model.ErrNotFound] or [model.ErrUnauthorized].
func New(name string, opts Options) (*Model, error) {
	if strings.TrimSpace(name) == "" {
		return nil, errors.New("ragft: openai: no model name")
	}
	or := func(value *string, key, otherwise string) {
		if *value == "" {
			*value = os.Getenv(key)
		}
		if *value == "" {
			*value = otherwise
		}
	}
	or(&opts.BaseURL, "OPENAI_BASE_URL", "https://api.openai.com/v1")
	or(&opts.Key, "OPENAI_API_KEY", "")
	base, err := url.Parse(opts.BaseURL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("ragft: openai: the address %q is no URL such as http://127.0.0.1:8080/v1", opts.BaseURL)
	}
	if opts.Label == "" {
		opts.Label = "openai/" + base.Host + "/" + name
	}
	if opts.Concurrency <= 0 {
		opts.Concurrency = 4
	}
	if opts.Client == nil {
		opts.Client = http.DefaultClient
	}
	return &Model{name: name, base: base, opts: opts, slots: make(chan struct{}, opts.Concurrency),
		policy: retry.New(opts.Retries, opts.Backoff, opts.Timeout)}, nil
}

// Name is [Options.Label], by default "openai/", the server's host and
// the model's name. Servers do not tell what weights are behind it.
func (m *Model) Name() string { return m.opts.Label }

// Concurrency is [Options.Concurrency].
func (m *Model) Concurrency() int { return cap(m.slots) }

// Chat sends every sample of every request as a request of its own, a few at
// a time. The first error ends the others.
func (m *Model) Chat(ctx context.Context, reqs []model.Request) ([]model.Response, error) {
	responses, err := retry.ChatBySample(ctx, m.slots, reqs, m.sample)
	if err != nil {
		return nil, fmt.Errorf("ragft: openai: %w", m.explain(err))
	}
	return responses, nil
}

// sample generates one sample. A try that fails after text was streamed is
// final, since the caller has seen its text.
func (m *Model) sample(ctx context.Context, req model.Request, index int) (sample model.Sample, promptTokens int, err error) {
	var onText func(string)
	if index == 0 {
		onText = req.OnText
	}
	err = m.policy.Do(ctx, func(ctx context.Context) error {
		answer, err := m.try(ctx, req, index, onText)
		if err == nil {
			sample, promptTokens = answer.sample(), answer.Usage.PromptTokens
		}
		return err
	})
	return sample, promptTokens, err
}

// try makes one request, and another one at once if the server refused a
// field that can be done without.
func (m *Model) try(ctx context.Context, req model.Request, index int, onText func(string)) (*openAIAnswer, error) {
	for {
		body, err := m.body(req, index, onText != nil)
		if err != nil {
			return nil, &retry.FinalError{Err: err}
		}
		answer, err := m.post(ctx, body, onText)
		var status *retry.StatusError
		if !errors.As(err, &status) || !m.adapt(status) {
			return answer, err
		}
	}
}

// adapt leaves out what the server has refused, and reports whether that may help.
func (m *Model) adapt(e *retry.StatusError) bool {
	if e.Code != http.StatusBadRequest && e.Code != http.StatusUnprocessableEntity {
		return false
	}
	names := func(field string) bool { return e.Param == field || strings.Contains(e.Message, "'"+field+"'") }
	switch {
	case names("max_tokens") && strings.Contains(e.Message, "max_completion_tokens"):
		return !m.completionLimit.Swap(true)
	case names("logprobs"):
		return !m.noLogProbs.Swap(true)
	}
	return false
}

// body is a request in the form of the API.
func (m *Model) body(req model.Request, index int, stream bool) ([]byte, error) {
	body := map[string]any{}
	for key, value := range m.opts.Extra {
		body[key] = value
	}
	body["model"], body["messages"] = m.name, wireMessages(req.Messages)
	body["temperature"] = req.Temperature
	body["seed"] = int64(seed.Derive(req.Seed, "sample", fmt.Sprint(index)) & math.MaxInt32)
	if m.completionLimit.Load() {
		body["max_completion_tokens"] = req.MaxTokens
	} else {
		body["max_tokens"] = req.MaxTokens
	}
	if !m.noLogProbs.Load() {
		body["logprobs"] = true
	}
	if req.TopP > 0 {
		body["top_p"] = req.TopP
	}
	if req.TopK > 0 {
		body["top_k"] = req.TopK // not OpenAI's, but known to most others
	}
	if len(req.Stop) > 0 {
		body["stop"] = req.Stop
	}
	if len(req.Schema) > 0 {
		body["response_format"] = map[string]any{"type": "json_schema",
			"json_schema": map[string]any{"name": "answer", "strict": true, "schema": req.Schema}}
	}
	if stream {
		body["stream"] = true
		body["stream_options"] = map[string]any{"include_usage": true}
	}
	return json.Marshal(body)
}

// openAIMessages leaves out the chain of thought, which the API does not take.
func wireMessages(messages []model.Message) []model.Message {
	out := make([]model.Message, len(messages))
	for i, m := range messages {
		out[i] = m
		out[i].Thinking = ""
	}
	return out
}

// openAIAnswer is a completion, or a piece of one with Delta for Message.
type openAIAnswer struct {
	Choices []struct {
		Message      openAIText `json:"message"`
		Delta        openAIText `json:"delta"`
		FinishReason string     `json:"finish_reason"`
		LogProbs     *struct {
			Content []struct {
				LogProb float64 `json:"logprob"`
			} `json:"content"`
		} `json:"logprobs"`
	} `json:"choices"`
	Usage struct {
		PromptTokens     int `json:"prompt_tokens"`
		CompletionTokens int `json:"completion_tokens"`
	} `json:"usage"`
	Error json.RawMessage `json:"error"`
}

type openAIText struct {
	Content string `json:"content"` // null where there is none
	Refusal string `json:"refusal"`
}

func (t openAIText) text() string { return t.Content + t.Refusal }

func (a *openAIAnswer) sample() model.Sample {
	choice := a.Choices[0]
	s := model.Sample{Text: strings.TrimSpace(choice.Message.text()), Tokens: a.Usage.CompletionTokens,
		MeanLogProb: math.NaN(), Truncated: choice.FinishReason == "length"}
	if choice.LogProbs != nil && len(choice.LogProbs.Content) > 0 {
		sum := 0.0
		for _, p := range choice.LogProbs.Content {
			sum += p.LogProb
		}
		s.MeanLogProb = sum / float64(len(choice.LogProbs.Content))
	}
	return s
}

// maxAnswer bounds what is read of a server's answer, in bytes.
const maxAnswer = 64 << 20

func (m *Model) post(ctx context.Context, body []byte, onText func(string)) (*openAIAnswer, error) {
	response, err := m.send(ctx, http.MethodPost, "chat/completions", body)
	if err != nil {
		return nil, err
	}
	defer response.Close()
	answer := &openAIAnswer{}
	if onText != nil {
		err = answer.readStream(response, onText)
	} else if err = json.NewDecoder(response).Decode(answer); err == nil {
		err = answer.failure()
	}
	if err == nil && len(answer.Choices) == 0 {
		err = errors.New("the answer has no choice in it")
	}
	return answer, err
}

// openAIReply is the body of a reply, of which no more than maxAnswer is read.
type openAIReply struct {
	io.Reader
	io.Closer
}

// send makes a request, whose reply the caller closes.
func (m *Model) send(ctx context.Context, method, path string, body []byte) (*openAIReply, error) {
	request, err := http.NewRequestWithContext(ctx, method, m.base.JoinPath(path).String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	if m.opts.Key != "" {
		request.Header.Set("Authorization", "Bearer "+m.opts.Key)
	}
	response, err := m.opts.Client.Do(request)
	if err != nil {
		return nil, err
	}
	limited := io.LimitReader(response.Body, maxAnswer)
	if response.StatusCode != http.StatusOK {
		defer response.Body.Close()
		return nil, newStatusError(response, limited)
	}
	return &openAIReply{limited, response.Body}, nil
}

// OpenAIModels lists the names of the models that the server of the options
// says it has, in its order. Not every server tells, and some leave models out.
func List(ctx context.Context, opts Options) ([]string, error) {
	m, err := New("of any name", opts)
	if err != nil {
		return nil, err
	}
	var list struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	err = m.policy.Do(ctx, func(ctx context.Context) error {
		reply, err := m.send(ctx, http.MethodGet, "models", nil)
		if err != nil {
			return err
		}
		defer reply.Close()
		return json.NewDecoder(reply).Decode(&list)
	})
	switch {
	case err == nil:
	case retry.HttpStatus(err) == http.StatusNotFound:
		return nil, fmt.Errorf("ragft: openai: %s does not list its models: %w", m.base, err)
	default:
		return nil, fmt.Errorf("ragft: openai: models of %s: %w", m.base, m.explain(err))
	}
	var names []string
	for _, model := range list.Data {
		names = append(names, model.ID)
	}
	return names, nil
}

// failure is an error that came with the status 200.
func (a *openAIAnswer) failure() error {
	if len(a.Error) == 0 || string(a.Error) == "null" {
		return nil
	}
	return &retry.StatusError{Code: http.StatusOK, Message: string(a.Error)}
}

// readStream puts the answer together from server-sent events.
func (a *openAIAnswer) readStream(r io.Reader, onText func(string)) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, jsonl.MaxLine)
	var text strings.Builder
	streamed := false
	fail := func(err error) error {
		if streamed {
			return &retry.FinalError{Err: err}
		}
		return err
	}
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data:")
		if data = strings.TrimSpace(data); !ok || data == "" {
			continue // comments and blank lines
		}
		if data == "[DONE]" {
			if len(a.Choices) > 0 {
				a.Choices[0].Message.Content = text.String()
			}
			return nil
		}
		var part openAIAnswer
		if err := json.Unmarshal([]byte(data), &part); err != nil {
			return fail(err)
		}
		if err := part.failure(); err != nil {
			return fail(err)
		}
		a.add(&part)
		if len(part.Choices) > 0 {
			if piece := part.Choices[0].Delta.text(); piece != "" {
				streamed = true
				text.WriteString(piece)
				onText(piece)
			}
		}
	}
	err := lines.Err()
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	return fail(fmt.Errorf("the answer ended early: %w", err))
}

// add takes what a piece tells besides its text.
func (a *openAIAnswer) add(part *openAIAnswer) {
	if part.Usage.CompletionTokens > 0 {
		a.Usage = part.Usage
	}
	if len(part.Choices) == 0 {
		return
	}
	piece := part.Choices[0]
	if len(a.Choices) == 0 {
		a.Choices = part.Choices[:1]
		return
	}
	all := &a.Choices[0]
	if piece.FinishReason != "" {
		all.FinishReason = piece.FinishReason
	}
	switch {
	case piece.LogProbs == nil:
	case all.LogProbs == nil:
		all.LogProbs = piece.LogProbs
	default:
		all.LogProbs.Content = append(all.LogProbs.Content, piece.LogProbs.Content...)
	}
}

func newStatusError(response *http.Response, body io.Reader) error {
	data, _ := io.ReadAll(io.LimitReader(body, 64<<10)) // what could be read is message enough
	e := &retry.StatusError{Code: response.StatusCode, Message: strings.TrimSpace(string(data))}
	var parsed struct {
		Error struct {
			Message string `json:"message"`
			Param   string `json:"param"`
			Code    any    `json:"code"` // some servers give a number
		} `json:"error"`
	}
	if json.Unmarshal(data, &parsed) == nil && parsed.Error.Message != "" {
		e.Message, e.Param = parsed.Error.Message, parsed.Error.Param
		e.Kind, _ = parsed.Error.Code.(string)
	}
	after := response.Header.Get("Retry-After")
	if seconds, err := strconv.Atoi(after); err == nil {
		e.RetryAfter = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(after); err == nil {
		e.RetryAfter = time.Until(at)
	}
	return e
}

// explain says what to do about an error.
func (m *Model) explain(err error) error {
	var status *retry.StatusError
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case retry.IsDown(err):
		return fmt.Errorf("%w at %s: start it, or correct OpenAIOptions.BaseURL (%w)", model.ErrUnavailable, m.base.Host, err)
	case !errors.As(err, &status):
		return err
	case status.Code == http.StatusUnauthorized, status.Code == http.StatusForbidden:
		return fmt.Errorf("%w: set OPENAI_API_KEY or OpenAIOptions.Key (%w)", model.ErrUnauthorized, err)
	case status.Kind == "model_not_found", status.Code == http.StatusNotFound && strings.Contains(status.Message, "model"):
		return fmt.Errorf("%w %s on %s (%w)", model.ErrNotFound, m.name, m.base.Host, err)
	case status.Kind == "context_length_exceeded", strings.Contains(status.Message, "context length"),
		strings.Contains(status.Message, "context size"):
		return fmt.Errorf("%w: use fewer or smaller passages (%w)", model.ErrPromptTooLong, err)
	case retry.IsRefusedRequest(status.Code):
		return fmt.Errorf("%w (%w)", model.ErrRequest, err)
	}
	return err
}
