//go:build !cgo

package testmodel

import (
	"fmt"

	"github.com/ragft/ragft/internal/gguf"
)

// quantize converts values to F32. Other types need cgo.
func quantize(t gguf.Type, values []float32, _ int) ([]byte, error) {
	if t != gguf.F32 {
		return nil, fmt.Errorf("%w: %v needs cgo", gguf.ErrUnsupportedType, t)
	}
	return gguf.FloatBytes(values), nil
}
