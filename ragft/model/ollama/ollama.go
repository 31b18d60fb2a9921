package ollama

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/ollama/ollama/api"
	"github.com/ragft/ragft/internal/ollamaclient"
	"github.com/ragft/ragft/internal/retry"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/ragft/model"
)

// OllamaOptions says where the server is and how to use it. The zero value
// asks the server that the environment variable OLLAMA_HOST names, by default
// the one on this machine.
type Options struct {
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

// OllamaModel is a model that an Ollama server runs. It meets [model.Model], is safe
// for concurrent use and needs no cgo and no closing.
//
// The server applies the model's chat template. What a [model.Request] leaves
// open is switched off rather than left to the server's defaults (top-k 40,
// top-p 0.9, repetition penalty 1.1), so that a sample is a draw from the
// model. A prompt that does not fit is an error, [model.ErrPromptTooLong]; by itself
// the server would cut it without a word. Several samples are several
// requests, whose common prompt the server keeps from one to the next.
type Model struct {
	Client *api.Client
	Tag    string // with tag, as the server lists it
	Digest string
	opts   Options
	slots  chan struct{}
	policy retry.Policy
}

// NewOllamaModel connects to the server and looks the model up there, so that
// a wrong name or a server that is not running shows at once. A name without a
// tag means the tag "latest". The digest that the server gives for the model
// becomes part of [Model.Name].
func New(ctx context.Context, name string, opts Options) (*Model, error) {
	if strings.TrimSpace(name) == "" {
		return nil, errors.New("ragft: ollama: no model name")
	}
	m := &Model{Client: opts.Client, Tag: ollamaclient.WithTag(name), opts: opts.withDefaults()}
	m.slots = make(chan struct{}, m.opts.Concurrency)
	m.policy = retry.New(opts.Retries, opts.Backoff, opts.Timeout)
	m.policy.Status = ollamaclient.Status
	if m.Client == nil {
		client, err := ollamaclient.New(opts.BaseURL)
		if err != nil {
			return nil, fmt.Errorf("ragft: ollama: %w", err)
		}
		m.Client = client
	}
	if err := m.policy.Do(ctx, m.LookUp); err != nil {
		return nil, fmt.Errorf("ragft: ollama: %w", m.explain(err))
	}
	return m, nil
}

func (o Options) withDefaults() Options {
	if o.Concurrency <= 0 {
		o.Concurrency = 2
	}
	return o
}

// lookUp finds the model's digest on the server.
func (m *Model) LookUp(ctx context.Context) error {
	list, err := m.Client.List(ctx)
	if err != nil {
		return err
	}
	for _, model := range list.Models {
		if strings.EqualFold(model.Name, m.Tag) || strings.EqualFold(model.Model, m.Tag) {
			m.Digest = model.Digest
			return nil
		}
	}
	return model.ErrNotFound
}

// Name is "ollama/", the model's name with its tag, "@" and its digest.
// A digest covers weights, adapter and template.
func (m *Model) Name() string {
	name := "ollama/" + m.Tag
	if m.Digest != "" {
		name += "@" + m.Digest
	}
	if m.opts.Think {
		name += "+think"
	}
	return name
}

// Hash is the digest that the server gives for the model, hex SHA-256.
func (m *Model) Hash() string { return strings.TrimPrefix(m.Digest, "sha256:") }

// Chat sends every sample of every request as a chat of its own, a few at a
// time. The first error ends the others.
func (m *Model) Chat(ctx context.Context, reqs []model.Request) ([]model.Response, error) {
	responses, err := retry.ChatBySample(ctx, m.slots, reqs, m.sample)
	if err != nil {
		return nil, fmt.Errorf("ragft: ollama: %w", m.explain(err))
	}
	return responses, nil
}

// Concurrency is [Options.Concurrency].
func (m *Model) Concurrency() int { return cap(m.slots) }

// sample generates one sample. A try that fails after text was streamed is
// final, since the caller has seen its text.
func (m *Model) sample(ctx context.Context, req model.Request, index int) (sample model.Sample, promptTokens int, err error) {
	chat, err := m.request(req, index)
	if err != nil {
		return sample, 0, err
	}
	err = m.policy.Do(ctx, func(ctx context.Context) error {
		var text strings.Builder
		var last api.ChatResponse
		var logProbs []api.Logprob
		streamed := false
		err := m.Client.Chat(ctx, chat, func(part api.ChatResponse) error {
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
			return &retry.FinalError{Err: err}
		}
		sample = model.Sample{
			Text: text.String(), Tokens: last.EvalCount,
			MeanLogProb: meanLogProb(logProbs), Truncated: last.DoneReason == "length",
		}
		promptTokens = last.PromptEvalCount
		return err
	})
	return sample, promptTokens, err
}

// request translates a ChatRequest for the API.
func (m *Model) request(req model.Request, index int) (*api.ChatRequest, error) {
	if len(req.Exclude) > 0 {
		return nil, fmt.Errorf("%w: Ollama cannot exclude how an answer begins (Request.Exclude)", model.ErrRequest)
	}
	off := false
	chat := &api.ChatRequest{
		Model: m.Tag, Options: m.options(req, index), Logprobs: true,
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

func ollamaMessage(m model.Message) (api.Message, error) {
	out := api.Message{Role: m.Role, Content: m.Content, Thinking: m.Thinking, ToolCallID: m.ToolCallID}
	if m.Role == model.RoleTool {
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

func (m *Model) options(req model.Request, index int) map[string]any {
	options := map[string]any{"repeat_penalty": 1.0, "min_p": 0.0}
	if m.opts.ContextLength > 0 {
		options["num_ctx"] = m.opts.ContextLength
	}
	for name, value := range m.opts.Options {
		options[name] = value
	}
	options["temperature"] = req.Temperature
	options["top_k"] = req.TopK
	options["top_p"] = cmp.Or(req.TopP, 1)
	if req.MinP > 0 {
		options["min_p"] = req.MinP
	}
	options["num_predict"] = req.MaxTokens
	// The server reads a seed of 31 bits on every platform; -1 means random.
	options["seed"] = int(seed.Derive(req.Seed, "sample", fmt.Sprint(index)) & math.MaxInt32)
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
func (m *Model) explain(err error) error {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, model.ErrNotFound):
		return fmt.Errorf("%w %s: run \"ollama pull %s\"", model.ErrNotFound, m.Tag, m.Tag)
	case ollamaclient.Status(err) == http.StatusNotFound && strings.Contains(err.Error(), "not found"):
		return fmt.Errorf("%w %s: run \"ollama pull %s\" (%w)", model.ErrNotFound, m.Tag, m.Tag, err)
	case strings.Contains(err.Error(), "exceeds the context length"):
		return fmt.Errorf("%w: use fewer or smaller passages, or a larger OllamaOptions.ContextLength (%w)", model.ErrPromptTooLong, err)
	case retry.IsDown(err):
		return fmt.Errorf("%w: start it with \"ollama serve\", or set OLLAMA_HOST (%w)", model.ErrUnavailable, err)
	case retry.IsRefusedRequest(ollamaclient.Status(err)):
		return fmt.Errorf("%w (%w)", model.ErrRequest, err)
	}
	return err
}
