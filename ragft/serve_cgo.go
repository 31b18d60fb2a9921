//go:build cgo

package ragft

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"strings"
	"sync"
	"unicode"

	"github.com/ragft/ragft/internal/charsets"
	"github.com/ragft/ragft/ragft/model/local"
	"github.com/ragft/ragft/ragft/service"
	"github.com/ragft/ragft/retriever"
	"github.com/ragft/ragft/retriever/dense"
)

// Serve serves the models over HTTP in the form of OpenAI's API, answering from
// the passages of the index with citations, until ctx ends; see [service]. The
// tuned model answers requests that name none; "base" is the model without an
// adapter. ready, unless it is nil, is called once with the address and the
// models' names. Serve opens models of its own, which share batches between
// callers, and no step can run meanwhile. The index that other programs change is
// searched as it is then; with Config.Serve.Watch, the documents are watched.
func (p *Project) Serve(ctx context.Context, ready func(address net.Addr, models []string)) error {
	w, err := p.begin(ctx, "serve")
	if err != nil {
		return err
	}
	defer w.end()
	token, err := p.token()
	if err != nil {
		return err
	}
	s := &serving{Project: p, answers: p.config.Assistant}
	defer s.close()
	if err := p.checkFollow(); err != nil {
		return err
	}
	adapter, err := p.adapterFile()
	if err != nil {
		return err
	}
	search, err := p.openSearch(ctx, adapter)
	if err != nil {
		return err
	}
	if err := s.open(ctx, w, adapter, search); err != nil {
		return err
	}
	if err := p.checkLayout(adapter, s.models[0].Assistant.Prompts); err != nil {
		return err
	}
	w.phase("", "")
	return s.listen(ctx, search, token, ready)
}

// token is what clients must send, "" for nothing.
func (p *Project) token() (string, error) {
	from, text := "RAGFT_TOKEN", os.Getenv("RAGFT_TOKEN")
	if file := p.config.Serve.TokenFile; file != "" {
		data, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		from, text = file, string(charsets.Unmarked(data))
	} else if text == "" {
		return "", nil
	}
	token := strings.TrimSpace(text)
	switch {
	case token == "":
		return "", kindOf(ErrInput, fmt.Errorf("%s has no token", from))
	case strings.ContainsFunc(token, unicode.IsControl):
		return "", kindOf(ErrInput, fmt.Errorf("the token of %s has a line end or another control character in it", from))
	}
	return token, nil
}

// serving is the service with its models.
type serving struct {
	*Project
	answers AssistantConfig
	models  []service.Model // the one that answers by default first
	opened  []*local.Server
}

func (s *serving) close() {
	for i := len(s.opened) - 1; i >= 0; i-- {
		s.opened[i].Close()
	}
}

// open opens base, adapter and further adapters.
func (s *serving) open(ctx context.Context, w *work, adapter string, search retriever.Searcher) error {
	c := s.config.Serve
	o := s.localOptions()
	o.SeparateCaches = c.SeparateCaches
	if o.Queue = c.MaxQueue.Or(0); o.Queue == 0 {
		o.Queue = math.MaxInt
	}
	base, err := load(ctx, w, s.config.Model, o, local.OpenServer)
	if err != nil {
		return err
	}
	s.opened = append(s.opened, base)
	if adapter != "" {
		if err := s.adapted(ctx, base, c.Name, adapter, search); err != nil {
			return err
		}
		s.answers.Calibration = "none" // it is of one model
	}
	if err := s.add(ctx, "base", base, "", search); err != nil {
		return err
	}
	for _, named := range c.Adapters {
		name, file, found := strings.Cut(named, "=")
		if !found || name == "" || file == "" {
			return badModel("serve.adapters takes NAME=FILE, not %s", named)
		}
		if err := s.adapted(ctx, base, name, file, search); err != nil {
			return fmt.Errorf("adapter %s: %w", name, err)
		}
	}
	return nil
}

func (s *serving) adapted(ctx context.Context, base *local.Server, name, file string, search retriever.Searcher) error {
	m, err := base.Adapted(file, s.config.Scale)
	if err != nil {
		return err
	}
	s.opened = append(s.opened, m)
	return s.add(ctx, name, m, file, search)
}

func (s *serving) add(ctx context.Context, name string, m *local.Server, adapter string, search retriever.Searcher) error {
	opts, err := s.assistantOptions(ctx, s.answers, m, adapter, search)
	s.models = append(s.models, service.Model{Name: name, Local: m, Assistant: opts, Thinking: s.config.Serve.Thinking})
	return err
}

func (s *serving) listen(ctx context.Context, index *dense.Search, token string, ready func(net.Addr, []string)) error {
	c := s.config.Serve
	config := service.Config{
		Models: s.models, Index: index, NoRetrieval: c.NoRetrieval, Token: token, Hosts: c.Hosts, Logger: s.config.Logger,
		Limits: service.Limits{Body: c.MaxBody, Context: c.MaxContext, Output: c.MaxOutput, Samples: c.MaxChoices, Passages: c.MaxPassages,
			Requests: c.MaxRequests, Connections: c.MaxConnections, Time: c.TimeLimit, Read: c.ReadLimit, Write: c.WriteLimit},
	}
	config.Embedder, _ = s.search.embedder.(*local.Embedder)
	config.Reranker, _ = s.search.reranker.(*local.Reranker)
	if info, err := os.Stat(s.config.Documents); err == nil && info.IsDir() {
		config.Folders = []string{s.config.Documents}
	}
	var follow *follower
	if c.Watch || c.Files != "" {
		var err error
		if follow, err = s.follow(ctx); err != nil {
			return err
		}
		defer follow.close()
	}
	if c.Files != "" {
		var err error
		if config.Files, err = s.filesWithin(); err != nil {
			return err
		}
		config.Sync, config.Remove = follow.sync, follow.remove
	}
	run, err := service.New(config)
	if err != nil {
		return kindOf(ErrConfig, err)
	}
	defer run.Close()
	l, err := net.Listen("tcp", c.Address)
	if err != nil {
		return err
	}
	if ready != nil {
		var names []string
		for _, m := range s.models {
			names = append(names, m.Name)
		}
		address := l.Addr()
		l = &announced{Listener: l, ready: func() { ready(address, names) }}
	}
	if c.Watch {
		var watching sync.WaitGroup
		watchCtx, stop := context.WithCancel(ctx)
		watching.Go(func() { s.watchLogged(watchCtx, follow) })
		defer watching.Wait()
		defer stop()
	}
	err = run.Serve(ctx, l)
	if errors.Is(err, service.ErrTokenNeeded) {
		return kindOf(ErrConfig, fmt.Errorf("%w: set RAGFT_TOKEN, or name a file with --token-file (serve.token-file)", err))
	}
	return err
}

// announced is a listener that says when it is first waited for: a service that refuses its address does not come so far.
type announced struct {
	net.Listener
	ready func()
	once  sync.Once
}

// Accept implements [net.Listener].
func (l *announced) Accept() (net.Conn, error) {
	l.once.Do(l.ready)
	return l.Listener.Accept()
}
