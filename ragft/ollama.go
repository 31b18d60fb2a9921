package ragft

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ollama/ollama/api"
)

// OllamaOptions says where the server is and how to use it. The zero value
// asks the server that the environment variable OLLAMA_HOST names, by default
// the one on this machine.
type OllamaOptions struct {
	Client  *api.Client // nil = one for BaseURL
	BaseURL string      // such as "http://127.0.0.1:11434"; "" = from OLLAMA_HOST

	// Concurrency is the largest number of requests under way at once; 0 = 2.
	// The server has its own limit, OLLAMA_NUM_PARALLEL.
	Concurrency int

	Retries int           // further tries after an error that may pass; 0 = 3, negative = none
	Backoff time.Duration // about the wait before the first of them, doubled each time; 0 = 500 ms
	Timeout time.Duration // of one try, loading the model included; 0 = 10 min, negative = none

	ContextLength int           // num_ctx, tokens; 0 = the server's default
	KeepAlive     time.Duration // how long the model stays loaded after a request; 0 = the server's default, negative = for ever

	// Think lets a model that can do so think before it answers. The default
	// is not to, since demonstrations are answers and not thoughts.
	Think bool

	// Options are further model options, such as "num_gpu" or
	// "repeat_penalty". They go before those that a request sets.
	Options map[string]any
}

// OllamaModel is a model that an Ollama server runs. It meets [Model], is safe
// for concurrent use and needs no cgo and no closing.
//
// The server applies the model's chat template. What a [ChatRequest] leaves
// open is switched off rather than left to the server's defaults (top-k 40,
// top-p 0.9, repetition penalty 1.1), so that a sample is a draw from the
// model. A prompt that does not fit is an error, [ErrPromptTooLong]; by itself
// the server would cut it without a word. Several samples are several
// requests, whose common prompt the server keeps from one to the next.
type OllamaModel struct {
	client *api.Client
	name   string // with tag, as the server lists it
	digest string
	opts   OllamaOptions
	slots  chan struct{}
	policy retryPolicy
}

// NewOllamaModel connects to the server and looks the model up there, so that
// a wrong name or a server that is not running shows at once. A name without a
// tag means the tag "latest". The digest that the server gives for the model
// becomes part of [OllamaModel.Name].
func NewOllamaModel(ctx context.Context, name string, opts OllamaOptions) (*OllamaModel, error) {
	if strings.TrimSpace(name) == "" {
		return nil, errors.New("ragft: ollama: no model name")
	}
	m := &OllamaModel{client: opts.Client, name: withTag(name), opts: opts.withDefaults()}
	m.slots = make(chan struct{}, m.opts.Concurrency)
	m.policy = newRetryPolicy(opts.Retries, opts.Backoff, opts.Timeout)
	m.policy.status = ollamaStatus
	if m.client == nil {
		client, err := newClient(opts.BaseURL)
		if err != nil {
			return nil, fmt.Errorf("ragft: ollama: %w", err)
		}
		m.client = client
	}
	if err := m.policy.do(ctx, m.lookUp); err != nil {
		return nil, fmt.Errorf("ragft: ollama: %w", m.explain(err))
	}
	return m, nil
}

func (o OllamaOptions) withDefaults() OllamaOptions {
	if o.Concurrency <= 0 {
		o.Concurrency = 2
	}
	return o
}

func newClient(base string) (*api.Client, error) {
	if base == "" {
		return api.ClientFromEnvironment()
	}
	if !strings.Contains(base, "://") {
		base = "http://" + base
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("the address %q is no URL such as http://127.0.0.1:11434", base)
	}
	return api.NewClient(u, http.DefaultClient), nil
}

// withTag adds the default tag. Only the part after the last slash may hold
// one, since a host may have a port.
func withTag(name string) string {
	if strings.Contains(name[strings.LastIndex(name, "/")+1:], ":") {
		return name
	}
	return name + ":latest"
}

// lookUp finds the model's digest on the server.
func (m *OllamaModel) lookUp(ctx context.Context) error {
	list, err := m.client.List(ctx)
	if err != nil {
		return err
	}
	for _, model := range list.Models {
		if strings.EqualFold(model.Name, m.name) || strings.EqualFold(model.Model, m.name) {
			m.digest = model.Digest
			return nil
		}
	}
	return ErrModelMissing
}

// Name is "ollama/", the model's name with its tag, "@" and its digest.
// A digest covers weights, adapter and template.
func (m *OllamaModel) Name() string {
	name := "ollama/" + m.name
	if m.digest != "" {
		name += "@" + m.digest
	}
	if m.opts.Think {
		name += "+think"
	}
	return name
}

// Hash is the digest that the server gives for the model, hex SHA-256.
func (m *OllamaModel) Hash() string { return strings.TrimPrefix(m.digest, "sha256:") }

// Chat sends every sample of every request as a chat of its own, a few at a
// time. The first error ends the others.
func (m *OllamaModel) Chat(ctx context.Context, reqs []ChatRequest) ([]ChatResponse, error) {
	responses, err := chatBySample(ctx, m.slots, reqs, m.sample)
	if err != nil {
		return nil, fmt.Errorf("ragft: ollama: %w", m.explain(err))
	}
	return responses, nil
}

// Concurrency is [OllamaOptions.Concurrency].
func (m *OllamaModel) Concurrency() int { return cap(m.slots) }

// sample generates one sample. A try that fails after text was streamed is
// final, since the caller has seen its text.
func (m *OllamaModel) sample(ctx context.Context, req ChatRequest, index int) (sample ChatSample, promptTokens int, err error) {
	chat, err := m.request(req, index)
	if err != nil {
		return sample, 0, err
	}
	err = m.policy.do(ctx, func(ctx context.Context) error {
		var text strings.Builder
		var last api.ChatResponse
		var logProbs []api.Logprob
		streamed := false
		err := m.client.Chat(ctx, chat, func(part api.ChatResponse) error {
			text.WriteString(part.Message.Content)
			logProbs = append(logProbs, part.Logprobs...)
			if req.OnText != nil && index == 0 && part.Message.Content != "" {
				streamed = true
				req.OnText(part.Message.Content)
			}
			last = part
			return nil
		})
		if err == nil && !last.Done {
			// The client takes a connection that broke for the end.
			err = fmt.Errorf("the answer ended early: %w", io.ErrUnexpectedEOF)
		}
		if err != nil && streamed {
			return &finalError{err}
		}
		sample = ChatSample{
			Text: text.String(), Tokens: last.EvalCount,
			MeanLogProb: meanLogProb(logProbs), Truncated: last.DoneReason == "length",
		}
		promptTokens = last.PromptEvalCount
		return err
	})
	return sample, promptTokens, err
}

// request translates a ChatRequest for the API.
func (m *OllamaModel) request(req ChatRequest, index int) (*api.ChatRequest, error) {
	off := false
	chat := &api.ChatRequest{
		Model: m.name, Options: m.options(req, index), Logprobs: true,
		Think: &api.ThinkValue{Value: m.opts.Think}, Truncate: &off, Shift: &off, Format: req.Schema,
	}
	for _, message := range req.Messages {
		translated, err := ollamaMessage(message)
		if err != nil {
			return nil, err
		}
		chat.Messages = append(chat.Messages, translated)
	}
	if m.opts.KeepAlive != 0 {
		chat.KeepAlive = &api.Duration{Duration: m.opts.KeepAlive}
	}
	return chat, nil
}

func ollamaMessage(m Message) (api.Message, error) {
	out := api.Message{Role: m.Role, Content: m.Content, Thinking: m.Thinking, ToolCallID: m.ToolCallID}
	if m.Role == RoleTool {
		out.ToolName = m.Name
	}
	for i, call := range m.ToolCalls {
		arguments := api.NewToolCallFunctionArguments()
		if len(call.Arguments) > 0 {
			if err := json.Unmarshal(call.Arguments, &arguments); err != nil {
				return out, fmt.Errorf("arguments of the call of %q: %w", call.Name, err)
			}
		}
		out.ToolCalls = append(out.ToolCalls, api.ToolCall{ID: call.ID,
			Function: api.ToolCallFunction{Index: i, Name: call.Name, Arguments: arguments}})
	}
	return out, nil
}

func (m *OllamaModel) options(req ChatRequest, index int) map[string]any {
	options := map[string]any{"repeat_penalty": 1.0, "min_p": 0.0}
	if m.opts.ContextLength > 0 {
		options["num_ctx"] = m.opts.ContextLength
	}
	for name, value := range m.opts.Options {
		options[name] = value
	}
	options["temperature"] = max(req.Temperature, 0)
	options["top_k"] = max(req.TopK, 0)
	options["top_p"] = 1.0
	if req.TopP > 0 {
		options["top_p"] = min(req.TopP, 1)
	}
	options["num_predict"] = req.MaxTokens
	if req.MaxTokens <= 0 {
		options["num_predict"] = DefaultMaxTokens
	}
	// The server reads a seed of 31 bits on every platform; -1 means random.
	options["seed"] = int(deriveSeed(req.Seed, "sample", fmt.Sprint(index)) & math.MaxInt32)
	if len(req.Stop) > 0 {
		options["stop"] = req.Stop
	}
	return options
}

func meanLogProb(logProbs []api.Logprob) float64 {
	if len(logProbs) == 0 {
		return math.NaN()
	}
	sum := 0.0
	for _, p := range logProbs {
		sum += p.Logprob
	}
	return sum / float64(len(logProbs))
}

// explain says what to do about an error.
func (m *OllamaModel) explain(err error) error {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, ErrModelMissing):
		return fmt.Errorf("%w %s: run \"ollama pull %s\"", ErrModelMissing, m.name, m.name)
	case ollamaStatus(err) == http.StatusNotFound && strings.Contains(err.Error(), "not found"):
		return fmt.Errorf("%w %s: run \"ollama pull %s\" (%w)", ErrModelMissing, m.name, m.name, err)
	case strings.Contains(err.Error(), "exceeds the context length"):
		return fmt.Errorf("%w: use fewer or smaller passages, or a larger OllamaOptions.ContextLength (%w)", ErrPromptTooLong, err)
	case isDown(err):
		return fmt.Errorf("%w: start it with \"ollama serve\", or set OLLAMA_HOST (%w)", ErrServerDown, err)
	case isRefusedRequest(ollamaStatus(err)):
		return fmt.Errorf("%w (%w)", ErrRequest, err)
	}
	return err
}

// ollamaStatus is the HTTP status of an error of Ollama's client; 0 = it is none.
func ollamaStatus(err error) int {
	var refused api.StatusError
	var auth api.AuthorizationError
	switch {
	case errors.As(err, &refused):
		return refused.StatusCode
	case errors.As(err, &auth):
		return auth.StatusCode
	}
	return 0
}
