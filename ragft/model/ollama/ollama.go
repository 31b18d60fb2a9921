package ollama

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/ollama/ollama/api"

	"github.com/ragft/ragft/internal/ollamaclient"
	"github.com/ragft/ragft/internal/retry"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/internal/thoughts"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
)

// Options says which server to use, and how. The zero value asks the server of
// the environment variable OLLAMA_HOST, by default the one on this machine.
// Negative numbers are errors.
type Options struct {
	Client  *api.Client // nil = one for BaseURL
	BaseURL string      // such as "http://127.0.0.1:11434"; "" = from OLLAMA_HOST

	// Concurrency is the number of requests at the same time; 0 = 2. The server
	// has a limit of its own, OLLAMA_NUM_PARALLEL.
	Concurrency int

	Retries opt.Value[int] // further tries after a temporary error; unset = 3
	Backoff time.Duration  // wait before the first further try, doubled each time; 0 = 500 ms
	Timeout time.Duration  // of one try, loading the model included; 0 = 10 min

	ContextLength int                      // num_ctx, tokens; 0 = the server's default
	KeepAlive     opt.Value[time.Duration] // how long the model stays loaded after a request; unset = the server's default

	// Think lets a reasoning model think before it answers; false = it answers at
	// once, since demonstrations are answers and not thoughts.
	Think bool

	// Options holds further model options, such as "num_gpu" or
	// "repeat_penalty"; nil = none. The options that a request sets replace them.
	Options map[string]any
}

// Model is a model on an Ollama server. It implements [model.Model],
// [model.Hasher] and [model.Limiter], is safe for concurrent use, and needs no
// cgo and no closing.
//
// The server applies the model's chat template. What a [model.Request] leaves
// unset is switched off rather than left to the server's defaults (top-k 40,
// top-p 0.9, repetition penalty 1.1), so that a sample is a draw from the
// model. A prompt that does not fit is [model.ErrPromptTooLong]; without this
// the server would silently truncate it. Several samples are several requests,
// whose common prompt the server keeps from one to the next.
type Model struct {
	client  *api.Client
	tag     string // the name with its tag, as the server lists it
	digest  string
	opts    Options
	options string // of the name: the start of the hash of Options.Options
	slots   chan struct{}
	policy  retry.Policy
	thinks  atomic.Bool // the prompt opens a chain of thought
	known   atomic.Bool // there was an answer that told how its text begins; before, a stream is held back
}

// New connects to the server and looks up the model there. A wrong name is
// [model.ErrNotFound], and a server that is not running [model.ErrUnavailable].
// A name without a tag means the tag "latest". The model's digest becomes part
// of [Model.Name].
func New(ctx context.Context, name string, opts Options) (*Model, error) {
	if strings.TrimSpace(name) == "" {
		return nil, errors.New("ragft: ollama: no model name")
	}
	if err := opts.check(); err != nil {
		return nil, fmt.Errorf("ragft: ollama: %w", err)
	}
	policy, err := retry.New(opts.Retries, opts.Backoff, opts.Timeout)
	if err != nil {
		return nil, fmt.Errorf("ragft: ollama: %w", err)
	}
	policy.Status = ollamaclient.Status
	client := opts.Client
	if client == nil {
		if client, err = ollamaclient.New(opts.BaseURL); err != nil {
			return nil, fmt.Errorf("ragft: ollama: %w", err)
		}
	}
	m := &Model{client: client, tag: ollamaclient.WithTag(name), opts: opts, policy: policy,
		slots: make(chan struct{}, cmp.Or(opts.Concurrency, 2))}
	if len(opts.Options) > 0 {
		options, err := json.Marshal(opts.Options)
		if err != nil {
			return nil, fmt.Errorf("ragft: ollama: Options.Options: %w", err)
		}
		m.options = fmt.Sprintf("+%.4x", sha256.Sum256(options))
	}
	err = policy.Do(ctx, func(ctx context.Context) error {
		m.digest, err = ollamaclient.Digest(ctx, client, m.tag)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("ragft: ollama: %w", m.explain(err))
	}
	return m, nil
}

func (o Options) check() error {
	switch {
	case o.Concurrency < 0:
		return fmt.Errorf("Concurrency is %d; it must be 0 or more", o.Concurrency)
	case o.ContextLength < 0:
		return fmt.Errorf("ContextLength is %d; it must be 0 or more", o.ContextLength)
	case o.KeepAlive.Or(0) < 0:
		return fmt.Errorf("KeepAlive is %v; it must be 0 or more", o.KeepAlive)
	}
	return nil
}

// Name returns "ollama/", the model's name with its tag, "@" and its digest,
// then what of the options changes an answer. A digest covers weights, adapter
// and template.
func (m *Model) Name() string {
	name := "ollama/" + m.tag
	if m.digest != "" {
		name += "@" + m.digest
	}
	if m.opts.Think {
		name += "+think"
	}
	if m.opts.ContextLength > 0 {
		name += fmt.Sprintf("+ctx%d", m.opts.ContextLength)
	}
	return name + m.options
}

// Hash returns the server's digest of the model, hex SHA-256.
func (m *Model) Hash() string { return strings.TrimPrefix(m.digest, "sha256:") }

// Chat sends every sample of every request as a chat of its own, several at the
// same time. The first error ends the others.
func (m *Model) Chat(ctx context.Context, reqs []model.Request) ([]model.Response, error) {
	responses, err := retry.ChatBySample(ctx, m.slots, reqs, m.sample)
	if err != nil {
		return nil, fmt.Errorf("ragft: ollama: %w", m.explain(err))
	}
	return responses, nil
}

// Concurrency returns [Options.Concurrency].
func (m *Model) Concurrency() int { return cap(m.slots) }

// sample generates one sample. A try that fails after text was streamed is
// final, since the caller has seen the text.
func (m *Model) sample(ctx context.Context, req model.Request, index int) (sample model.Sample, promptTokens int, err error) {
	chat, err := m.request(req, index)
	if err != nil {
		return sample, 0, err
	}
	var onText func(string)
	if index == 0 {
		onText = req.OnText
	}
	err = m.policy.Do(ctx, func(ctx context.Context) error {
		a := &answer{onText: onText, begun: m.thinks.Load(), known: m.known.Load()}
		err := a.receive(func(each api.ChatResponseFunc) error { return m.client.Chat(ctx, chat, each) })
		sample, promptTokens = a.sample(), a.last.PromptEvalCount
		if err == nil && thoughts.EndsUnopened(a.text.String()) {
			m.thinks.Store(true)
		}
		if err == nil && (a.reasoning.Len() > 0 || thoughts.Tells(a.text.String(), sample.Truncated)) {
			m.known.Store(true)
		}
		return err
	})
	return sample, promptTokens, err
}

// request returns a request in the form of the API.
func (m *Model) request(req model.Request, index int) (*api.ChatRequest, error) {
	if len(req.Exclude) > 0 {
		return nil, fmt.Errorf("%w: Ollama cannot exclude how an answer begins (Request.Exclude)", model.ErrRequest)
	}
	if req.Begin != "" {
		return nil, fmt.Errorf("%w: Ollama cannot be given the beginning of an answer (Request.Begin)", model.ErrRequest)
	}
	off := false
	chat := &api.ChatRequest{
		Model: m.tag, Options: m.sampling(req, index), Logprobs: true,
		Think: &api.ThinkValue{Value: m.opts.Think}, Truncate: &off, Shift: &off, Format: req.Schema,
	}
	for _, message := range req.Messages {
		translated, err := ollamaMessage(message)
		if err != nil {
			return nil, err
		}
		chat.Messages = append(chat.Messages, translated)
	}
	if m.opts.KeepAlive.IsSet() {
		chat.KeepAlive = &api.Duration{Duration: m.opts.KeepAlive.Or(0)}
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

func (m *Model) sampling(req model.Request, index int) map[string]any {
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

// explain says what to do about an error.
func (m *Model) explain(err error) error {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, model.ErrNotFound):
		return fmt.Errorf("%w %s: run \"ollama pull %s\"", model.ErrNotFound, m.tag, m.tag)
	case ollamaclient.Status(err) == http.StatusNotFound && strings.Contains(err.Error(), "not found"):
		return fmt.Errorf("%w %s: run \"ollama pull %s\" (%w)", model.ErrNotFound, m.tag, m.tag, err)
	case strings.Contains(err.Error(), "exceeds the context length"):
		return fmt.Errorf("%w: use fewer or smaller passages, or a larger Options.ContextLength (%w)", model.ErrPromptTooLong, err)
	case retry.IsDown(err):
		return fmt.Errorf("%w: start it with \"ollama serve\", or set OLLAMA_HOST (%w)", model.ErrUnavailable, err)
	case retry.IsRefusedRequest(ollamaclient.Status(err)):
		return fmt.Errorf("%w (%w)", model.ErrRequest, err)
	}
	return err
}
