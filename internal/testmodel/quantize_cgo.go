//go:build cgo

package testmodel

import (
	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/llamacpp"
)

// quantize converts rows of values.
func quantize(t gguf.Type, values []float32, perRow int) ([]byte, error) {
	return llamacpp.Quantize(t, values, perRow)
}
