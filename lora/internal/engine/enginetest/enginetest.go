//go:build cgo

// Package enginetest looks into an engine for tests and benchmarks, which cannot use cgo themselves. Programs do not import it.
package enginetest

// #cgo CXXFLAGS: -std=c++17 -O3
// #include "probe.h"
import "C"

import (
	"context"
	"unsafe"

	"github.com/ragft/ragft/lora/internal/engine"
)

// Logits returns the logits of the batch's rows, row by row, computed by the engine's forward pass.
func Logits(ctx context.Context, e *engine.Engine, w *engine.Batch) ([]float32, error) {
	dst := make([]float32, len(w.Rows)*e.Vocab())
	err := e.Native(ctx, w, func(native, batch unsafe.Pointer) int {
		return int(C.rft_probe_logits((*C.rft_engine)(native), (*C.rft_batch)(batch), (*C.float)(unsafe.SliceData(dst))))
	})
	return dst, err
}

// Decode returns the logits of the batch's rows, row by row, computed by llama_decode.
func Decode(ctx context.Context, e *engine.Engine, w *engine.Batch) ([]float32, error) {
	dst := make([]float32, len(w.Rows)*e.Vocab())
	err := e.Native(ctx, w, func(native, batch unsafe.Pointer) int {
		return int(C.rft_probe_decode((*C.rft_engine)(native), (*C.rft_batch)(batch), (*C.float)(unsafe.SliceData(dst))))
	})
	return dst, err
}

// SetLayout makes the engine compute every window with this layout, as far as the window's rows allow.
func SetLayout(e *engine.Engine, l engine.Layout) error {
	return e.Native(context.Background(), nil, func(native, _ unsafe.Pointer) int {
		return int(C.rft_probe_set_layout((*C.rft_engine)(native), C.int32_t(l.ChunkRows), C.int32_t(l.Recomputed)))
	})
}

// BareProducts returns the seconds that a step's products with frozen weights take alone.
func BareProducts(e *engine.Engine, rows int) (seconds float64, err error) {
	err = e.Native(context.Background(), nil, func(native, _ unsafe.Pointer) int {
		return int(C.rft_probe_bare_products((*C.rft_engine)(native), C.int32_t(rows), (*C.double)(&seconds)))
	})
	return seconds, err
}

// Facts are what a captured graph shows of the conventions in assumptions.hpp: see rft_graph_facts in probe.h.
type Facts struct {
	Nodes, WithoutComputeFlag       int
	Caches, Writes, WritesElsewhere int
	LoraA, LoraB, OfAdapter         int
	Layers, MisnamedLayers          int
	Copies, Truncated, CopiedNodes  int
}

// FactsOf captures a window and counts.
func FactsOf(e *engine.Engine) (Facts, error) {
	var f C.rft_graph_facts
	err := e.Native(context.Background(), nil, func(native, _ unsafe.Pointer) int {
		return int(C.rft_probe_facts((*C.rft_engine)(native), &f))
	})
	return Facts{
		Nodes: int(f.nodes), WithoutComputeFlag: int(f.without_compute_flag),
		Caches: int(f.caches), Writes: int(f.writes), WritesElsewhere: int(f.writes_elsewhere),
		LoraA: int(f.lora_a), LoraB: int(f.lora_b), OfAdapter: int(f.of_adapter),
		Layers: int(f.layers), MisnamedLayers: int(f.misnamed_layers),
		Copies: int(f.copies), Truncated: int(f.truncated), CopiedNodes: int(f.copied_nodes),
	}, err
}

// CheckGGML returns the first assumption about ggml alone that does not hold, or "".
func CheckGGML() string {
	var failure [128]C.char
	C.rft_probe_ggml(&failure[0], C.size_t(len(failure)))
	return C.GoString(&failure[0])
}
