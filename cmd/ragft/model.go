package main

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/ragft/ragft/ragft"
)

// models are the base and, where there is an adapter, the tuned model.
type models struct {
	base, tuned ragft.Model // tuned is nil without an adapter
	native      *native     // what only models that run in this process can do; nil otherwise
	closers     []io.Closer
}

func (m *models) close() {
	for i := len(m.closers) - 1; i >= 0; i-- {
		m.closers[i].Close()
	}
}

// best is the tuned model where there is one.
func (m *models) best() ragft.Model {
	if m.tuned != nil {
		return m.tuned
	}
	return m.base
}

// cached puts the project's cache in front of a model.
func (m *models) cached(a *app, model ragft.Model) (*ragft.CachedModel, error) {
	if err := a.makeDir(); err != nil {
		return nil, err
	}
	c, err := ragft.NewCachedModel(model, a.path(cacheName))
	if err != nil {
		return nil, err
	}
	m.closers = append(m.closers, c)
	return c, nil
}

// open opens the base model, and the adapter if one is to be used.
func (a *app) open(ctx context.Context, f modelFlags, adapter string) (*models, error) {
	if f.model == "" {
		return nil, usageError(errors.New("no model: name one with --model, or as model: in ragft.yaml; 'ragft models' lists what is here"))
	}
	name, ollama := strings.CutPrefix(f.model, "ollama:")
	served, openai := strings.CutPrefix(f.model, "openai:")
	if ollama && (len(f.ollama) > 0 || !hasNative) || openai {
		if adapter != "" {
			return nil, usageError(errors.New("a server is not given an adapter: --adapter none leaves it out; 'ragft publish' makes a model of it; " +
				"without --ollama the model runs here"))
		}
		var m ragft.Model
		var err error
		if openai {
			m, err = ragft.NewOpenAIModel(served, ragft.OpenAIOptions{BaseURL: f.openai})
		} else {
			m, err = f.onOllama(ctx, name)
		}
		if err != nil {
			return nil, err
		}
		return &models{base: m}, nil
	}
	return a.openNative(ctx, f, adapter)
}

// onOllama is the model as the servers have it.
func (f modelFlags) onOllama(ctx context.Context, name string) (ragft.Model, error) {
	servers := f.ollama
	if len(servers) == 0 {
		servers = []string{""} // of OLLAMA_HOST
	}
	var members []ragft.Model
	for _, server := range servers {
		m, err := ragft.NewOllamaModel(ctx, name, ragft.OllamaOptions{BaseURL: server, ContextLength: f.context})
		if err != nil {
			return nil, err
		}
		members = append(members, m)
	}
	if len(members) == 1 {
		return members[0], nil
	}
	return ragft.NewPool(ragft.PoolOptions{}, members...)
}

// asker opens another model to judge, by the same flags: base itself where it is not named.
func (a *app) asker(ctx context.Context, f modelFlags, name string, m *models) (ragft.Model, error) {
	if name == "" || name == f.model {
		return nil, nil
	}
	f.model = name
	other, err := a.open(ctx, f, "")
	if err != nil {
		return nil, err
	}
	m.closers = append(m.closers, other.closers...)
	return other.cached(a, other.base)
}
