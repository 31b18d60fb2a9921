package ollama

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/ollama/ollama/envconfig"
	names "github.com/ollama/ollama/types/model"

	"github.com/ragft/ragft/internal/ollamaclient"
	"github.com/ragft/ragft/ragft/model"
)

// noGGUF is the error of a model that Ollama has, but not as one GGUF file. For
// callers that load files it is a [model.ErrNotFound].
type noGGUF struct{}

func (noGGUF) Error() string { return "the model is not stored as one GGUF file" }

func (noGGUF) Is(target error) bool { return target == model.ErrNotFound }

// Resolve returns the path of the GGUF file that ref names: "ollama:NAME" or
// "ollama:NAME:TAG" is a model that Ollama has pulled or created, looked up in
// its store (the folder of the environment variable OLLAMA_MODELS, by default
// .ollama/models in the home folder); anything else is the path of a GGUF file,
// which must exist. The server need not run.
//
// The error is a [model.ErrNotFound] for a name that is not in the store, and for
// a model without a GGUF file of its own: one in pieces of safetensors, one that
// runs elsewhere, or one of Ollama's with an adapter, which would be another
// model without it; the error names the two files.
func Resolve(ctx context.Context, ref string) (string, error) {
	path, err := resolve(ctx, ref)
	if err != nil {
		return "", fmt.Errorf("ragft: %w", err)
	}
	return path, nil
}

func resolve(ctx context.Context, ref string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if name, inOllama := strings.CutPrefix(ref, ollamaclient.Prefix); inOllama {
		return store{envconfig.Models()}.resolve(name)
	}
	info, err := os.Stat(ref)
	if err != nil {
		return "", fmt.Errorf("model: %w", err)
	}
	if info.IsDir() {
		return "", fmt.Errorf("model: %s is a folder; name a GGUF file", ref)
	}
	return ref, nil
}

// store is the folder in which Ollama keeps its models.
type store struct{ dir string }

// manifest is what Ollama stores about a model, an OCI image manifest.
type manifest struct {
	Layers []layer `json:"layers"`
}

type layer struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
}

const (
	layerType   = "application/vnd.ollama.image."
	maxManifest = 16 << 20 // bytes; models in pieces have a layer for each tensor
)

func (s store) resolve(ref string) (string, error) {
	// The package checks each part's characters, so that none leads out of the store.
	name := names.ParseName(ref)
	if !name.IsValid() || !name.IsFullyQualified() {
		return "", fmt.Errorf("ollama: invalid model name %q: it must be like llama3.2:1b", ref)
	}
	var m manifest
	data, err := readUpTo(filepath.Join(s.dir, "manifests", name.Filepath()), maxManifest)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "", fmt.Errorf("ollama: %w %s in %s: run \"ollama pull %s\"; if Ollama runs as a service, "+
			"set OLLAMA_MODELS to its folder, such as /usr/share/ollama/.ollama/models", model.ErrNotFound, name.DisplayShortest(), s.dir, ref)
	case err != nil:
		return "", fmt.Errorf("ollama: %w", err)
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return "", fmt.Errorf("ollama: manifest of %s: %w", ref, err)
	}
	path, err := s.weights(m)
	if err != nil {
		return "", fmt.Errorf("ollama: %s: %w", name.DisplayShortest(), err)
	}
	return path, nil
}

// weights returns the path of the one GGUF file of a manifest.
func (s store) weights(m manifest) (path string, err error) {
	tensors, models := 0, 0
	var adapters []string
	for _, l := range m.Layers {
		kind, _ := strings.CutPrefix(l.MediaType, layerType)
		switch kind {
		case "model":
			models++
			path, err = s.gguf(l)
		case "adapter":
			var adapter string
			adapter, err = s.gguf(l)
			adapters = append(adapters, adapter)
		case "tensor":
			tensors++
		}
		if err != nil {
			return "", fmt.Errorf("layer %s: %w", l.MediaType, err)
		}
	}
	switch {
	case models > 1:
		return "", fmt.Errorf("%w: it is split into %d files; merge them with llama.cpp's gguf-split", noGGUF{}, models)
	case models == 0 && tensors > 0:
		return "", fmt.Errorf("%w: it is stored as %d tensors for another engine; pull a GGUF version of it", noGGUF{}, tensors)
	case models == 0:
		return "", fmt.Errorf("%w: it has no weights on this machine; models that run in the cloud cannot be opened", noGGUF{})
	case len(adapters) > 0:
		return "", fmt.Errorf("%w: it is the base %s with the adapter %s; name the two files, or merge them", noGGUF{}, path,
			strings.Join(adapters, ", "))
	}
	return path, nil
}

var digestForm = regexp.MustCompile(`^sha256[:-][0-9a-fA-F]{64}$`)

func (s store) blob(l layer) (string, error) {
	if !digestForm.MatchString(l.Digest) {
		return "", fmt.Errorf("invalid digest %q", l.Digest)
	}
	return filepath.Join(s.dir, "blobs", strings.Replace(l.Digest, ":", "-", 1)), nil
}

// gguf is the path of a blob that must be a GGUF file.
func (s store) gguf(l layer) (string, error) {
	path, err := s.blob(l)
	if err != nil {
		return "", err
	}
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("%w; pull the model again", err)
	}
	defer f.Close()
	var magic [4]byte
	if _, err := io.ReadFull(f, magic[:]); err != nil || string(magic[:]) != "GGUF" {
		return "", fmt.Errorf("%w: %s begins with %q", noGGUF{}, path, magic)
	}
	return path, nil
}

// readUpTo reads a file that must not be larger than limit.
func readUpTo(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s is larger than %d bytes", path, limit)
	}
	return data, err
}
