//go:build cgo

package service

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/reading"
	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/ragft/assistant"
	"github.com/ragft/ragft/ragft/model/local"
)

func TestWhoIsLetIn(t *testing.T) {
	local := openModel(t, testmodel.New(t, testmodel.Spec{}), local.Options{ContextTokens: 256})
	models := []Model{{Name: "base", Local: local}}
	get := func(s *Service, path, host string, header ...string) int {
		r := httptest.NewRequest("GET", path, nil)
		r.Host = host
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w.Code
	}
	open, _, _ := serve(t, Config{Models: models, Hosts: []string{"mine.example", "Ours.Example"}})
	for host, want := range map[string]int{
		"localhost:80": 200, "127.0.0.1": 200, "[::1]:8080": 200, "mine.example": 200, "MINE.example:80": 200, "ours.example": 200,
		"evil.example": 403, "10.0.0.1:80": 403, "": 403,
	} {
		require.Equal(t, want, get(open, "/v1/models", host), host)
	}
	closed, address, _ := serve(t, Config{Models: models, Token: "secret"})
	require.Equal(t, 401, get(closed, "/v1/models", "evil.example"))
	require.Equal(t, 401, get(closed, "/metrics", "localhost", "Authorization", "Bearer wrong"))
	for sent, want := range map[string]int{
		"Bearer secret": 200, "bearer secret": 200, "BEARER secret": 200, "Bearer Secret": 401, "Basic secret": 401, "secret": 401,
		"Bearersecret": 401, "Bearer": 401, "Bearer ": 401, "": 401,
	} {
		require.Equal(t, want, get(closed, "/v1/models", "any.example", "Authorization", sent), sent)
	}
	require.Equal(t, 200, get(closed, "/health", "any.example"))
	client := openai.NewClient(option.WithBaseURL(address+"/v1"), option.WithAPIKey("secret"), option.WithMaxRetries(0))
	_, err := client.Models.List(t.Context())
	require.NoError(t, err)

	require.ErrorIs(t, open.ListenAndServe(t.Context(), "0.0.0.0:0"), ErrTokenNeeded)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- open.ListenAndServe(ctx, "127.0.0.1:0") }()
	time.AfterFunc(50*time.Millisecond, cancel)
	require.NoError(t, <-done)
}

// Nothing is answered to a page of another origin in a browser that is let in, whatever the method. A link to the service's page
// works, which has no data. Clients that are no browsers send none of the headers, and old browsers only Origin.
func TestPagesOfOtherOrigins(t *testing.T) {
	base := openModel(t, testmodel.New(t, testmodel.Spec{}), local.Options{ContextTokens: 256})
	open, err := New(Config{Models: []Model{{Name: "base", Local: base}}, Index: newIndex(t)})
	require.NoError(t, err)
	defer open.Close()
	closed, err := New(Config{Models: []Model{{Name: "base", Local: base}}, Token: "secret"})
	require.NoError(t, err)
	defer closed.Close()
	ask := func(s *Service, method, path string, header ...string) (int, string) {
		r := httptest.NewRequest(method, path, strings.NewReader(`{`+question+`}`))
		r.Host = "localhost:8080"
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer secret")
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	for _, s := range []*Service{open, closed} {
		for _, of := range [][2]string{{"POST", chatPath}, {"GET", "/v1/models"}, {"HEAD", "/v1/models"}, {"GET", "/metrics"}, {"GET", "/health"},
			{"OPTIONS", chatPath}, {"POST", "/"}} {
			for _, header := range [][]string{
				{"Origin", "https://evil.example"}, {"Origin", "http://localhost:3000"}, {"Origin", "null"},
				{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"},
				{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Origin", "http://localhost:8080"},
			} {
				code, body := ask(s, of[0], of[1], header...)
				require.Equal(t, 403, code, "%s %v", of, header)
				require.Contains(t, body, `"cross_origin"`, "%s %v", of, header)
			}
		}
		for _, of := range [][2]string{{"POST", chatPath}, {"GET", "/v1/models"}, {"HEAD", "/v1/models"}, {"GET", "/metrics"},
			{"GET", "/health"}, {"GET", "/"}, {"GET", "/page.js"}} {
			for _, header := range [][]string{
				nil, {"Origin", "http://localhost:8080"}, {"Sec-Fetch-Site", "same-origin"}, {"Sec-Fetch-Site", "none"},
			} {
				code, body := ask(s, of[0], of[1], header...)
				require.Equal(t, 200, code, "%s %v: %s", of, header, body)
			}
		}
		for _, method := range []string{"GET", "HEAD"} {
			code, _ := ask(s, method, "/", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate")
			require.Equal(t, 200, code, method)
		}
	}
}

// An empty name is that of no model, and not of the first one.
func TestModelWithoutName(t *testing.T) {
	_, address, _ := serve(t, Config{Models: []Model{{Name: "base",
		Local: openModel(t, testmodel.New(t, testmodel.Spec{}), local.Options{ContextTokens: 256})}}})
	for path, want := range map[string]int{"/v1/models": 200, "/v1/models/base": 200, "/v1/models/": 404, "/v1/models/none": 404} {
		resp, err := http.Get(address + path)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		require.Equal(t, want, resp.StatusCode, path)
	}
}

// TestPaths asks for what lies outside the folders in all manner of ways.
func TestPaths(t *testing.T) {
	local := openModel(t, testmodel.New(t, testmodel.Spec{}), local.Options{ContextTokens: 256})
	above := t.TempDir()
	folder := filepath.Join(above, "docs")
	require.NoError(t, os.MkdirAll(filepath.Join(folder, "sub"), 0o755))
	for name, text := range map[string]string{
		"secret.txt": "secret", "docs/a.html": "<script>x</script>", "docs/sub/b c.txt": "b", "docs/.hidden": "secret",
		"docs/.git/x": "secret",
	} {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(above, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(above, name), []byte(text), 0o644))
	}
	require.NoError(t, os.Symlink(filepath.Join(above, "secret.txt"), filepath.Join(folder, "link.txt")))
	_, address, _ := serve(t, Config{Models: []Model{{Name: "base", Local: local}}, Index: anySource{newIndex(t)},
		Folders: []string{folder}})
	get := func(path string) (int, string, http.Header) {
		r, err := http.NewRequest("GET", address, nil)
		require.NoError(t, err)
		r.URL.Opaque = path // as it is
		resp, err := http.DefaultTransport.RoundTrip(r)
		require.NoError(t, err)
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return resp.StatusCode, string(body), resp.Header
	}
	code, body, header := get("/v1/documents/a.html")
	require.Equal(t, 200, code)
	require.Equal(t, "<script>x</script>", body)
	require.Equal(t, "text/plain; charset=utf-8", header.Get("Content-Type"))
	code, body, _ = get("/v1/documents/sub/b%20c.txt")
	require.Equal(t, 200, code)
	require.Equal(t, "b", body)
	for _, path := range []string{
		"../secret.txt", "%2e%2e/secret.txt", "..%2fsecret.txt", "sub/../../secret.txt", "sub/%2e%2e/%2e%2e/secret.txt", "/etc/passwd",
		"%2fetc%2fpasswd",
		"link.txt", ".hidden", ".git/x", "sub", "", ".", "a.html%00.txt", "..%5csecret.txt", "a.html/", "%252e%252e/secret.txt", "no.txt",
	} {
		code, body, _ := get("/v1/documents/" + path)
		require.NotEqual(t, 200, code, path)
		require.NotContains(t, body, "secret\n", path)
		require.NotEqual(t, "secret", body, path)
	}
}

// metricsOf reads the counters.
func metricsOf(t testing.TB, address string) map[string]float64 {
	t.Helper()
	resp, err := http.Get(address + "/metrics")
	require.NoError(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	out := map[string]float64{}
	line := regexp.MustCompile(`^([a-z_]+(?:\{[a-z_]+="[^"]*"(?:,[a-z_]+="[^"]*")*\})?) ([0-9.e+-]+)$`)
	for l := range strings.Lines(strings.TrimSpace(string(body))) {
		l = strings.TrimRight(l, "\n")
		if strings.HasPrefix(l, "# HELP ") || strings.HasPrefix(l, "# TYPE ") {
			continue
		}
		m := line.FindStringSubmatch(l)
		require.NotNil(t, m, l)
		var value float64
		_, err := fmt.Sscan(m[2], &value)
		require.NoError(t, err)
		require.NotContains(t, out, m[1])
		out[m[1]] = value
	}
	return out
}

func TestLimitOfPassages(t *testing.T) {
	for limit, want := range map[int][]int{3: {3, 2, 3}, 20: {reading.DefaultPassages, 2, 20}} {
		l := Limits{Passages: limit}
		for i, asked := range []int{0, 2, 30} {
			require.Equal(t, want[i], l.passages(assistant.Options{Passages: asked}), "%d of at most %d", asked, limit)
		}
	}
}
