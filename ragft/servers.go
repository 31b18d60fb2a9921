package ragft

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/ollama/ollama/envconfig"

	"github.com/ragft/ragft/internal/modelname"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/model/ollama"
	"github.com/ragft/ragft/ragft/model/openai"
	"github.com/ragft/ragft/ragft/model/pool"
)

var errNoModel = kindOf(ErrConfig, errors.New("no model: set model, such as to a GGUF file; 'ragft models' lists what is here"))

// serversOf are those that run a model; none where it runs here.
func serversOf(name string) ([]modelname.Server, error) {
	if name == "" {
		return nil, errNoModel
	}
	servers, err := modelname.Servers(name, hasNative)
	if err != nil {
		return nil, kindOf(ErrConfig, err)
	}
	return servers, nil
}

func badModel(format string, args ...any) error {
	return kindOf(ErrConfig, fmt.Errorf(format, args...))
}

// fileOf is the GGUF file that a model's name stands for.
func fileOf(ctx context.Context, name string) (string, error) {
	servers, err := serversOf(name)
	if err != nil {
		return "", err
	}
	if len(servers) > 0 {
		return "", badModel("%s is run by a server, and this takes its weights: name a GGUF file, or ollama:NAME for one that Ollama has", name)
	}
	return ollama.Resolve(ctx, name)
}

// ModelFile returns the path of the GGUF file that Config.Model stands for. A
// model that a server runs has none, which is an [ErrConfig].
func (p *Project) ModelFile(ctx context.Context) (string, error) { return fileOf(ctx, p.config.Model) }

// openServers is the model as the servers have it, requests spread over them.
func (p *Project) openServers(ctx context.Context, servers []modelname.Server) (model.Model, error) {
	var members []model.Model
	for _, s := range servers {
		var m model.Model
		var err error
		if s.Kind == "ollama" {
			m, err = ollama.New(ctx, s.Name, ollama.Options{BaseURL: s.URL, ContextLength: p.config.Context, Concurrency: p.config.Requests})
		} else {
			var label string
			if label, err = poolLabel(servers, s.Name); err != nil {
				return nil, err
			}
			m, err = openai.New(s.Name, openai.Options{BaseURL: s.URL, Label: label, Concurrency: p.config.Requests})
		}
		if err != nil {
			return nil, err
		}
		members = append(members, &watched{Model: m, project: p})
	}
	if len(members) == 1 {
		return members[0], nil
	}
	spread, err := pool.New(members...)
	if err != nil {
		return nil, kindOf(ErrConfig, err)
	}
	return spread, nil
}

// poolLabel is the name that the members of a pool share, the same in whatever
// order they are named; "" for one server.
func poolLabel(servers []modelname.Server, name string) (string, error) {
	if len(servers) == 1 {
		return "", nil
	}
	var places []string
	for _, s := range servers {
		place, err := placeOf(s)
		if err != nil {
			return "", err
		}
		places = append(places, place)
	}
	slices.Sort(places)
	return "openai/" + strings.Join(places, "+") + "/" + name, nil
}

// placeOf is where a server is: its host with the path on it, also if the
// environment says that.
func placeOf(s modelname.Server) (string, error) {
	if s.Kind == "ollama" {
		base := envconfig.Host()
		if s.URL != "" {
			var err error
			if base, err = url.Parse(s.URL); err != nil {
				return "", err
			}
		}
		return base.Host + strings.TrimRight(base.Path, "/"), nil
	}
	m, err := openai.New(s.Name, openai.Options{BaseURL: s.URL})
	if err != nil {
		return "", kindOf(ErrConfig, err)
	}
	return strings.TrimSuffix(strings.TrimPrefix(m.Name(), "openai/"), "/"+s.Name), nil
}

// placesOf names the model of one server or of several, with where they are.
func placesOf(servers []modelname.Server) (string, error) {
	var all []string
	for _, s := range servers {
		place, err := placeOf(s)
		if err != nil {
			return "", err
		}
		all = append(all, s.Kind+":"+s.Name+"@"+place)
	}
	return strings.Join(all, ","), nil
}
