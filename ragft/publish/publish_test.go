package publish

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/ollama/ollama/api"
	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/ollamatest"
	"github.com/ragft/ragft/ragft/model"
	"github.com/stretchr/testify/require"
)

// writeGGUF writes a file with metadata only.
func writeGGUF(t *testing.T, meta map[string]any) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file.gguf")
	w, err := gguf.Create(path)
	require.NoError(t, err)
	for key, value := range meta {
		require.NoError(t, w.SetMeta(key, value))
	}
	require.NoError(t, w.Commit())
	return path
}

func requireNoTrial(t *testing.T, s *ollamatest.Server) {
	t.Helper()
	for name := range s.Models {
		require.NotContains(t, name, "-unproven", "the trial is gone")
	}
}

func TestPublishAdapter(t *testing.T) {
	s, url := ollamatest.Start(t)
	s.Models["base:latest"] = api.CreateRequest{}
	s.Models["notes:latest"] = api.CreateRequest{System: "older"}
	adapter := writeGGUF(t, map[string]any{"general.type": "adapter"})
	var said []string
	got, err := Publish(t.Context(), Options{BaseURL: url, Name: "notes", From: "ollama:base", Adapter: adapter, System: "Be brief.",
		Parameters: map[string]any{"temperature": 0.0}, Status: func(text string) { said = append(said, text) }})
	require.NoError(t, err)
	require.Equal(t, &Published{Name: "notes:latest", Digest: ollamatest.Digest, As: asAdapter, Answer: "Hi"}, got)
	m := s.Models["notes:latest"]
	require.Equal(t, "base", m.From)
	require.Len(t, m.Adapters, 1)
	require.Equal(t, "Be brief.", m.System)
	require.Len(t, s.Asked, 1)
	require.Regexp(t, "^notes:latest-unproven-", s.Asked[0])
	requireNoTrial(t, s)
	require.Contains(t, said, "asking for a token")

	// What cannot work leaves the older model and no trial behind.
	s.RefuseChat = func(m api.CreateRequest) string {
		if len(m.Adapters) > 0 {
			return "loras are not yet implemented"
		}
		return ""
	}
	o := Options{BaseURL: url, Name: "notes", From: "ollama:base", Adapter: adapter, As: asAdapter}
	_, err = Publish(t.Context(), o)
	require.ErrorIs(t, err, errAdapterRefused)
	require.ErrorIs(t, err, model.ErrRequest)
	require.ErrorContains(t, err, "not yet implemented")
	require.Equal(t, "Be brief.", s.Models["notes:latest"].System)
	requireNoTrial(t, s)

	base := writeGGUF(t, map[string]any{"general.architecture": "llama", "tokenizer.chat_template": "{{ jinja }}"})
	o = Options{BaseURL: url, Name: "me/notes:v2", From: base}
	_, err = Publish(t.Context(), o)
	require.ErrorIs(t, err, ErrNoTemplate)
	require.NotContains(t, s.Models, "me/notes:v2")
	o.Template, o.Parameters = "<|user|>{{ .Prompt }}", map[string]any{"stop": "<|end|>", "num_ctx": 2048}
	got, err = Publish(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, "me/notes:v2", got.Name)
	require.Len(t, s.Models["me/notes:v2"].Files, 1)
	require.Equal(t, map[string]any{"stop": []any{"<|end|>"}, "num_ctx": 2048.0}, s.Models["me/notes:v2"].Parameters)
}

func TestPublishErrors(t *testing.T) {
	s, url := ollamatest.Start(t)
	s.Models["elsewhere:latest"] = api.CreateRequest{}
	adapter := writeGGUF(t, map[string]any{"general.type": "adapter"})
	notAdapter := writeGGUF(t, map[string]any{"general.type": "model"})
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	for name, c := range map[string]struct {
		o    Options
		want any // text or error
	}{
		"invalid name": {Options{From: "ollama:base"}, "invalid name"},
		"bad name":     {Options{Name: "a b", From: "ollama:base"}, "invalid name"},
		"no base":      {Options{Name: "a"}, "no base"},
		"form":         {Options{Name: "a", From: "ollama:base", Adapter: adapter, As: "x"}, `invalid form "x"`},
		"nothing to":   {Options{Name: "a", From: "ollama:base", As: asMerged}, "no adapter"},
		"a model":      {Options{Name: "a", From: "ollama:base", Adapter: notAdapter}, `of the type "model"`},
		"parameter":    {Options{Name: "a", From: "ollama:base", Parameters: map[string]any{"stop": 3}}, `"stop" must be`},
		"no file":      {Options{Name: "a", From: "/none.gguf"}, os.ErrNotExist},
		"no such base": {Options{Name: "a", From: "ollama:none", Adapter: adapter}, model.ErrNotFound},
		"no server":    {Options{Name: "a", From: "ollama:none", Adapter: adapter, BaseURL: closed.URL}, model.ErrUnavailable},
		"base elsewhere": {Options{Name: "a", From: "ollama:elsewhere", Adapter: adapter, As: asMerged,
			Merge: func(context.Context, string, string, string) error { return nil }}, "needs the base's file on this machine"},
		"no merging": {Options{Name: "a", From: "ollama:elsewhere", Adapter: adapter, As: asMerged}, "set Options.Merge"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("OLLAMA_MODELS", t.TempDir())
			if c.o.BaseURL == "" {
				c.o.BaseURL = url
			}
			_, err := Publish(t.Context(), c.o)
			if want, ok := c.want.(error); ok {
				require.ErrorIs(t, err, want)
			} else {
				require.ErrorContains(t, err, c.want.(string))
			}
		})
	}
}

// Ollama takes the most similar template that it knows, here ChatML.
func TestForeignTemplate(t *testing.T) {
	const chatML = "{{- range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n{{ end }}<|im_start|>assistant\n"
	const own = "{%- for m in messages -%}<|{{ m.role }}|>{{ m.content }}<|end|>{%- endfor -%}"
	require.Equal(t, "<|im_start|>", foreignMarker(chatML, own, nil))
	require.Empty(t, foreignMarker(chatML, "{% for m in messages %}{{'<|im_start|>' + m['role'] + '\n' + m['content'] + "+
		"'<|im_end|>'}}{% endfor %}", nil))
	require.Empty(t, foreignMarker("<|user|>{{ .Prompt }}<|end|></s>", own, []string{"</s>"}))
	require.Equal(t, "[INST]", foreignMarker("[INST]{{ .Prompt }}[/INST]", own, nil))

	s, url := ollamatest.Start(t)
	s.Template = chatML
	base := writeGGUF(t, map[string]any{"general.architecture": "llama", "tokenizer.chat_template": own})
	_, err := Publish(t.Context(), Options{BaseURL: url, Name: "notes", From: base})
	require.ErrorIs(t, err, ErrNoTemplate)
	require.Empty(t, s.Models)
}

func TestModelfile(t *testing.T) {
	text, err := Options{From: "base.gguf", Adapter: "/a/b.gguf", Template: "{{ .Prompt }}\n", System: "Be brief.",
		Parameters: map[string]any{"temperature": 0.5, "stop": []string{"<|end|>", "a b"}}}.Modelfile("")
	require.NoError(t, err)
	require.Equal(t, "FROM ."+string(filepath.Separator)+"base.gguf\nADAPTER /a/b.gguf\nTEMPLATE \"\"\"{{ .Prompt }}\n\"\"\"\nSYSTEM "+
		"\"\"\"Be brief.\"\"\"\n"+
		"PARAMETER stop \"\"\"<|end|>\"\"\"\nPARAMETER stop \"\"\"a b\"\"\"\nPARAMETER temperature 0.5\n", text)
	text, err = Options{From: "ollama:llama3.2:1b"}.Modelfile("")
	require.NoError(t, err)
	require.Equal(t, "FROM llama3.2:1b\n", text)
	_, err = Options{From: "x\nADAPTER y"}.Modelfile("")
	require.ErrorContains(t, err, "line break")
	_, err = Options{From: "x", System: `"""`}.Modelfile("")
	require.Error(t, err)
}

func TestParseParameters(t *testing.T) {
	got, err := parseParameters("temperature                    0.5\nstop    \"<|end|>\"\nstop    \"a b\"\nnum_ctx 4096\n")
	require.NoError(t, err)
	require.InDelta(t, 0.5, got["temperature"], 1e-6)
	require.True(t, slices.Equal([]string{"<|end|>", "a b"}, got["stop"].([]string)))
	require.EqualValues(t, 4096, got["num_ctx"])
}
