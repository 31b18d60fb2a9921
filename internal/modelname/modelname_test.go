package modelname

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestServers(t *testing.T) {
	for name, want := range map[string][]Server{
		"model.gguf":                           nil,
		"a,ollama:b":                           nil,
		"ollama:qwen3":                         nil,
		"openai:gpt":                           {{"openai", "gpt", ""}},
		"ollama:a:7b@http://h:1":               {{"ollama", "a:7b", "http://h:1"}},
		"openai:a@b@https://h/v1":              {{"openai", "a@b", "https://h/v1"}},
		"openai:a@http://x, openai:a@http://y": {{"openai", "a", "http://x"}, {"openai", "a", "http://y"}},
	} {
		got, err := Servers(name, true)
		require.NoError(t, err, name)
		require.Equal(t, want, got, name)
	}
	got, err := Servers("ollama:qwen3", false)
	require.NoError(t, err)
	require.Equal(t, []Server{{"ollama", "qwen3", ""}}, got, "a build that loads no files asks the server")
}

func TestServersRefuses(t *testing.T) {
	for name, want := range map[string]string{
		"openai:":                        "not a model of a server",
		"openai:a@http://x,file.gguf":    "not a model of a server",
		"openai:a@http://":               "invalid address",
		"openai:a@http://key:word@host/": "holds a key or password",
		"openai:a@http://x,ollama:b":     "of several servers each needs one",
	} {
		_, err := Servers(name, true)
		require.ErrorContains(t, err, want, name)
	}
}
