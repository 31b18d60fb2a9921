//go:build cgo

package service

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/ragft/model/local"
	"github.com/ragft/ragft/retriever"
	"github.com/ragft/ragft/retriever/dense"
)

// anySource is an index that holds anything for one of its sources.
type anySource struct{ Index }

func (anySource) HasSource(context.Context, string) (bool, error) { return true, nil }

// A search that wraps the index, as that of ragft serve does, gives out no more than the index: a file that was never indexed is
// neither sent nor listed nor deleted. Without an index nothing is.
func TestOnlySourcesAreGivenOutWhateverTheSearch(t *testing.T) {
	m := openModel(t, testmodel.New(t, testmodel.Spec{}), local.Options{ContextTokens: 256})
	search, err := dense.NewSearch(newIndex(t), dense.Options{}) // of inn.txt and mill.txt
	require.NoError(t, err)
	folder := t.TempDir()
	for _, name := range []string{"inn.txt", "key.pem"} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte("secret of "+name), 0o644))
	}
	do := func(config Config, method, path string) (int, string) {
		s, err := New(config)
		require.NoError(t, err)
		defer s.Close()
		r := httptest.NewRequest(method, path, nil)
		r.Host = "localhost"
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	models := []Model{{Name: "base", Local: m}}
	config := Config{Models: models, Index: search, Folders: []string{folder}, Files: ".",
		Sync: func(context.Context) (*retriever.SyncReport, error) { return &retriever.SyncReport{}, nil }}
	file := func(name string) string {
		return "/v1/files/file-" + base64.RawURLEncoding.EncodeToString([]byte(name))
	}
	for _, request := range [][2]string{
		{"GET", "/v1/documents/key.pem"}, {"GET", file("key.pem")}, {"GET", file("key.pem") + "/content"}, {"DELETE", file("key.pem")},
	} {
		code, body := do(config, request[0], request[1])
		require.Equal(t, http.StatusNotFound, code, request)
		require.NotContains(t, body, "secret", request)
	}
	require.FileExists(t, filepath.Join(folder, "key.pem"))
	code, body := do(config, "GET", "/v1/files")
	require.Equal(t, http.StatusOK, code)
	require.NotContains(t, body, "key.pem")
	require.Contains(t, body, "inn.txt")
	for _, path := range []string{"/v1/documents/inn.txt", file("inn.txt") + "/content"} {
		code, body = do(config, "GET", path)
		require.Equal(t, http.StatusOK, code, path)
		require.Equal(t, "secret of inn.txt", body)
	}

	code, body = do(Config{Models: models, Folders: []string{folder}}, "GET", "/v1/documents/key.pem")
	require.Equal(t, http.StatusNotFound, code, body)
}
