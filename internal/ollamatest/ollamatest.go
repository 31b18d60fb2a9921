// Package ollamatest is a stand-in for an Ollama server in tests.
package ollamatest

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ollama/ollama/api"
	"github.com/stretchr/testify/require"
)

// Digest is that of every model.
const Digest = "365c0bd3c000a25d28ddbf732fe1c6add414de7275464c4e4d1c3b5fcb5d8ad1"

// Server stands in for an Ollama server: it keeps blobs and models as the API documents
// it and refuses requests that the API does not know.
type Server struct {
	Blobs  map[string]int               // bytes, by digest
	Models map[string]api.CreateRequest // by name with its tag
	Asked  []string                     // models that were asked for an answer
	Gone   []string                     // models that were deleted

	RefuseCreate func(api.CreateRequest) string // an error's text; "" = takes it; nil = takes all
	RefuseChat   func(api.CreateRequest) string // the same of a model that is asked
	Template     string                         // that it knows for a model without one

	t  testing.TB
	mu sync.Mutex
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
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
		s.Blobs[digest] = int(n)
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
		m, ok := s.Models[withTag(req.Model)]
		if !ok {
			fail(http.StatusNotFound, "model '"+req.Model+"' not found")
			return
		}
		s.Asked = append(s.Asked, withTag(req.Model))
		if s.RefuseChat != nil && s.RefuseChat(m) != "" {
			fail(http.StatusInternalServerError, s.RefuseChat(m))
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
		m, ok := s.Models[withTag(req.Model)]
		if !ok {
			fail(http.StatusNotFound, "model not found")
			return
		}
		template := m.Template
		if template == "" {
			template = s.Template
		}
		require.NoError(s.t, json.NewEncoder(w).Encode(api.ShowResponse{Template: template, System: m.System,
			Parameters: "temperature 0.5\nstop \"<|end|>\"\nstop                           \"a b\"\n"}))
	case "POST /api/copy":
		var req api.CopyRequest
		if !read(&req) {
			return
		}
		m, ok := s.Models[withTag(req.Source)]
		if !ok {
			fail(http.StatusNotFound, "not found")
			return
		}
		s.Models[withTag(req.Destination)] = m
	case "DELETE /api/delete":
		var req api.DeleteRequest
		if read(&req) {
			delete(s.Models, withTag(req.Model))
			s.Gone = append(s.Gone, withTag(req.Model))
		}
	case "GET /api/tags":
		var list api.ListResponse
		for name := range s.Models {
			list.Models = append(list.Models, api.ListModelResponse{Name: name, Model: name, Digest: Digest})
		}
		require.NoError(s.t, json.NewEncoder(w).Encode(list))
	default:
		http.NotFound(w, r)
	}
}

func (s *Server) create(w http.ResponseWriter, req api.CreateRequest, fail func(int, string)) {
	if (req.From == "") == (len(req.Files) == 0) {
		fail(http.StatusBadRequest, "neither 'from' or 'files' was specified")
		return
	}
	if _, ok := s.Models[withTag(req.From)]; req.From != "" && !ok {
		fail(http.StatusNotFound, "model not found")
		return
	}
	for _, files := range []map[string]string{req.Files, req.Adapters} {
		for name, digest := range files {
			if _, ok := s.Blobs[digest]; !ok || filepath.IsAbs(name) {
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
	if s.RefuseCreate != nil && s.RefuseCreate(req) != "" {
		fail(http.StatusBadRequest, s.RefuseCreate(req))
		return
	}
	s.Models[withTag(req.Model)] = req
	fmt.Fprintln(w, `{"status":"parsing GGUF"}`)
	fmt.Fprintln(w, `{"status":"success"}`)
}

// Start starts a server without models, which ends with the test. Its fields are to be set before it is asked.
func Start(tb testing.TB) (s *Server, url string) {
	tb.Helper()
	s = &Server{t: tb, Blobs: map[string]int{}, Models: map[string]api.CreateRequest{}, Template: "{{ .Prompt }}"}
	server := httptest.NewServer(s)
	tb.Cleanup(server.Close)
	return s, server.URL
}

// withTag adds the default tag.
func withTag(name string) string {
	if strings.Contains(name[strings.LastIndex(name, "/")+1:], ":") {
		return name
	}
	return name + ":latest"
}
