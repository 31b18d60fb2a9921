// Package modelname reads names of models that servers run: ollama:NAME@URL, openai:NAME@URL, and several of them joined by commas.
package modelname

import (
	"fmt"
	"net/url"
	"strings"
)

// Server is a model that a server runs.
type Server struct {
	Kind string // "ollama" or "openai"
	Name string // that the server has for the model
	URL  string // "" = of OLLAMA_HOST or OPENAI_BASE_URL
}

// Servers returns the servers that a name stands for; none if it stands for a file. native says that
// this build loads files, so that ollama:NAME without an address is the file that Ollama has.
func Servers(name string, native bool) ([]Server, error) {
	if !strings.HasPrefix(name, "ollama:") && !strings.HasPrefix(name, "openai:") {
		return nil, nil // a file, whatever its name holds
	}
	names := strings.Split(name, ",")
	var all []Server
	for _, s := range names {
		one, err := server(s)
		if err != nil {
			return nil, err
		}
		if one.Kind == "ollama" && one.URL == "" && native {
			if len(names) > 1 {
				return nil, fmt.Errorf("%q has no address: of several servers each needs one, ollama:NAME@URL", s)
			}
			return nil, nil // Ollama's file, loaded here
		}
		all = append(all, one)
	}
	return all, nil
}

// server reads the name of one model.
func server(s string) (one Server, err error) {
	one.Kind, one.Name, _ = strings.Cut(strings.TrimSpace(s), ":")
	if at := max(strings.LastIndex(one.Name, "@http://"), strings.LastIndex(one.Name, "@https://")); at >= 0 {
		one.Name, one.URL = one.Name[:at], one.Name[at+1:]
	}
	u, err := url.Parse(one.URL)
	switch {
	case one.Kind != "ollama" && one.Kind != "openai", one.Name == "":
		return one, fmt.Errorf("%q is not a model of a server: ollama:NAME@URL or openai:NAME@URL, several joined by commas", s)
	case err != nil || one.URL != "" && u.Host == "":
		return one, fmt.Errorf("invalid address %q: such as http://127.0.0.1:8080/v1", one.URL)
	case u.User != nil:
		return one, fmt.Errorf("the address of %s holds a key or password, which others on this machine can read: "+
			"leave it out, and set OPENAI_API_KEY", one.Name)
	}
	return one, nil
}
