package ragft

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/model/ollama"
	"github.com/ragft/ragft/ragft/model/openai"
	"github.com/ragft/ragft/ragft/model/pool"
)

// served is a model that a server runs.
type served struct {
	kind, name string // kind is "ollama" or "openai"
	url        string // "" = of OLLAMA_HOST or OPENAI_BASE_URL
}

var errNoModel = kindOf(ErrConfig, errors.New("no model: set model, such as to a GGUF file; 'ragft models' lists what is here"))

// serversOf are those that run a model; none where it runs here.
func serversOf(name string) ([]served, error) {
	if name == "" {
		return nil, errNoModel
	}
	if !strings.HasPrefix(name, "ollama:") && !strings.HasPrefix(name, "openai:") {
		return nil, nil // a file, whatever its name holds
	}
	names := strings.Split(name, ",")
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
			return nil, badModel("%q is not a model of a server: ollama:NAME@URL or openai:NAME@URL, several joined by commas", s)
		case err != nil || one.url != "" && u.Host == "":
			return nil, badModel("invalid address %q: such as http://127.0.0.1:8080/v1", one.url)
		case u.User != nil:
			return nil, badModel("the address of %s holds a key or password, which others on this machine can read: "+
				"leave it out, and set OPENAI_API_KEY", one.name)
		case one.kind == "ollama" && one.url == "" && hasNative:
			if len(names) > 1 {
				return nil, badModel("%q has no address: of several servers each needs one, ollama:NAME@URL", s)
			}
			return nil, nil // Ollama's file, loaded here
		}
		all = append(all, one)
	}
	return all, nil
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
func (p *Project) openServers(ctx context.Context, servers []served) (model.Model, error) {
	var members []model.Model
	for _, s := range servers {
		var m model.Model
		var err error
		if s.kind == "ollama" {
			m, err = ollama.New(ctx, s.name, ollama.Options{BaseURL: s.url, ContextLength: p.config.Context, Concurrency: p.config.Requests})
		} else {
			m, err = openai.New(s.name, openai.Options{BaseURL: s.url, Label: poolLabel(servers, s.name), Concurrency: p.config.Requests})
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
