//go:build cgo

package lora

import (
	"fmt"
	"io"

	"github.com/ragft/ragft/internal/gguf"
)

// fileWriter writes a GGUF file and keeps the first error until commit.
type fileWriter struct {
	w    *gguf.Writer
	path string
	err  error
}

func createFile(path string) *fileWriter {
	w, err := gguf.Create(path)
	return &fileWriter{w: w, path: path, err: err}
}

func (f *fileWriter) meta(key string, value any) {
	if f.err == nil {
		f.err = f.w.SetMeta(key, value)
	}
}

// floats adds a tensor whose values are asked for when the file is written, so that no two tensors are held at once.
func (f *fileWriter) floats(name string, dims []int64, values func() ([]float32, error)) {
	f.add(gguf.TensorInfo{Name: name, Type: gguf.F32, Dims: dims}, func(out io.Writer) error {
		v, err := values()
		if err != nil {
			return err
		}
		_, err = out.Write(gguf.FloatBytes(v))
		return err
	})
}

// copied adds a tensor as another file, which stays open until the commit, has it.
func (f *fileWriter) copied(from *gguf.File, t gguf.TensorInfo) {
	f.add(t, func(out io.Writer) error {
		data, err := from.TensorReader(t.Name)
		if err != nil {
			return err
		}
		_, err = io.Copy(out, data)
		return err
	})
}

func (f *fileWriter) add(t gguf.TensorInfo, write func(io.Writer) error) {
	if f.err == nil {
		f.err = f.w.AddTensorFunc(t.Name, t.Type, t.Dims, write)
	}
}

// commit puts the file in its place, whole, or leaves the place as it was.
func (f *fileWriter) commit() error {
	if f.err == nil {
		f.err = f.w.Commit()
	}
	if f.err != nil {
		return fmt.Errorf("lora: writing %s: %w", f.path, f.err)
	}
	return nil
}

// drop removes what was written unless it was committed.
func (f *fileWriter) drop() {
	if f.w != nil {
		f.w.Close()
	}
}
