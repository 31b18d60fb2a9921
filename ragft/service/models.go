//go:build cgo

package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"strings"
	"syscall"

	"github.com/ragft/ragft/retriever"
)

type modelInfo struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	OwnedBy string `json:"owned_by"`
}

func (s *Service) info(m *Model) modelInfo {
	return modelInfo{ID: m.Name, Object: "model", Created: s.started.Unix(), OwnedBy: "ragft"}
}

func (s *Service) listModels(w http.ResponseWriter, r *http.Request) error {
	list := []modelInfo{}
	for i := range s.config.Models {
		list = append(list, s.info(&s.config.Models[i]))
	}
	writeJSON(w, http.StatusOK, map[string]any{"object": "list", "data": list})
	return nil
}

func (s *Service) showModel(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("name")
	if name == "" { // which in a request is the first model
		return notFound("a name is missing; see GET /v1/models")
	}
	m, err := s.model(name)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, s.info(m))
	return nil
}

// showPassage responds with the passage of a citation.
func (s *Service) showPassage(w http.ResponseWriter, r *http.Request) error {
	if s.config.Index == nil {
		return notFound("this service has no index")
	}
	chunk, err := s.config.Index.Chunk(r.Context(), r.PathValue("id"))
	if errors.Is(err, retriever.ErrNotFound) {
		return notFound("there is no such passage")
	}
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, describePassage(chunk))
	return nil
}

// maxDocument is the size in bytes of the largest document that is sent.
const maxDocument = 64 << 20

// showDocument responds with the document of a citation, a regular file in one of the folders and a source of the index. It is
// always sent as plain text, so that no browser runs it.
func (s *Service) showDocument(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("path")
	if !fs.ValidPath(name) || hidden(name) || strings.ContainsRune(name, '\\') {
		return notFound("there is no such document")
	}
	if indexed, err := s.isSource(r.Context(), name); err != nil {
		return err
	} else if !indexed {
		return notFound("there is no such document")
	}
	for _, root := range s.folders {
		f, size, err := openRegular(root, name)
		if err != nil {
			continue // it does not exist, or is no file of the folder
		}
		defer func() { _ = f.Close() }() // only read from
		if size > maxDocument {
			continue
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, err = io.Copy(w, io.LimitReader(f, maxDocument))
		return err
	}
	return notFound("there is no such document")
}

// openRegular opens a regular file in a folder, to be read. No part of its path is a link: an index follows none either, and one
// that came into the place of a document may lead to what was never indexed.
func openRegular(root *os.Root, name string) (f *os.File, size int64, err error) {
	var last fs.FileInfo
	parts := strings.Split(name, "/")
	for i := range parts {
		if last, err = root.Lstat(path.Join(parts[:i+1]...)); err != nil {
			return nil, 0, err
		}
		if parent := i+1 < len(parts); parent && !last.IsDir() || !parent && !last.Mode().IsRegular() {
			return nil, 0, fmt.Errorf("%s is no regular file: %w", name, fs.ErrNotExist)
		}
	}
	if f, err = root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0); err != nil { // a named pipe would wait for a writer
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil || !os.SameFile(info, last) { // it was replaced meanwhile
		_ = f.Close()
		return nil, 0, errors.Join(err, fs.ErrNotExist)
	}
	return f, info.Size(), nil
}

// isSource reports whether passages of the index come from a document.
func (s *Service) isSource(ctx context.Context, name string) (bool, error) {
	if s.config.Index == nil {
		return false, nil
	}
	return s.config.Index.HasSource(ctx, name)
}

// hidden reports whether a part of the path starts with a dot. Such files are never indexed.
func hidden(name string) bool {
	for ; name != "." && name != "/"; name = path.Dir(name) {
		if strings.HasPrefix(path.Base(name), ".") {
			return true
		}
	}
	return false
}

func notFound(message string) error {
	return &apiError{status: http.StatusNotFound, Code: "not_found", Message: message}
}
