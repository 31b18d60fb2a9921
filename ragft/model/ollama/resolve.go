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

	"github.com/ragft/ragft/ragft/model"
)

// ollamaPrefix marks the name of a model of Ollama where a path may stand.
const OllamaPrefix = "ollama:"

// ErrNoGGUF means that Ollama has the model, but not as a GGUF file.
var ErrNoGGUF = errors.New("the model is not held as one GGUF file")

// ModelFile is a model's file on this machine.
type File struct {
	Name   string // as it was asked for: Ollama's name with its tag, or the file's name without ".gguf"
	Path   string // of the GGUF file
	Ollama bool   // it lies in Ollama's store

	// What a model of Ollama has besides its weights.
	Adapters   []string       // paths of LoRA adapters that belong to it, GGUF
	Template   string         // Go template of its prompts; "" = none
	System     string         // system message; "" = none
	Parameters map[string]any // options such as "stop" or "temperature"; nil = none
}

// ResolveModel finds the file that ref means: "ollama:NAME" or
// "ollama:NAME:TAG" is a model that Ollama has pulled or created, looked up in
// its store (the folder that the environment variable OLLAMA_MODELS names, by
// default .ollama/models in the home folder); anything else is the path of a
// GGUF file, whose existence is checked. The server need not run.
//
// A name that is not in the store is [model.ErrNotFound], and a model without a
// GGUF file of its own, such as one in pieces of safetensors or one that runs
// elsewhere, [ErrNoGGUF].
func Resolve(ctx context.Context, ref string) (*File, error) {
	file, err := resolveModel(ctx, ref)
	if err != nil {
		return nil, fmt.Errorf("ragft: %w", err)
	}
	return file, nil
}

func resolveModel(ctx context.Context, ref string) (*File, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	name, inOllama := strings.CutPrefix(ref, OllamaPrefix)
	if inOllama {
		return ollamaStore{envconfig.Models()}.resolve(name)
	}
	info, err := os.Stat(ref)
	if err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	if info.IsDir() {
		return nil, fmt.Errorf("model: %s is a folder; name a GGUF file", ref)
	}
	return &File{Name: strings.TrimSuffix(filepath.Base(ref), ".gguf"), Path: ref}, nil
}

// resolveBase is resolveModel for a use that takes the weights alone: a model
// of Ollama that has an adapter would be another model without it.
func ResolveBase(ctx context.Context, ref string) (*File, error) {
	file, err := resolveModel(ctx, ref)
	if err == nil && len(file.Adapters) > 0 {
		err = fmt.Errorf("%w: %s is the base %s with the adapter %s: use the two files, or merge them",
			ErrNoGGUF, ref, file.Path, strings.Join(file.Adapters, ", "))
	}
	return file, err
}

// ollamaStore is the folder in which Ollama keeps its models.
type ollamaStore struct{ dir string }

// manifest is what Ollama stores about a model, an OCI image manifest.
type manifest struct {
	Config layer   `json:"config"`
	Layers []layer `json:"layers"`
}

type layer struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
	Name      string `json:"name"`
}

const (
	layerType   = "application/vnd.ollama.image."
	maxManifest = 16 << 20 // bytes; models in pieces have a layer for each tensor
	maxText     = 1 << 20  // bytes of a template or the like
)

func (s ollamaStore) resolve(ref string) (*File, error) {
	// The package checks each part's characters, so that none leads out of the store.
	name := names.ParseName(ref)
	if !name.IsValid() || !name.IsFullyQualified() {
		return nil, fmt.Errorf("ollama: %q is no name of a model such as llama3.2:1b", ref)
	}
	var m manifest
	data, err := readUpTo(filepath.Join(s.dir, "manifests", name.Filepath()), maxManifest)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("ollama: %w %s in %s: run \"ollama pull %s\"; where Ollama runs as a service, "+
			"set OLLAMA_MODELS to its folder, such as /usr/share/ollama/.ollama/models", model.ErrNotFound, name.DisplayShortest(), s.dir, ref)
	case err != nil:
		return nil, fmt.Errorf("ollama: %w", err)
	}
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("ollama: manifest of %s: %w", ref, err)
	}
	file := &File{Name: name.DisplayShortest(), Ollama: true}
	if err := s.read(file, m); err != nil {
		return nil, fmt.Errorf("ollama: %s: %w", file.Name, err)
	}
	return file, nil
}

// read takes what the layers of the manifest hold.
func (s ollamaStore) read(file *File, m manifest) error {
	tensors, models := 0, 0
	for _, l := range m.Layers {
		kind, _ := strings.CutPrefix(l.MediaType, layerType)
		var err error
		switch kind {
		case "model":
			models++
			file.Path, err = s.gguf(l)
		case "adapter":
			var path string
			path, err = s.gguf(l)
			file.Adapters = append(file.Adapters, path)
		case "tensor":
			tensors++
		case "template":
			file.Template, err = s.text(l)
		case "system":
			file.System, err = s.text(l)
		case "params":
			var text string
			if text, err = s.text(l); err == nil {
				err = json.Unmarshal([]byte(text), &file.Parameters)
			}
		}
		if err != nil {
			return fmt.Errorf("layer %s: %w", l.MediaType, err)
		}
	}
	switch {
	case models > 1:
		return fmt.Errorf("%w: it is split into %d; merge them with llama.cpp's gguf-split", ErrNoGGUF, models)
	case models == 0 && tensors > 0:
		return fmt.Errorf("%w: it is stored as %d tensors for another engine; pull a GGUF version of it", ErrNoGGUF, tensors)
	case models == 0:
		return fmt.Errorf("%w: it has no weights on this machine; models that run in the cloud cannot be opened", ErrNoGGUF)
	}
	return nil
}

var digestForm = regexp.MustCompile(`^sha256[:-][0-9a-fA-F]{64}$`)

func (s ollamaStore) blob(l layer) (string, error) {
	if !digestForm.MatchString(l.Digest) {
		return "", fmt.Errorf("%q is no digest", l.Digest)
	}
	return filepath.Join(s.dir, "blobs", strings.Replace(l.Digest, ":", "-", 1)), nil
}

// gguf is the path of a blob that must be a GGUF file.
func (s ollamaStore) gguf(l layer) (string, error) {
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
		return "", fmt.Errorf("%w: %s begins with %q", ErrNoGGUF, path, magic)
	}
	return path, nil
}

func (s ollamaStore) text(l layer) (string, error) {
	path, err := s.blob(l)
	if err != nil {
		return "", err
	}
	data, err := readUpTo(path, maxText)
	return string(data), err
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
