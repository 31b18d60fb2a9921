package ragft

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"syscall"
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
	Backoff time.Duration // wait before the first of them, doubled each time; 0 = 500 ms

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
}

// Errors of an Ollama server that a caller can act on.
var (
	ErrServerDown   = errors.New("the Ollama server does not answer")
	ErrModelMissing = errors.New("the Ollama server does not have the model")
)

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
	if m.client == nil {
		client, err := newClient(opts.BaseURL)
		if err != nil {
			return nil, fmt.Errorf("ragft: ollama: %w", err)
		}
		m.client = client
	}
	if err := m.retry(ctx, m.lookUp); err != nil {
		return nil, fmt.Errorf("ragft: ollama: %w", m.explain(err))
	}
	return m, nil
}

func (o OllamaOptions) withDefaults() OllamaOptions {
	if o.Concurrency <= 0 {
		o.Concurrency = 2
	}
	if o.Retries == 0 {
		o.Retries = 3
	}
	if o.Backoff <= 0 {
		o.Backoff = 500 * time.Millisecond
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
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	responses := make([]ChatResponse, len(reqs))
	var wg sync.WaitGroup
	var mu sync.Mutex // guards PromptTokens, which the samples of a request share
	for i, req := range reqs {
		responses[i].Samples = make([]ChatSample, max(req.Samples, 1))
		for j := range responses[i].Samples {
			select {
			case m.slots <- struct{}{}:
			case <-ctx.Done():
				continue
			}
			wg.Go(func() {
				defer func() { <-m.slots }()
				sample, promptTokens, err := m.sample(ctx, req, j)
				if err != nil {
					cancel(err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				responses[i].Samples[j] = sample
				responses[i].PromptTokens = max(responses[i].PromptTokens, promptTokens)
			})
		}
	}
	wg.Wait()
	if ctx.Err() != nil {
		return nil, fmt.Errorf("ragft: ollama: %w", m.explain(context.Cause(ctx)))
	}
	return responses, nil
}

// sample generates one sample. A try that fails after text was streamed is
// final, since the caller has seen its text.
func (m *OllamaModel) sample(ctx context.Context, req ChatRequest, index int) (sample ChatSample, promptTokens int, err error) {
	chat := m.request(req, index)
	err = m.retry(ctx, func(ctx context.Context) error {
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
func (m *OllamaModel) request(req ChatRequest, index int) *api.ChatRequest {
	off := false
	chat := &api.ChatRequest{
		Model: m.name, Options: m.options(req, index), Logprobs: true,
		Think: &api.ThinkValue{Value: m.opts.Think}, Truncate: &off, Shift: &off,
	}
	for _, message := range req.Messages {
		chat.Messages = append(chat.Messages, api.Message{Role: message.Role, Content: message.Content})
	}
	if m.opts.KeepAlive != 0 {
		chat.KeepAlive = &api.Duration{Duration: m.opts.KeepAlive}
	}
	return chat
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

// finalError is not to be tried again.
type finalError struct{ err error }

func (e *finalError) Error() string { return e.err.Error() }
func (e *finalError) Unwrap() error { return e.err }

// retry calls try until it succeeds, fails for good, or the tries are used up.
func (m *OllamaModel) retry(ctx context.Context, try func(context.Context) error) error {
	wait := m.opts.Backoff
	for left := m.opts.Retries; ; left-- {
		err := try(ctx)
		if err == nil || left <= 0 || ctx.Err() != nil || !transient(err) {
			return err
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
		wait *= 2
	}
}

// transient reports an error that may pass by itself. A refused connection is
// none: a server that is not running does not start by being asked.
func transient(err error) bool {
	var final *finalError
	var status api.StatusError
	var netError net.Error
	switch {
	case errors.As(err, &final), errors.Is(err, syscall.ECONNREFUSED):
		return false
	case errors.As(err, &status):
		switch status.StatusCode {
		case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return true
		}
		return false
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		return true
	}
	return errors.As(err, &netError) && netError.Timeout()
}

// explain says what to do about an error.
func (m *OllamaModel) explain(err error) error {
	var status api.StatusError
	var opError *net.OpError
	errors.As(err, &status)
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, ErrModelMissing):
		return fmt.Errorf("%w %s: run \"ollama pull %s\"", ErrModelMissing, m.name, m.name)
	case status.StatusCode == http.StatusNotFound && strings.Contains(err.Error(), "not found"):
		return fmt.Errorf("%w %s: run \"ollama pull %s\" (%w)", ErrModelMissing, m.name, m.name, err)
	case strings.Contains(err.Error(), "exceeds the context length"):
		return fmt.Errorf("%w: use fewer or smaller passages, or a larger OllamaOptions.ContextLength (%w)", ErrPromptTooLong, err)
	case errors.As(err, &opError) && opError.Op == "dial":
		return fmt.Errorf("%w: start it with \"ollama serve\", or set OLLAMA_HOST (%w)", ErrServerDown, err)
	}
	return err
}
