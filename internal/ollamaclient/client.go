// Package ollamaclient holds what the packages that talk to Ollama's server have
// in common.
package ollamaclient

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/ollama/ollama/api"

	"github.com/ragft/ragft/ragft/model"
)

// Prefix marks the name of one of Ollama's models where a path may stand.
const Prefix = "ollama:"

// New returns a client for the server at base, such as "127.0.0.1:11434";
// "" = that of the environment variable OLLAMA_HOST.
func New(base string) (*api.Client, error) {
	if base == "" {
		return api.ClientFromEnvironment()
	}
	if !strings.Contains(base, "://") {
		base = "http://" + base
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("invalid URL %q: it must be like http://127.0.0.1:11434", base)
	}
	return api.NewClient(u, http.DefaultClient), nil
}

// WithTag adds the default tag. Only the part after the last slash may hold
// one, since a host may have a port.
func WithTag(name string) string {
	if strings.Contains(name[strings.LastIndex(name, "/")+1:], ":") {
		return name
	}
	return name + ":latest"
}

// Status returns the HTTP status of an error of Ollama's client, 0 for other errors.
func Status(err error) int {
	var refused api.StatusError
	var auth api.AuthorizationError
	switch {
	case errors.As(err, &refused):
		return refused.StatusCode
	case errors.As(err, &auth):
		return auth.StatusCode
	}
	return 0
}

// Digest returns the digest of a model, whose name has a tag. It is
// [model.ErrNotFound] if the server does not have the model.
func Digest(ctx context.Context, client *api.Client, tag string) (string, error) {
	list, err := client.List(ctx)
	if err != nil {
		return "", err
	}
	for _, m := range list.Models {
		if strings.EqualFold(m.Name, tag) || strings.EqualFold(m.Model, tag) {
			return m.Digest, nil
		}
	}
	return "", model.ErrNotFound
}
