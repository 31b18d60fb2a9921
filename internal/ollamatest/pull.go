package ollamatest

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Pull writes a manifest with the given layers, "type=content" each, into a
// store of Ollama's as "ollama pull" leaves it.
func Pull(t testing.TB, store, name string, layers ...string) {
	t.Helper()
	type layer struct {
		MediaType string `json:"mediaType"`
		Digest    string `json:"digest"`
	}
	manifest := struct {
		Layers []layer `json:"layers"`
	}{}
	require.NoError(t, os.MkdirAll(filepath.Join(store, "blobs"), 0o755))
	for _, l := range layers {
		kind, content, _ := strings.Cut(l, "=")
		digest := fmt.Sprintf("%x", sha256.Sum256([]byte(content)))
		manifest.Layers = append(manifest.Layers, layer{"application/vnd.ollama.image." + kind, "sha256:" + digest})
		require.NoError(t, os.WriteFile(filepath.Join(store, "blobs", "sha256-"+digest), []byte(content), 0o644))
	}
	data, err := json.Marshal(manifest)
	require.NoError(t, err)
	path := filepath.Join(store, "manifests", filepath.FromSlash(name))
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, data, 0o644))
}
