//go:build cgo

package lora

import (
	"context"
	"fmt"
	"log/slog"
)

// Memory is what training holds at its peak, in bytes by kind, and how it was made to fit Config.MemoryBudget. It does not
// count the program itself, the examples, and what llama.cpp and the engine hold in small objects: some 20 MiB, and about
// 60 MiB with a vocabulary of 128,000.
type Memory struct {
	Weights     uint64 // the model's tensors; mapped from its file where an adapter is trained
	Adapter     uint64 // the trained matrices
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

// EstimateMemory says what Train would hold at its peak for the same arguments, without training: it loads the model,
// which is mapped and not read, and measures the training graph for the window with the most tokens to learn. More than
// Config.MemoryBudget, with everything recomputed, is ErrMemory.
func EstimateMemory(ctx context.Context, model string, c Config, examples, heldOut []Example) (Memory, error) {
	if len(examples) == 0 {
		return Memory{}, ErrNoExamples
	}
	c = c.withDefaults()
	if err := c.setWindow(model, examples, heldOut); err != nil {
		return Memory{}, err
	}
	t, err := NewTrainer(ctx, model, c)
	if err != nil {
		return Memory{}, err
	}
	defer t.Close()
	return t.EstimateMemory(ctx, examples, heldOut)
}

// EstimateMemory says what steps over the examples and evaluations of heldOut, which may be empty, would hold at their
// peak. It allocates nothing of it.
func (t *Trainer) EstimateMemory(ctx context.Context, examples, heldOut []Example) (Memory, error) {
	if err := t.Check(examples); err != nil {
		return Memory{}, err
	}
	if err := t.Check(heldOut); err != nil {
		return Memory{}, fmt.Errorf("held-out examples: %w", err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	rows := 1
	for epoch := range t.config.Epochs {
		rows = max(rows, t.mostRows(examples, t.config.Seed, int64(epoch+1)))
	}
	peak, err := t.estimate(ctx, rows, true)
	if err != nil || len(heldOut) == 0 {
		return peak, err
	}
	evaluation, err := t.estimate(ctx, t.mostRows(heldOut, 0, 0), false)
	if evaluation.Total() > peak.Total() {
		peak = evaluation
	}
	return peak, err
}

func (t *Trainer) estimate(ctx context.Context, rows int, backward bool) (Memory, error) {
	m, err := t.engine.EstimateMemory(ctx, rows, backward)
	return Memory(m), err
}

// checkMemory says what training will hold, and fails if the machine has less.
func (t *Trainer) checkMemory(ctx context.Context, examples, heldOut []Example) error {
	m, err := t.EstimateMemory(ctx, examples, heldOut)
	if err != nil {
		return err
	}
	slog.InfoContext(ctx, "lora: memory at the peak of training", "estimate", m)
	available, known := availableMemory()
	if !known || t.config.gpuLayers() != 0 {
		return nil
	}
	return m.fits(Memory(t.engine.Memory()), available)
}

// fits says whether what is not held yet finds room in what is available. Weights are mapped from their file: nothing of
// them is held before the first step, which reads them all.
func (m Memory) fits(held Memory, available uint64) error {
	more := m.Total() - (held.Total() - held.Weights)
	if more <= available {
		return nil
	}
	return fmt.Errorf("%w: training takes %.0f MiB more, %.0f of them weights, and %.0f MiB are free; set Config.MemoryBudget, use a "+
		"smaller window or a smaller base",
		ErrMemory, float64(more)/(1<<20), float64(m.Weights)/(1<<20), float64(available)/(1<<20))
}

// mostRows is the largest number of rows of logits in a window.
func (t *Trainer) mostRows(examples []Example, seed uint64, n int64) int {
	most := 1
	for _, members := range pack(examples, t.config.Window, maxSequences, stepRand(seed, n)) {
		most = max(most, len(newWindow(examples, members, t.config.Window, 1).Rows))
	}
	return most
}
