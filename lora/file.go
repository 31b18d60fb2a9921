//go:build cgo

package lora

import (
	"fmt"

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

func (f *fileWriter) floats(name string, ne0, ne1 int64, values []float32) {
	f.tensor(gguf.TensorInfo{Name: name, Type: gguf.F32, Dims: []int64{ne0, ne1}}, gguf.FloatBytes(values))
}

func (f *fileWriter) tensor(t gguf.TensorInfo, data []byte) {
	if f.err == nil {
		f.err = f.w.AddTensor(t.Name, t.Type, t.Dims, data)
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
