//go:build cgo

package engine

// #include "engine.h"
import "C"

import "context"

// Memory is what an engine holds, in bytes by kind, and how it stays within its budget.
type Memory struct {
	Weights     uint64 // the model's tensors
	Adapter     uint64 // trained tensors that are not the model's
	Optimiser   uint64 // gradients and AdamW's moments
	Context     uint64 // what llama.cpp's context holds, and copies of its inputs
	Activations uint64 // of the largest graph
	Logits      uint64 // what logits, loss and their gradients add to that

	Recomputed, Segments int // segments of the forward pass that are computed again, and all
	ChunkRows            int // rows whose logits are held at a time; 0: all
}

func memoryOf(u *C.rft_memory_use) Memory {
	return Memory{
		Weights: uint64(u.weights), Adapter: uint64(u.adapter), Optimiser: uint64(u.optimiser), Context: uint64(u.context),
		Activations: uint64(u.activations), Logits: uint64(u.logits),
		Recomputed: int(u.recomputed), Segments: int(u.segments), ChunkRows: int(u.chunk_rows),
	}
}

// Memory returns what is held for the largest window so far.
func (e *Engine) Memory() Memory {
	if e.c == nil {
		return Memory{}
	}
	var u C.rft_memory_use
	C.rft_memory(e.c, &u)
	return memoryOf(&u)
}

// EstimateMemory returns what Backward, or else Forward, takes for a window with this many rows, without allocating it.
func (e *Engine) EstimateMemory(ctx context.Context, rows int, backward bool) (Memory, error) {
	var u C.rft_memory_use
	err := e.call(ctx, func() C.int { return C.rft_estimate(e.c, C.int32_t(rows), C.bool(backward), &u) })
	return memoryOf(&u), err
}
