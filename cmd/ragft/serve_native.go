//go:build cgo

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"strings"

	"github.com/ragft/ragft/ragft/model/local"
	"github.com/ragft/ragft/ragft/service"
	"github.com/ragft/ragft/retriever"
)

func (a *app) runServe(ctx context.Context, o serveFlags) error {
	token, err := o.token()
	if err != nil {
		return err
	}
	options := o.local()
	options.Queue, options.SeparateCaches = o.maxQueue, o.separate
	if o.maxQueue < 0 {
		options.Queue = math.MaxInt
	}
	var base, tuned *local.Server
	index, m, err := a.openProject(o.modelFlags, func(adapter string) (*models, error) {
		var err error
		if base, tuned, err = openPair(ctx, a, o.modelFlags, adapter, options, local.OpenServer); err != nil {
			return nil, err
		}
		m := &models{base: base, closers: []io.Closer{base}}
		if tuned != nil {
			m.tuned = tuned
			m.closers = append(m.closers, tuned)
		}
		return m, nil
	})
	if err != nil {
		return err
	}
	defer m.close()
	search, err := a.searcher(ctx, index)
	if err != nil {
		return err
	}
	served, err := a.served(ctx, o, m, base, tuned, search)
	if err == nil {
		err = a.checkLayout(o.modelFlags, served[0].Assistant.Prompts)
	}
	if err != nil {
		return err
	}
	return a.listen(ctx, o, search, served, token)
}

// served are the models by name, the one that answers by default first.
func (a *app) served(ctx context.Context, o serveFlags, m *models, base, tuned *local.Server,
	search retriever.Searcher) ([]service.Model, error) {
	var served []service.Model
	add := func(name string, local *local.Server) error {
		opts, err := a.assistant(ctx, o.answerFlags, local, search)
		served = append(served, service.Model{Name: name, Local: local, Assistant: opts, Thinking: o.thinking})
		return err
	}
	if tuned != nil {
		if err := add(o.name, tuned); err != nil {
			return nil, err
		}
		o.calibration = "none" // it is of one model
	}
	if err := add("base", base); err != nil {
		return nil, err
	}
	for _, s := range o.adapters {
		name, file, err := named(s)
		if err != nil {
			return nil, err
		}
		local, err := base.Adapted(file, o.scale)
		if err != nil {
			return nil, fmt.Errorf("adapter %s: %w", name, err)
		}
		m.closers = append(m.closers, local)
		if err := add(name, local); err != nil {
			return nil, err
		}
	}
	return served, nil
}

func (a *app) listen(ctx context.Context, o serveFlags, index *retriever.Tuned, served []service.Model, token string) error {
	config := service.Config{
		Models: served, Index: index, NoRetrieval: o.noRetrieval, Token: token, Hosts: o.hosts, Logger: a.log,
		Limits: service.Limits{Body: o.maxBody, Context: o.maxContext, Output: o.maxOutput, Samples: o.maxSamples, Passages: o.maxPassages,
			Requests: o.maxRequests, Connections: o.connections, Time: o.requestTime, Read: o.readTimeout, Write: o.writeTimeout},
	}
	if o.docs != "" {
		config.Folders = []string{o.docs}
	}
	s, err := service.New(config)
	if err != nil {
		return usageError(err)
	}
	defer s.Close()
	l, err := net.Listen("tcp", o.address)
	if err != nil {
		return err
	}
	var names []string
	for _, m := range served {
		names = append(names, m.Name)
	}
	if a.json {
		if err := a.print(map[string]any{"address": l.Addr().String(), "url": "http://" + l.Addr().String(), "models": names}); err != nil {
			return err
		}
	}
	a.note("serving %s on http://%s, until Ctrl-C", strings.Join(names, ", "), l.Addr())
	err = s.Serve(ctx, l)
	if errors.Is(err, service.ErrTokenNeeded) {
		return usageError(fmt.Errorf("%w: set RAGFT_TOKEN, or --token-file", err))
	}
	return err
}
