//go:build cgo

package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/ragft/assistant"
	"github.com/ragft/ragft/ragft/model/local"
	"github.com/ragft/ragft/retriever"
)

// A Model is what a name in a request stands for.
type Model struct {
	// Name is what requests call it. It must not be empty.
	Name string

	// Local computes. Several models can be adapted ones of one base, which then is in memory once. The
	// service does not close it.
	Local *local.Server

	// Assistant says how it answers from passages. Of a request, "ragft" fields, "temperature" and the
	// like go before it. A calibration has to hold for it, see [confidence.Calibration.Check].
	Assistant assistant.Options

	// Thinking lets the chat template ask for a chain of thought.
	Thinking bool
}

// An Index finds passages and gives them out again by their ID. It is met by [retriever.Index].
type Index interface {
	retriever.Searcher
	Chunk(ctx context.Context, id string) (retriever.Chunk, error)
}

// Config says what a [Service] serves. The zero value of every field but Models is usable.
type Config struct {
	// Models are what can be asked. The first answers requests that name none.
	Models []Model

	// Index is where passages are found. nil: requests that ask for retrieval are refused.
	Index Index

	// NoRetrieval answers from the model alone unless a request says otherwise. By default, with an
	// Index, chat requests are answered from passages, but for those with tools, a response format or
	// several choices.
	NoRetrieval bool

	// Folders are where GET /v1/documents finds the documents that citations name, the first that has
	// one; no path leads out of them, nor does a symbolic link. nil: none.
	Folders []string

	// Token is what clients must send, as "Authorization: Bearer TOKEN". "" lets everybody in, and then
	// only requests to a loopback address or one of Hosts are answered, so that a page in somebody's
	// browser cannot reach the service under a name of its own.
	Token string

	// Hosts are names, without port, under which the service may be addressed without a Token.
	Hosts []string

	Limits Limits

	// Logger gets one line for each request, and what fails inside. nil: nothing is logged.
	Logger *slog.Logger
}

// Limits bounds what a client can ask for. A zero field has the default given.
type Limits struct {
	Body        int64         // bytes of a request's body; 0 = 1 MiB
	Context     int           // tokens of a prompt; 0 = what the model holds
	Output      int           // tokens of an answer; 0 = 1024
	Samples     int           // choices of a request; 0 = 8
	Passages    int           // passages of an answer; 0 = 20
	Requests    int           // requests at once, those that wait included; 0 = 256. More get 429
	Connections int           // open connections, by [Service.Serve]; 0 = 1024. More wait to be accepted
	Time        time.Duration // for a request as a whole; 0 = 5 minutes
	Read        time.Duration // for a request to come in, by [Service.Serve]; 0 = 30 s
	Write       time.Duration // for a client to take a part of an answer; 0 = 30 s
}

func (l Limits) withDefaults() (Limits, error) {
	if l.Body < 0 || min(l.Context, l.Output, l.Samples, l.Passages, l.Requests, l.Connections) < 0 ||
		min(l.Time, l.Read, l.Write) < 0 {
		return l, errors.New("service: a limit is negative")
	}
	return Limits{
		Body: cmp.Or(l.Body, 1<<20), Context: l.Context, Output: cmp.Or(l.Output, 1024), Samples: cmp.Or(l.Samples, 8),
		Passages: cmp.Or(l.Passages, 20), Requests: cmp.Or(l.Requests, 256), Connections: cmp.Or(l.Connections, 1024),
		Time: cmp.Or(l.Time, 5*time.Minute), Read: cmp.Or(l.Read, 30*time.Second), Write: cmp.Or(l.Write, 30*time.Second),
	}, nil
}

// passages is how many an assistant is shown: as many as it asks for, or its default, within the limit.
func (l Limits) passages(o assistant.Options) int {
	if o.Passages <= 0 {
		o.Passages = assistant.DefaultPassages
	}
	return min(o.Passages, l.Passages)
}

// A Service answers requests over HTTP. It is an [http.Handler]; [Service.Serve] runs it on a listener of
// its own.
type Service struct {
	config  Config
	limits  Limits
	models  map[string]*Model
	folders []*os.Root
	handler http.Handler
	metrics *metrics
	log     *slog.Logger
	started time.Time
	places  chan struct{} // of requests at work

	embedMu   sync.Mutex
	embedders map[*llama.Model]*llama.Context

	life   context.Context // ends with Close
	end    context.CancelFunc
	closed sync.Once
	active sync.WaitGroup // requests
	mu     sync.Mutex     // orders active.Add before Close waits
}

// checkCalibration says at the start what would be an error of each answer. The index is not looked at.
func (m *Model) checkCalibration(limits Limits) error {
	o := m.Assistant
	if o.Calibration == nil {
		return nil
	}
	o.Passages = limits.passages(o)
	return o.Check(context.Background(), m.Local, nil)
}

// New makes a service. It must be closed.
func New(config Config) (*Service, error) {
	limits, err := config.Limits.withDefaults()
	if err != nil {
		return nil, err
	}
	if len(config.Models) == 0 {
		return nil, errors.New("service: no model to serve")
	}
	s := &Service{
		config: config, limits: limits, models: map[string]*Model{}, metrics: newMetrics(), log: config.Logger,
		started: time.Now(), places: make(chan struct{}, limits.Requests), embedders: map[*llama.Model]*llama.Context{},
	}
	if s.log == nil {
		s.log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	for i := range config.Models {
		m := config.Models[i]
		switch {
		case m.Name == "" || m.Local == nil:
			return nil, fmt.Errorf("service: model %d has no name or no model", i)
		case s.models[m.Name] != nil:
			return nil, fmt.Errorf("service: two models are called %q", m.Name)
		}
		if err := m.checkCalibration(limits); err != nil {
			return nil, fmt.Errorf("service: model %q: %w", m.Name, err)
		}
		s.models[m.Name] = &m
	}
	for _, folder := range config.Folders {
		root, err := os.OpenRoot(folder)
		if err != nil {
			s.closeFolders()
			return nil, fmt.Errorf("service: documents: %w", err)
		}
		s.folders = append(s.folders, root)
	}
	s.life, s.end = context.WithCancel(context.Background())
	s.handler = s.routes()
	return s, nil
}

// Close ends all requests and waits for them. Closing twice is harmless. Models and index stay open.
func (s *Service) Close() error {
	var err error
	s.closed.Do(func() {
		s.mu.Lock()
		s.end()
		s.mu.Unlock()
		s.active.Wait()
		s.closeFolders()
		for _, c := range s.embedders {
			err = errors.Join(err, c.Close())
		}
	})
	return err
}

func (s *Service) closeFolders() {
	for _, root := range s.folders {
		_ = root.Close() // only read from
	}
}

// model finds what a request names.
func (s *Service) model(name string) (*Model, error) {
	if name == "" {
		return s.models[s.config.Models[0].Name], nil
	}
	if m := s.models[name]; m != nil {
		return m, nil
	}
	return nil, &apiError{status: http.StatusNotFound, Code: "model_not_found", Param: "model",
		Message: fmt.Sprintf("there is no model %q; GET /v1/models lists those there are", name)}
}
