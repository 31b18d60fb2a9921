package gguf

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
)

// Rewrite replaces metadata of the file at path, or adds it, and keeps everything else. The new file is written beside the
// old one and takes its place in one step.
func Rewrite(path string, meta ...KV) error {
	f, err := Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w, err := Create(path)
	if err != nil {
		return err
	}
	defer w.Close()
	for _, kv := range append(f.Metadata(), meta...) {
		if err := w.SetMeta(kv.Key, kv.Value); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	for _, t := range f.Tensors() {
		data, err := f.TensorReader(t.Name)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		copyData := func(out io.Writer) error { _, err := io.Copy(out, data); return err }
		if err := w.AddTensorFunc(t.Name, t.Type, t.Dims, copyData); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return w.Commit()
}

// Digest returns the hex SHA-256 of the metadata, without that of the keys given, and of the tensors.
func (f *File) Digest(except ...string) (string, error) {
	h := sha256.New()
	for _, kv := range f.meta {
		if !slices.Contains(except, kv.Key) {
			fmt.Fprintf(h, "%q %T %q\n", kv.Key, kv.Value, fmt.Sprint(kv.Value))
		}
	}
	for _, t := range f.tensors {
		fmt.Fprintf(h, "%q %v %v\n", t.Name, t.Type, t.Dims)
		if _, err := io.Copy(h, io.NewSectionReader(f.r, t.Offset, t.Size)); err != nil {
			return "", fmt.Errorf("reading tensor %q: %w", t.Name, err)
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
