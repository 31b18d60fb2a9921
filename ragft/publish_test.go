package ragft

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ollama/ollama/api"
	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
)

// publishStandIn is a server that keeps blobs and models as the API documents
// it and refuses requests that the API does not know.
type publishStandIn struct {
	t      *testing.T
	mu     sync.Mutex
	blobs  map[string]int // by digest, bytes
	models map[string]api.CreateRequest
	asked  []string

	refuseCreate func(api.CreateRequest) string // an error's text; "" = takes it
	refuseChat   func(api.CreateRequest) string
	template     string // that it would know
	gone         []string
}

func (s *publishStandIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fail := func(status int, text string) {
		w.WriteHeader(status)
		fmt.Fprintf(w, `{"error":%q}`, text)
	}
	read := func(req any) bool {
		decoder := json.NewDecoder(r.Body)
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(req); err != nil {
			fail(http.StatusBadRequest, err.Error())
			return false
		}
		return true
	}
	if digest, ok := strings.CutPrefix(r.Method+" "+r.URL.Path, "POST /api/blobs/"); ok {
		h := sha256.New()
		n, _ := io.Copy(h, r.Body)
		if digest != fmt.Sprintf("sha256:%x", h.Sum(nil)) {
			fail(http.StatusBadRequest, "digest mismatch")
			return
		}
		s.blobs[digest] = int(n)
		w.WriteHeader(http.StatusCreated)
		return
	}
	switch r.Method + " " + r.URL.Path {
	case "POST /api/create":
		var req api.CreateRequest
		if read(&req) {
			s.create(w, req, fail)
		}
	case "POST /api/chat":
		var req api.ChatRequest
		if !read(&req) {
			return
		}
		m, ok := s.models[withTag(req.Model)]
		if !ok {
			fail(http.StatusNotFound, "model '"+req.Model+"' not found")
			return
		}
		s.asked = append(s.asked, withTag(req.Model))
		if s.refuseChat != nil && s.refuseChat(m) != "" {
			fail(http.StatusInternalServerError, s.refuseChat(m))
			return
		}
		if req.Options["num_predict"] != 1.0 {
			fail(http.StatusBadRequest, "more than a token")
			return
		}
		fmt.Fprintln(w, `{"model":"m","message":{"role":"assistant","content":"Hi"},"done":true,"done_reason":"length","eval_count":1}`)
	case "POST /api/show":
		var req api.ShowRequest
		if !read(&req) {
			return
		}
		m, ok := s.models[withTag(req.Model)]
		if !ok {
			fail(http.StatusNotFound, "model not found")
			return
		}
		template := m.Template
		if template == "" {
			template = s.template
		}
		require.NoError(s.t, json.NewEncoder(w).Encode(api.ShowResponse{Template: template, System: m.System,
			Parameters: "temperature 0.5\nstop \"<|end|>\"\nstop                           \"a b\"\n"}))
	case "POST /api/copy":
		var req api.CopyRequest
		if !read(&req) {
			return
		}
		m, ok := s.models[withTag(req.Source)]
		if !ok {
			fail(http.StatusNotFound, "not found")
			return
		}
		s.models[withTag(req.Destination)] = m
	case "DELETE /api/delete":
		var req api.DeleteRequest
		if read(&req) {
			delete(s.models, withTag(req.Model))
			s.gone = append(s.gone, withTag(req.Model))
		}
	case "GET /api/tags":
		var list api.ListResponse
		for name := range s.models {
			list.Models = append(list.Models, api.ListModelResponse{Name: name, Model: name, Digest: testDigest})
		}
		require.NoError(s.t, json.NewEncoder(w).Encode(list))
	default:
		http.NotFound(w, r)
	}
}

func (s *publishStandIn) create(w http.ResponseWriter, req api.CreateRequest, fail func(int, string)) {
	if (req.From == "") == (len(req.Files) == 0) {
		fail(http.StatusBadRequest, "neither 'from' or 'files' was specified")
		return
	}
	if _, ok := s.models[withTag(req.From)]; req.From != "" && !ok {
		fail(http.StatusNotFound, "model not found")
		return
	}
	for _, files := range []map[string]string{req.Files, req.Adapters} {
		for name, digest := range files {
			if _, ok := s.blobs[digest]; !ok || filepath.IsAbs(name) {
				fail(http.StatusBadRequest, "no blob "+digest+" for "+name)
				return
			}
		}
	}
	var options api.Options
	if err := options.FromMap(req.Parameters); err != nil {
		fail(http.StatusInternalServerError, err.Error())
		return
	}
	if s.refuseCreate != nil && s.refuseCreate(req) != "" {
		fail(http.StatusBadRequest, s.refuseCreate(req))
		return
	}
	s.models[withTag(req.Model)] = req
	fmt.Fprintln(w, `{"status":"parsing GGUF"}`)
	fmt.Fprintln(w, `{"status":"success"}`)
}

func newPublishStandIn(t *testing.T) (*publishStandIn, string) {
	s := &publishStandIn{t: t, blobs: map[string]int{}, models: map[string]api.CreateRequest{}, template: "{{ .Prompt }}"}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, server.URL
}

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

func TestPublishAdapter(t *testing.T) {
	s, url := newPublishStandIn(t)
	s.models["base:latest"] = api.CreateRequest{}
	s.models["notes:latest"] = api.CreateRequest{System: "older"}
	adapter := writeGGUF(t, map[string]any{"general.type": "adapter"})
	var said []string
	got, err := Publish(t.Context(), PublishOptions{BaseURL: url, Name: "notes", From: "ollama:base", Adapter: adapter, System: "Be brief.",
		Parameters: map[string]any{"temperature": 0.0}, Status: func(text string) { said = append(said, text) }})
	require.NoError(t, err)
	require.Equal(t, &Published{Name: "notes:latest", Digest: testDigest, As: PublishAdapter, Answer: "Hi"}, got)
	m := s.models["notes:latest"]
	require.Equal(t, "base", m.From)
	require.Len(t, m.Adapters, 1)
	require.Equal(t, "Be brief.", m.System)
	require.Equal(t, []string{"notes:latest-unproven"}, s.asked)
	require.NotContains(t, s.models, "notes:latest-unproven", "the trial is gone")
	require.Contains(t, said, "asking for a token")

	// What cannot work leaves the older model and no trial behind.
	s.refuseChat = func(m api.CreateRequest) string {
		if len(m.Adapters) > 0 {
			return "loras are not yet implemented"
		}
		return ""
	}
	o := PublishOptions{BaseURL: url, Name: "notes", From: "ollama:base", Adapter: adapter, As: PublishAdapter}
	_, err = Publish(t.Context(), o)
	require.ErrorIs(t, err, ErrAdapterRefused)
	require.ErrorContains(t, err, "not yet implemented")
	require.Equal(t, "Be brief.", s.models["notes:latest"].System)
	require.NotContains(t, s.models, "notes:latest-unproven")

	base := writeGGUF(t, map[string]any{"general.architecture": "llama", "tokenizer.chat_template": "{{ jinja }}"})
	o = PublishOptions{BaseURL: url, Name: "me/notes:v2", From: base}
	_, err = Publish(t.Context(), o)
	require.ErrorIs(t, err, ErrNoTemplate)
	require.NotContains(t, s.models, "me/notes:v2")
	o.Template, o.Parameters = "<|user|>{{ .Prompt }}", map[string]any{"stop": "<|end|>", "num_ctx": 2048}
	got, err = Publish(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, "me/notes:v2", got.Name)
	require.Len(t, s.models["me/notes:v2"].Files, 1)
	require.Equal(t, map[string]any{"stop": []any{"<|end|>"}, "num_ctx": 2048.0}, s.models["me/notes:v2"].Parameters)
}

func TestPublishErrors(t *testing.T) {
	s, url := newPublishStandIn(t)
	s.models["elsewhere:latest"] = api.CreateRequest{}
	adapter := writeGGUF(t, map[string]any{"general.type": "adapter"})
	notAdapter := writeGGUF(t, map[string]any{"general.type": "model"})
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	for name, c := range map[string]struct {
		o    PublishOptions
		want any // text or error
	}{
		"no name":        {PublishOptions{From: "ollama:base"}, "no name"},
		"bad name":       {PublishOptions{Name: "a b", From: "ollama:base"}, "no name"},
		"no base":        {PublishOptions{Name: "a"}, "no base"},
		"form":           {PublishOptions{Name: "a", From: "ollama:base", Adapter: adapter, As: "x"}, `form "x"`},
		"nothing to":     {PublishOptions{Name: "a", From: "ollama:base", As: PublishMerged}, "no adapter"},
		"a model":        {PublishOptions{Name: "a", From: "ollama:base", Adapter: notAdapter}, `of the type "model"`},
		"parameter":      {PublishOptions{Name: "a", From: "ollama:base", Parameters: map[string]any{"stop": 3}}, `"stop" must be`},
		"no file":        {PublishOptions{Name: "a", From: "/none.gguf"}, os.ErrNotExist},
		"no such base":   {PublishOptions{Name: "a", From: "ollama:none", Adapter: adapter}, ErrModelMissing},
		"no server":      {PublishOptions{Name: "a", From: "ollama:none", Adapter: adapter, BaseURL: closed.URL}, ErrServerDown},
		"base elsewhere": {PublishOptions{Name: "a", From: "ollama:elsewhere", Adapter: adapter, As: PublishMerged}, "needed on this machine"},
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
	require.Empty(t, foreignMarker(chatML, "{% for m in messages %}{{'<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>'}}{% endfor %}", nil))
	require.Empty(t, foreignMarker("<|user|>{{ .Prompt }}<|end|></s>", own, []string{"</s>"}))
	require.Equal(t, "[INST]", foreignMarker("[INST]{{ .Prompt }}[/INST]", own, nil))

	s, url := newPublishStandIn(t)
	s.template = chatML
	base := writeGGUF(t, map[string]any{"general.architecture": "llama", "tokenizer.chat_template": own})
	_, err := Publish(t.Context(), PublishOptions{BaseURL: url, Name: "notes", From: base})
	require.ErrorIs(t, err, ErrNoTemplate)
	require.Empty(t, s.models)
}

func TestModelfile(t *testing.T) {
	text, err := PublishOptions{From: "base.gguf", Adapter: "/a/b.gguf", Template: "{{ .Prompt }}\n", System: "Be brief.",
		Parameters: map[string]any{"temperature": 0.5, "stop": []string{"<|end|>", "a b"}}}.Modelfile()
	require.NoError(t, err)
	require.Equal(t, "FROM ."+string(filepath.Separator)+"base.gguf\nADAPTER /a/b.gguf\nTEMPLATE \"\"\"{{ .Prompt }}\n\"\"\"\nSYSTEM \"\"\"Be brief.\"\"\"\n"+
		"PARAMETER stop \"\"\"<|end|>\"\"\"\nPARAMETER stop \"\"\"a b\"\"\"\nPARAMETER temperature 0.5\n", text)
	text, err = PublishOptions{From: "ollama:llama3.2:1b"}.Modelfile()
	require.NoError(t, err)
	require.Equal(t, "FROM llama3.2:1b\n", text)
	_, err = PublishOptions{From: "x\nADAPTER y"}.Modelfile()
	require.ErrorContains(t, err, "line break")
	_, err = PublishOptions{From: "x", System: `"""`}.Modelfile()
	require.Error(t, err)
}

func TestParseParameters(t *testing.T) {
	got, err := parseParameters("temperature                    0.5\nstop    \"<|end|>\"\nstop    \"a b\"\nnum_ctx 4096\n")
	require.NoError(t, err)
	require.InDelta(t, 0.5, got["temperature"], 1e-6)
	require.True(t, slices.Equal([]string{"<|end|>", "a b"}, got["stop"].([]string)))
	require.EqualValues(t, 4096, got["num_ctx"])
}
