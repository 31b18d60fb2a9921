//go:build !cgo

package testmodel

import "github.com/ragft/ragft/internal/gguf"

func quantize(t gguf.Type, values []float32, _ int) ([]byte, error) { return gguf.Quantize(t, values) }
