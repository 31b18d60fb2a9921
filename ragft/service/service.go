//go:build cgo

package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/ragft/ragft/internal/reading"
	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/ragft/assistant"
	"github.com/ragft/ragft/ragft/model/local"
	"github.com/ragft/ragft/retriever"
)

// Model is a model that requests can name.
type Model struct {
	// Name is the name in requests. It must not be empty.
	Name string

	// Local computes the answers. Models with different adapters may share
	// one base, which is then in memory once. The service does not close it.
	Local *local.Server

	// Assistant has the options of answers from passages. "ragft" fields, "temperature" and other fields of a request take
	// precedence. A calibration must hold for these options, or New returns an error.
	Assistant assistant.Options

	// Thinking lets the chat template ask for a chain of thought.
	Thinking bool
}

// Index finds passages and returns them by ID. [*retriever.Index] is one.
type Index interface {
	retriever.Searcher
	Chunk(ctx context.Context, id string) (retriever.Chunk, error)
	// HasSource reports whether the index has passages of a document. Others are not given out.
	HasSource(ctx context.Context, source string) (bool, error)
}

// Config is the configuration of a [Service]. Only Models is required.
type Config struct {
	// Models are the models that requests can name. The first answers requests that name none.
	Models []Model

	// Index finds the passages. If it is nil, requests for retrieval are refused.
	Index Index

	// Embedder makes the embeddings for requests that name it or no model. Nil = the model that a request names, if it can.
	Embedder *local.Embedder

	// Reranker answers POST /v1/rerank. Nil = such requests are errors. The service closes neither of the two.
	Reranker *local.Reranker

	// NoRetrieval answers chat requests from the model alone, unless a request asks for retrieval. By default, if there is
	// an Index, they are answered from passages, except requests with tools, a response format or several choices.
	NoRetrieval bool

	// Folders have the documents of GET /v1/documents; the first that has a document is used. Paths cannot leave them, and
	// symbolic links in them are not followed. Only documents of which Index has passages are sent, without Index none. Empty
	// means that there are no documents.
	Folders []string

	// Files is the folder to which clients can add documents, and from which they can remove them, by the routes of
	// /v1/files. It is a path with slashes within the first of Folders, or ".". It must exist and needs Sync. "" = they cannot.
	Files string

	// Sync brings the index to what the first of Folders holds, after each change of Files. Calls come one at a time.
	Sync func(context.Context) (*retriever.SyncReport, error)

	// Remove, if set, removes the passages of a document that a client removes, before Sync. It is needed where Sync keeps the
	// passages of files that are gone.
	Remove func(ctx context.Context, document string) error

	// Token is required of clients, as "Authorization: Bearer TOKEN". If it is empty, there is no authentication, and only
	// requests to a loopback address or one of Hosts are answered. So web pages cannot reach the service under a host name
	// of their own (DNS rebinding).
	Token string

	// Hosts are host names, without port, under which the service can be addressed without a Token.
	Hosts []string

	Limits Limits

	// Logger gets one line for each request, and internal errors. Nil means no log.
	Logger *slog.Logger
}

// Limits are limits for the requests of clients. A zero field means the default; negative ones are errors of [New].
type Limits struct {
	Body        int64         // bytes in the body of a request; 0 = 1 MiB
	Bodies      int64         // bytes of all bodies at the same time but for the first 64 KiB of each; 0 = 64 times Body
	File        int64         // bytes of a file that is added; 0 = 64 MiB
	Context     int           // tokens in a prompt; 0 = the context of the model
	Output      int           // tokens in an answer; 0 = 1024
	Samples     int           // choices of a request; 0 = 8
	Passages    int           // passages for an answer; 0 = 20
	Requests    int           // requests at the same time, including waiting ones; 0 = 256. More are refused with 503
	Uploads     int           // files that are added at the same time; 0 = 8. More are refused with 503
	Connections int           // open connections of [Service.Serve]; 0 = 1024. More wait to be accepted
	Time        time.Duration // for a whole request; 0 = 5 minutes
	Read        time.Duration // for receiving a request, by [Service.Serve]; 0 = 30 s
	Write       time.Duration // for a client to receive a part of an answer, and 1 s more for 256 KiB of it; 0 = 30 s
}

func (l Limits) withDefaults() (Limits, error) {
	if min(l.Body, l.Bodies, l.File) < 0 || min(l.Context, l.Output, l.Samples, l.Passages, l.Requests, l.Uploads, l.Connections) < 0 ||
		min(l.Time, l.Read, l.Write) < 0 {
		return l, errors.New("service: a limit is negative; 0 is the default")
	}
	body := cmp.Or(l.Body, 1<<20)
	return Limits{
		Body: body, Bodies: cmp.Or(l.Bodies, min(body, math.MaxInt64/64)*64), File: cmp.Or(l.File, maxDocument),
		Context: l.Context, Output: cmp.Or(l.Output, 1024),
		Samples: cmp.Or(l.Samples, 8), Passages: cmp.Or(l.Passages, 20), Requests: cmp.Or(l.Requests, 256), Uploads: cmp.Or(l.Uploads, 8),
		Connections: cmp.Or(l.Connections, 1024), Time: cmp.Or(l.Time, 5*time.Minute), Read: cmp.Or(l.Read, 30*time.Second),
		Write: cmp.Or(l.Write, 30*time.Second),
	}, nil
}

// passages returns the number of passages for an assistant: its own or the default, within the limit.
func (l Limits) passages(o assistant.Options) int {
	return min(cmp.Or(o.Passages, reading.DefaultPassages), l.Passages)
}

// Service answers requests over HTTP. It is an [http.Handler] that may be used by several goroutines; [Service.Serve] runs it
// on a listener of its own. It must be closed.
type Service struct {
	config  Config
	limits  Limits
	models  map[string]*Model
	folders []*os.Root
	handler http.Handler
	metrics *metrics
	log     *slog.Logger
	started time.Time
	places  chan struct{} // holds one value for each running request
	uploads chan struct{} // holds one value for each file that is being added
	bodies  atomic.Int64  // bytes that are left of Limits.Bodies

	files *files // nil = clients cannot add any

	embedMu   sync.Mutex
	embedders map[*llama.Model]*llama.Context

	life   context.Context // ends with Close
	end    context.CancelFunc
	closed sync.Once
	active sync.WaitGroup // running requests
	mu     sync.Mutex     // orders active.Add before the wait of Close
}

// checkCalibration returns an error that would otherwise occur in every answer. It does not check the index.
func (m *Model) checkCalibration(limits Limits) error {
	o := m.Assistant
	if o.Calibration == nil {
		return nil
	}
	o.Passages = limits.passages(o)
	return o.Check(context.Background(), m.Local, nil)
}

// New returns a new service, which must be closed.
func New(config Config) (*Service, error) {
	limits, err := config.Limits.withDefaults()
	if err != nil {
		return nil, err
	}
	if len(config.Models) == 0 {
		return nil, errors.New("service: there are no models")
	}
	if config.Token != "" && (strings.TrimSpace(config.Token) == "" || strings.ContainsFunc(config.Token, unicode.IsControl)) {
		return nil, errors.New("service: the token is blank, or has a line end or another control character in it")
	}
	s := &Service{
		config: config, limits: limits, models: map[string]*Model{}, metrics: newMetrics(), log: config.Logger,
		started: time.Now(), places: make(chan struct{}, limits.Requests), uploads: make(chan struct{}, limits.Uploads),
		embedders: map[*llama.Model]*llama.Context{},
	}
	s.bodies.Store(limits.Bodies)
	if s.log == nil {
		s.log = slog.New(slog.NewTextHandler(io.Discard, nil))
	}
	for i := range config.Models {
		m := config.Models[i]
		switch {
		case m.Name == "" || m.Local == nil:
			return nil, fmt.Errorf("service: model %d has an empty Name or Local", i)
		case s.models[m.Name] != nil:
			return nil, fmt.Errorf("service: two models have the name %q", m.Name)
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
			return nil, fmt.Errorf("service: folder of documents: %w", err)
		}
		s.folders = append(s.folders, root)
	}
	if s.files, err = openFiles(&config, s.folders); err != nil {
		s.closeFolders()
		return nil, fmt.Errorf("service: folder of files: %w", err)
	}
	s.life, s.end = context.WithCancel(context.Background())
	s.handler = s.routes()
	return s, nil
}

// Close ends all requests and waits for them. Closing twice is harmless. It does not close the models and the index.
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
	if s.files != nil {
		_ = s.files.root.Close() // what was written is in its place
	}
}

// model returns the model that a request names.
func (s *Service) model(name string) (*Model, error) {
	if name == "" {
		return s.models[s.config.Models[0].Name], nil
	}
	if m := s.models[name]; m != nil {
		return m, nil
	}
	return nil, &apiError{status: http.StatusNotFound, Code: "model_not_found", Param: "model",
		Message: fmt.Sprintf("there is no model %q; see GET /v1/models", name)}
}
