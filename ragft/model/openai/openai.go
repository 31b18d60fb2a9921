package openai

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	sdk "github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"github.com/ragft/ragft/internal/retry"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
)

// Options says which server to use, and how. The zero value asks the server of
// the environment variable OPENAI_BASE_URL, by default OpenAI's own. Negative
// numbers are errors.
type Options struct {
	BaseURL string // with the version, such as "http://127.0.0.1:8080/v1"; "" = from OPENAI_BASE_URL
	Key     string // sent as bearer token; "" = from OPENAI_API_KEY, or none if that is not set

	// Label is what [Model.Name] returns; "" = "openai/HOST/MODEL". Servers that
	// hold the same weights need the same label to be used in a [pool.Model].
	Label string

	Concurrency int            // requests at the same time; 0 = 4
	Retries     opt.Value[int] // further tries after a temporary error; unset = 3
	Backoff     time.Duration  // wait before the first further try, doubled each time; 0 = 500 ms
	Timeout     time.Duration  // of one try; 0 = 10 min

	Client *http.Client // nil = http.DefaultClient

	// Extra holds further fields of each request, such as "reasoning_effort";
	// nil = none. The fields that a request sets replace them.
	Extra map[string]any
}

// Model is a model on a server. It implements [model.Model] and [model.Limiter],
// is safe for concurrent use and needs no closing.
//
// Optional fields that the server refuses are left out from then on, with one
// warning to [slog.Default]: log probabilities, seed, temperature, limits of
// sampling, stop strings, the response format, the stream. For "max_tokens",
// "max_completion_tokens" is tried first, and for a schema "json_object". A
// temperature of 0 asks for a greedy choice, and the seed is passed on, but
// whether equal requests get equal answers is up to the server.
//
// A chain of thought in front of an answer is taken out of it, see
// [model.Sample]. A prompt that opens one leaves no mark at its beginning, so
// the first stream is held back until a mark or its end, as are those after it
// while all replies were cut off without a mark.
type Model struct {
	name   string
	host   string
	path   string // where on the host, if not in the usual place
	opts   Options
	client sdk.Client
	slots  chan struct{}
	policy retry.Policy

	mu     sync.Mutex
	left   leftOut     // that the server has refused
	thinks atomic.Bool // the prompt opens a chain of thought
	known  atomic.Bool // there was an answer that told how its text begins; before, a stream is held back
}

// New returns the model called name on the server. It does not ask the server
// yet, since not all list their models: a wrong name or key shows at the first
// request, as [model.ErrNotFound] or [model.ErrUnauthorized].
func New(name string, opts Options) (*Model, error) {
	if strings.TrimSpace(name) == "" {
		return nil, errors.New("ragft: openai: no model name")
	}
	m, err := connect(opts)
	if err != nil {
		return nil, fmt.Errorf("ragft: openai: %w", err)
	}
	m.name = name
	if m.opts.Label == "" {
		m.opts.Label = "openai/" + m.host + m.path + "/" + name
	}
	if len(m.opts.Extra) > 0 { // they change the answers
		extra, err := json.Marshal(m.opts.Extra)
		if err != nil {
			return nil, fmt.Errorf("ragft: openai: Options.Extra: %w", err)
		}
		m.opts.Label += fmt.Sprintf("+%.4x", sha256.Sum256(extra))
	}
	return m, nil
}

// connect returns a model without a name.
func connect(opts Options) (*Model, error) {
	opts.BaseURL = cmp.Or(opts.BaseURL, os.Getenv("OPENAI_BASE_URL"), "https://api.openai.com/v1")
	opts.Key = cmp.Or(opts.Key, os.Getenv("OPENAI_API_KEY"))
	base, err := url.Parse(opts.BaseURL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, fmt.Errorf("invalid URL %q: it must be like http://127.0.0.1:8080/v1", opts.BaseURL)
	}
	policy, err := retry.New(opts.Retries, opts.Backoff, opts.Timeout)
	if err != nil {
		return nil, err
	}
	if opts.Concurrency < 0 {
		return nil, fmt.Errorf("Concurrency is %d; it must be 0 or more", opts.Concurrency)
	}
	if opts.Client == nil {
		opts.Client = http.DefaultClient
	}
	settings := []option.RequestOption{
		option.WithBaseURL(opts.BaseURL), option.WithHTTPClient(opts.Client), option.WithMaxRetries(0), option.WithMiddleware(checkReply),
	}
	if opts.Key != "" {
		settings = append(settings, option.WithAPIKey(opts.Key))
	}
	return &Model{host: base.Host, path: pathOf(base), opts: opts, left: leftOut{}, client: sdk.NewClient(settings...), policy: policy,
		slots: make(chan struct{}, cmp.Or(opts.Concurrency, 4))}, nil
}

// pathOf returns what tells a service from others on its host: the path and
// query, without "/v1", which nearly all have.
func pathOf(base *url.URL) string {
	path := strings.TrimRight(base.EscapedPath(), "/")
	if path == "/v1" {
		path = ""
	}
	if base.RawQuery != "" {
		path += "?" + base.RawQuery
	}
	return path
}

// maxReply bounds what is read of a reply, in bytes.
const maxReply = 64 << 20

// checkReply keeps a server from filling the memory, and reads errors, which
// come in more forms than the library knows. The library also insists on the
// right content type, which not all servers send.
func checkReply(request *http.Request, next option.MiddlewareNext) (*http.Response, error) {
	reply, err := next(request)
	if err == nil && reply.StatusCode >= http.StatusBadRequest {
		defer reply.Body.Close()
		return nil, statusOf(reply)
	}
	if err == nil {
		if !strings.HasPrefix(reply.Header.Get("Content-Type"), "text/event-stream") {
			reply.Header.Set("Content-Type", "application/json")
		}
		reply.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(reply.Body, maxReply), reply.Body}
	}
	return reply, err
}

// Name returns [Options.Label], by default "openai/", the server's host and the
// model's name. Servers do not tell which weights they use.
func (m *Model) Name() string { return m.opts.Label }

// Concurrency returns [Options.Concurrency].
func (m *Model) Concurrency() int { return cap(m.slots) }

// Chat sends every sample of every request as a request of its own, several at
// the same time. The first error ends the others.
func (m *Model) Chat(ctx context.Context, reqs []model.Request) ([]model.Response, error) {
	responses, err := retry.ChatBySample(ctx, m.slots, reqs, m.sample)
	if err != nil {
		return nil, fmt.Errorf("ragft: openai: %w", m.explain(err))
	}
	return responses, nil
}

// sample generates one sample. A try that fails after text was streamed is
// final, since the caller has seen the text.
func (m *Model) sample(ctx context.Context, req model.Request, index int) (sample model.Sample, promptTokens int, err error) {
	var onText func(string)
	if index == 0 {
		onText = req.OnText
	}
	if len(req.Exclude) > 0 {
		return sample, 0, fmt.Errorf("%w: an OpenAI-like server cannot exclude how an answer begins (Request.Exclude)", model.ErrRequest)
	}
	if req.Begin != "" {
		return sample, 0, fmt.Errorf("%w: an OpenAI-like server cannot be given the beginning of an answer (Request.Begin)", model.ErrRequest)
	}
	err = m.policy.Do(ctx, func(ctx context.Context) error {
		a, err := m.try(ctx, req, index, onText)
		if err == nil {
			sample, promptTokens = a.sample(), int(a.usage.PromptTokens)
		}
		return err
	})
	return sample, promptTokens, err
}

// try makes one request, and at once another one if the server refuses optional
// fields of it. Requests that ran at the same time are refused each, and each is
// repeated.
func (m *Model) try(ctx context.Context, req model.Request, index int, onText func(string)) (*answer, error) {
	m.mu.Lock()
	left := maps.Clone(m.left)
	m.mu.Unlock()
	for {
		stops := req.Stop
		if !left["stop"] {
			stops = nil // the server sees to them
		}
		body := m.body(req, index, left, onText != nil && len(stops) == 0)
		a, err := m.post(ctx, body, stops, onText)
		var status *retry.StatusError
		if !errors.As(err, &status) {
			m.learn(left)
			return a, err
		}
		fields := refused(status, body)
		if len(fields) == 0 {
			m.learn(left)
			return a, err
		}
		for _, field := range fields {
			if field == "response_format" && !left[schemaFormat] {
				field = schemaFormat
			}
			left[field] = true
		}
	}
}

// learn remembers what is to be left out, and warns of what is new.
func (m *Model) learn(left leftOut) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var fields []string
	for field := range left {
		if !m.left[field] && (field != "max_tokens" || left["max_completion_tokens"]) { // else another field takes its place
			fields = append(fields, field)
		}
		m.left[field] = true
	}
	if len(fields) > 0 {
		slices.Sort(fields)
		slog.Warn("the server refuses fields of requests; they are left out, and its defaults hold",
			"model", m.opts.Label, "fields", strings.Join(fields, ", "))
	}
}

// List returns the names of the models that the server of the options lists, in
// its order. Not every server lists its models, and some leave models out.
func List(ctx context.Context, opts Options) ([]string, error) {
	m, err := connect(opts)
	if err != nil {
		return nil, fmt.Errorf("ragft: openai: %w", err)
	}
	var names []string
	err = m.policy.Do(ctx, func(ctx context.Context) error {
		page, err := m.client.Models.List(ctx)
		if err != nil {
			return err
		}
		names = nil
		for _, model := range page.Data {
			names = append(names, model.ID)
		}
		return nil
	})
	switch {
	case err == nil:
		return names, nil
	case retry.HTTPStatus(err) == http.StatusNotFound:
		return nil, fmt.Errorf("ragft: openai: %s does not list its models: %w", m.opts.BaseURL, err)
	}
	return nil, fmt.Errorf("ragft: openai: models of %s: %w", m.opts.BaseURL, m.explain(err))
}
