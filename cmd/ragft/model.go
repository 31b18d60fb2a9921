package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/model/cache"
	"github.com/ragft/ragft/ragft/model/ollama"
	"github.com/ragft/ragft/ragft/model/openai"
	"github.com/ragft/ragft/ragft/model/pool"
	"github.com/ragft/ragft/retriever"
)

// models are the base and, where there is an adapter, the tuned model.
type models struct {
	base, tuned model.Model // tuned is nil without an adapter
	native      *native     // what only models that run in this process can do; nil otherwise
	closers     []io.Closer
}

func (m *models) close() {
	for i := len(m.closers) - 1; i >= 0; i-- {
		m.closers[i].Close()
	}
}

// best is the tuned model where there is one.
func (m *models) best() model.Model {
	if m.tuned != nil {
		return m.tuned
	}
	return m.base
}

// cached puts the project's cache in front of a model.
func (m *models) cached(a *app, model model.Model) (*cache.Model, error) {
	if err := a.makeDir(); err != nil {
		return nil, err
	}
	c, err := cache.Open(model, a.path(cacheName))
	if err != nil {
		return nil, err
	}
	m.closers = append(m.closers, c)
	return c, nil
}

// served is a model that a server runs.
type served struct {
	kind, name string // kind is "ollama" or "openai"
	url        string // "" = of OLLAMA_HOST or OPENAI_BASE_URL
}

var errNoModel = usageError(errors.New("no model: name one with --model, or as model: in ragft.yaml; 'ragft models' lists what is here"))

// servers are those that run the model; none where it runs here.
func (f modelFlags) servers() ([]served, error) {
	if f.model == "" {
		return nil, errNoModel
	}
	if !strings.HasPrefix(f.model, "ollama:") && !strings.HasPrefix(f.model, "openai:") {
		return nil, nil // a file, whatever its name holds
	}
	names := strings.Split(f.model, ",")
	var all []served
	for _, s := range names {
		one := served{}
		one.kind, one.name, _ = strings.Cut(strings.TrimSpace(s), ":")
		at := max(strings.LastIndex(one.name, "@http://"), strings.LastIndex(one.name, "@https://"))
		if at >= 0 {
			one.name, one.url = one.name[:at], one.name[at+1:]
		}
		u, err := url.Parse(one.url)
		switch {
		case one.kind != "ollama" && one.kind != "openai", one.name == "":
			return nil, usageError(fmt.Errorf("%q is no model of a server: ollama:NAME@URL or openai:NAME@URL, several joined by commas", s))
		case err != nil || one.url != "" && u.Host == "":
			return nil, usageError(fmt.Errorf("%q is no address such as http://127.0.0.1:8080/v1", one.url))
		case u.User != nil:
			return nil, usageError(fmt.Errorf("the address of %s holds a key or password, which others on this machine can read: leave it out, and set OPENAI_API_KEY", one.name))
		case one.kind == "ollama" && one.url == "" && hasNative:
			if len(names) > 1 {
				return nil, usageError(fmt.Errorf("%q has no address: of several servers each needs one, ollama:NAME@URL", s))
			}
			return nil, nil // Ollama's file, loaded here
		}
		all = append(all, one)
	}
	return all, nil
}

// open opens the base model, and the adapter if one is to be used.
func (a *app) open(ctx context.Context, f modelFlags, adapter string) (*models, error) {
	servers, err := f.servers()
	if err != nil {
		return nil, err
	}
	if len(servers) == 0 {
		return a.openNative(ctx, f, adapter)
	}
	if adapter != "" {
		return nil, usageError(errors.New("a server is not given an adapter: --adapter none leaves it out; 'ragft publish' makes a model of it; " +
			"a GGUF file, and ollama:NAME without an address, run here"))
	}
	m, err := a.openServers(ctx, f, servers)
	if err != nil {
		return nil, err
	}
	return &models{base: m}, nil
}

// openServers is the model as the servers have it, requests spread over them.
func (a *app) openServers(ctx context.Context, f modelFlags, servers []served) (model.Model, error) {
	var members []model.Model
	for _, s := range servers {
		var m model.Model
		var err error
		if s.kind == "ollama" {
			m, err = ollama.New(ctx, s.name, ollama.Options{BaseURL: s.url, ContextLength: f.context, Concurrency: f.requests})
		} else {
			m, err = openai.New(s.name, openai.Options{BaseURL: s.url, Label: poolLabel(servers, s.name), Concurrency: f.requests})
		}
		if err != nil {
			return nil, err
		}
		members = append(members, m)
	}
	if len(members) == 1 {
		return members[0], nil
	}
	pool, err := pool.New(pool.Options{Logger: a.log}, members...)
	if err != nil {
		return nil, usageError(err)
	}
	return pool, nil
}

// poolLabel is the name that the members of a pool share, the same in whatever order they are named; "" for one server.
func poolLabel(servers []served, name string) string {
	if len(servers) == 1 {
		return ""
	}
	var hosts []string
	for _, s := range servers {
		if u, err := url.Parse(s.url); err == nil {
			hosts = append(hosts, u.Host)
		}
	}
	slices.Sort(hosts)
	return "openai/" + strings.Join(hosts, "+") + "/" + name
}

// asker opens another model to judge, by the same flags: base itself where it is not named.
func (a *app) asker(ctx context.Context, f modelFlags, name string, m *models) (model.Model, error) {
	if name == "" || name == f.model {
		return nil, nil
	}
	f.model = name
	other, err := a.open(ctx, f, "")
	if err != nil {
		return nil, fmt.Errorf("judge: %w", err)
	}
	m.closers = append(m.closers, other.closers...)
	return other.cached(a, other.base)
}

// openProject opens the project's index, and with open the model and the adapter to use. Closing the models closes all.
func (a *app) openProject(f modelFlags, open func(adapter string) (*models, error)) (*retriever.Index, *models, error) {
	servers, err := f.servers()
	if err != nil {
		return nil, nil, err
	}
	adapter, err := a.adapterPath(f)
	if err != nil {
		return nil, nil, err
	}
	if len(servers) > 0 && f.adapter == "" && adapter != "" {
		a.note("%s is left out: a server runs the model", adapter)
		adapter = ""
	}
	index, err := a.openIndex()
	if err != nil {
		return nil, nil, err
	}
	m, err := open(adapter)
	if err != nil {
		index.Close()
		return nil, nil, err
	}
	m.closers = append([]io.Closer{index}, m.closers...)
	return index, m, nil
}
