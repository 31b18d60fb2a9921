//go:build cgo

package engine

// #include "engine.h"
import "C"

import (
	"context"
	"fmt"
)

// Memory is what an engine holds, in bytes by kind, and how it stays within its budget.
type Memory struct {
	Weights     uint64 // the model's tensors; mapped from its file where an adapter is trained
	Adapter     uint64 // the trained matrices, and those of the best evaluation where they are kept
	Optimiser   uint64 // gradients and AdamW's two moments
	Context     uint64 // llama.cpp's own: vocabulary, inputs, and the cache where that is on a GPU
	Activations uint64 // what the forward pass stores for the backward pass, and what both work with
	Logits      uint64 // what logits, loss and their gradients add to that

	// Recomputed of the Segments of the forward pass, mostly half a layer each, are not stored but computed again in the
	// backward pass (arXiv 1604.06174). Gradients are the same to the bit.
	Recomputed, Segments int
	// ChunkRows is the number of tokens whose logits are held at a time; 0 stands for all with a loss.
	ChunkRows int
}

// Total is the sum over all kinds.
func (m Memory) Total() uint64 {
	return m.Weights + m.Adapter + m.Optimiser + m.Context + m.Activations + m.Logits
}

func (m Memory) String() string {
	mib := func(n uint64) float64 { return float64(n) / (1 << 20) }
	rows := "all"
	if m.ChunkRows > 0 {
		rows = fmt.Sprint(m.ChunkRows)
	}
	return fmt.Sprintf("%.0f MiB: weights %.0f, adapter %.0f, optimiser %.0f, context %.0f, activations %.0f, logits %.0f; %d of %d "+
		"segments recomputed, %s rows of logits at a time",
		mib(m.Total()), mib(m.Weights), mib(m.Adapter), mib(m.Optimiser), mib(m.Context), mib(m.Activations), mib(m.Logits), m.Recomputed,
		m.Segments, rows)
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
