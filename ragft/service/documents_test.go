//go:build cgo && unix

package service

import (
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/ragft/model/local"
)

// Only regular files that the index has passages of are given out, and nothing else blocks a request.
func TestDocumentsAreSourcesOfTheIndex(t *testing.T) {
	m := openModel(t, testmodel.New(t, testmodel.Spec{}), local.Options{ContextTokens: 256})
	folder := t.TempDir()
	for name, text := range map[string]string{"inn.txt": "The inn.", "key.pem": "secret", "notes.txt": "never indexed"} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644))
	}
	get := func(config Config, name string) (int, string) {
		s, err := New(config)
		require.NoError(t, err)
		defer s.Close()
		r := httptest.NewRequest("GET", "/v1/documents/"+name, nil)
		r.Host = "localhost"
		w := httptest.NewRecorder()
		done := make(chan bool)
		go func() { s.ServeHTTP(w, r); close(done) }()
		select {
		case <-done:
		case <-time.After(20 * time.Second):
			t.Fatal("the request blocks: " + name)
		}
		return w.Code, w.Body.String()
	}
	models := []Model{{Name: "base", Local: m}}
	indexed := Config{Models: models, Index: newIndex(t), Folders: []string{folder}} // of inn.txt and mill.txt
	code, body := get(indexed, "inn.txt")
	require.Equal(t, 200, code)
	require.Equal(t, "The inn.", body)
	for _, name := range []string{"key.pem", "notes.txt", "mill.txt", "no.txt"} { // mill.txt was deleted since
		code, body := get(indexed, name)
		require.Equal(t, 404, code, name)
		require.NotContains(t, body, "secret")
	}
	// What stands in a file's place is not read, even if the index has a source of the name.
	path := filepath.Join(folder, "mill.txt")
	require.NoError(t, syscall.Mkfifo(path, 0o644))
	code, _ = get(indexed, "mill.txt")
	require.Equal(t, 404, code, "a named pipe")
	require.NoError(t, os.Remove(path))
	t.Chdir(folder) // paths of sockets are short
	l, err := net.Listen("unix", "mill.txt")
	require.NoError(t, err)
	defer l.Close()
	code, _ = get(indexed, "mill.txt")
	require.Equal(t, 404, code, "a socket")

	// Nor what a link leads to, within the folder or as a folder of the path.
	require.NoError(t, os.Symlink("key.pem", filepath.Join(folder, "link.txt")))
	require.NoError(t, os.MkdirAll(filepath.Join(folder, "real", "deep"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "real", "deep", "a.txt"), []byte("The bridge."), 0o644))
	require.NoError(t, os.Symlink("real", filepath.Join(folder, "linked")))
	indexed.Index = anySource{newIndex(t)}
	for name, want := range map[string]int{
		"link.txt": 404, "linked/deep/a.txt": 404, "real/deep/a.txt": 200, "real/deep": 404, "real/deep/a.txt/b": 404,
	} {
		code, body := get(indexed, name)
		require.Equal(t, want, code, name)
		require.NotContains(t, body, "secret")
	}
}
