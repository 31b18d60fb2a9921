package ollamaclient

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/ollama/ollama/api"
)

func New(base string) (*api.Client, error) {
	if base == "" {
		return api.ClientFromEnvironment()
	}
	if !strings.Contains(base, "://") {
		base = "http://" + base
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("the address %q is no URL such as http://127.0.0.1:11434", base)
	}
	return api.NewClient(u, http.DefaultClient), nil
}

// withTag adds the default tag. Only the part after the last slash may hold
// one, since a host may have a port.
func WithTag(name string) string {
	if strings.Contains(name[strings.LastIndex(name, "/")+1:], ":") {
		return name
	}
	return name + ":latest"
}

// ollamaStatus is the HTTP status of an error of Ollama's client; 0 = it is none.
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
