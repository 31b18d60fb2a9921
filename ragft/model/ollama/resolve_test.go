package ollama

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/ollamatest"
	"github.com/ragft/ragft/ragft/model"
)

func TestResolveModel(t *testing.T) {
	store := t.TempDir()
	t.Setenv("OLLAMA_MODELS", store)
	ollamatest.Pull(t, store, "registry.ollama.ai/library/llama3.2/1b",
		"model=GGUF...", `params={"stop":["<end>"]}`, "template={{ .Prompt }}", "system=Be brief.")
	ollamatest.Pull(t, store, "registry.ollama.ai/me/tuned/latest", "model=GGUF base", "adapter=GGUF adapter")
	ollamatest.Pull(t, store, "registry.ollama.ai/library/pieces/latest", "tensor=x", "tensor=y")
	ollamatest.Pull(t, store, "registry.ollama.ai/library/cloud/latest")
	ollamatest.Pull(t, store, "registry.ollama.ai/library/split/latest", "model=GGUF", "model=GGUF")
	ollamatest.Pull(t, store, "registry.ollama.ai/library/notgguf/latest", "model=PK..")
	ollamatest.Pull(t, store, "hf.co/someone/model-GGUF/Q4_K_M", "model=GGUF hf")
	local := filepath.Join(t.TempDir(), "small.gguf")
	require.NoError(t, os.WriteFile(local, []byte("GGUF"), 0o644))

	path, err := Resolve(t.Context(), "ollama:llama3.2:1b")
	require.NoError(t, err)
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "GGUF...", string(content))

	_, err = Resolve(t.Context(), "ollama:me/tuned")
	require.ErrorIs(t, err, model.ErrNotFound, "the base alone would be another model")
	require.ErrorContains(t, err, "with the adapter "+filepath.Join(store, "blobs"))

	path, err = Resolve(t.Context(), "ollama:hf.co/someone/model-GGUF:Q4_K_M")
	require.NoError(t, err)
	require.Equal(t, "GGUF hf", func() string { b, _ := os.ReadFile(path); return string(b) }())
	path, err = Resolve(t.Context(), local)
	require.NoError(t, err)
	require.Equal(t, local, path)

	for ref, want := range map[string]string{
		"ollama:pieces": "2 tensors", "ollama:cloud": "no weights", "ollama:split": "split into 2", "ollama:notgguf": "begins with",
	} {
		_, err := Resolve(t.Context(), ref)
		require.ErrorIs(t, err, noGGUF{}, ref)
		require.ErrorContains(t, err, want, ref)
	}
	_, err = Resolve(t.Context(), "ollama:llama3.2")
	require.ErrorIs(t, err, model.ErrNotFound, "another tag")
	require.ErrorContains(t, err, `run "ollama pull llama3.2"`)
	for _, ref := range []string{
		"ollama:", "ollama:../../../etc/passwd", "ollama:a/../b", "ollama:..", "ollama:a:../../b", "ollama:/etc/passwd",
		"ollama:a\x00b", "ollama:x/y/z/../w", `ollama:..\..\x`, "ollama:a b",
	} {
		_, err := Resolve(t.Context(), ref)
		require.ErrorContains(t, err, "invalid model name", ref)
	}
	_, err = Resolve(t.Context(), filepath.Join(store, "none.gguf"))
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = Resolve(t.Context(), store)
	require.ErrorContains(t, err, "is a folder")

	path, err = Resolve(t.Context(), "ollama:hf.co/someone/model-GGUF:Q4_K_M")
	require.NoError(t, err)
	require.NoError(t, os.Remove(path))
	_, err = Resolve(t.Context(), "ollama:hf.co/someone/model-GGUF:Q4_K_M")
	require.ErrorContains(t, err, "pull the model again")
}

// A manifest is read from a folder that others can write to.
func TestResolveHostileManifest(t *testing.T) {
	store := t.TempDir()
	t.Setenv("OLLAMA_MODELS", store)
	path := filepath.Join(store, "manifests", "registry.ollama.ai", "library", "m", "latest")
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	for text, want := range map[string]string{
		`{"layers":[{"mediaType":"application/vnd.ollama.image.model","digest":"sha256:../../../etc/passwd"}]}`: "invalid digest",
		`{"layers":[{"mediaType":"application/vnd.ollama.image.model","digest":""}]}`:                           "invalid digest",
		`{"layers":{}}`:                    "manifest of m",
		``:                                 "manifest of m",
		strings.Repeat(" ", maxManifest+1): "larger than",
	} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		_, err := Resolve(t.Context(), "ollama:m")
		require.ErrorContains(t, err, want)
	}
}
