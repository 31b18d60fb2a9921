//go:build cgo

package testmodel

import (
	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/llamacpp"
)

// quantize converts rows of values: by Go code where there is some, so that files stay the same to the byte, else by ggml.
func quantize(t gguf.Type, values []float32, perRow int) ([]byte, error) {
	switch t {
	case gguf.F32, gguf.F16, gguf.BF16, gguf.Q8_0, gguf.Q4_0:
		return gguf.Quantize(t, values)
	}
	return llamacpp.Quantize(t, values, perRow)
}
