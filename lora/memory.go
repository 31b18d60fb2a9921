//go:build cgo

package lora

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/ragft/ragft/lora/internal/engine"
)

// Memory is what training holds at its peak, in bytes by kind, and how it was made to fit Config.MemoryBudget. It does not
// count the program itself, the examples, the one matrix that is in hand while a file is written, and what llama.cpp and the
// engine hold in small objects: some 20 MiB, and about 60 MiB with a vocabulary of 128,000.
type Memory = engine.Memory

// EstimateMemory says what Train would hold at its peak for the same arguments, without training: it loads the model,
// which is mapped and not read, and measures the training graph for the window with the most tokens to learn. More than
// Config.MemoryBudget, with everything recomputed, is ErrMemory.
func EstimateMemory(ctx context.Context, model string, c Config, examples, heldOut []Example) (Memory, error) {
	if len(examples) == 0 {
		return Memory{}, ErrNoExamples
	}
	c = c.withDefaults()
	why, err := c.setWindow(model, examples, heldOut)
	if err != nil {
		return Memory{}, err
	}
	t, err := NewTrainer(ctx, model, c)
	if err != nil {
		return Memory{}, because(err, why)
	}
	defer t.Close()
	m, err := t.EstimateMemory(ctx, examples, heldOut)
	return m, because(err, why)
}

// because adds to an error of memory what the window is owed to.
func because(err error, why string) error {
	if why == "" || !errors.Is(err, ErrMemory) {
		return err
	}
	return fmt.Errorf("%w; %s", err, why)
}

// checkMask refuses, before anything is loaded, a window whose attention mask alone finds no room: it has a number for each
// two tokens, and is held twice, as a part of Memory.Context.
func (c Config) checkMask() error {
	need := 8 * float64(c.Window) * float64(c.Window)
	refuse := func(room uint64, remedy string) error {
		if need <= float64(room) {
			return nil
		}
		return fmt.Errorf("%w: the attention mask of a window of %d tokens alone takes %.0f MiB, more than "+remedy,
			ErrMemory, c.Window, need/(1<<20), float64(room)/(1<<20))
	}
	if c.MemoryBudget > 0 {
		if err := refuse(uint64(c.MemoryBudget), "the budget of %.0f MiB; use a smaller window, or a larger budget"); err != nil {
			return err
		}
	}
	if available, known := availableMemory(); known && c.gpuLayers() == 0 {
		return refuse(available, "the %.0f MiB that are free; use a smaller window")
	}
	return nil
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
	peak, err := t.engine.EstimateMemory(ctx, rows, true)
	if err != nil || len(heldOut) == 0 {
		return t.withKept(peak), err
	}
	evaluation, err := t.engine.EstimateMemory(ctx, t.mostRows(heldOut, 0, 0), false)
	if evaluation.Total() > peak.Total() {
		peak = evaluation
	}
	return t.withKept(peak), err
}

// withKept adds what is kept of the best adapter, which the engine does not know of.
func (t *Trainer) withKept(m Memory) Memory {
	if m.Total() > 0 {
		m.Adapter += t.kept
	}
	return m
}

// engineBudget is what a budget leaves to the engine.
func (c Config) engineBudget(kept int64) int64 {
	if c.MemoryBudget == 0 {
		return 0 // no bound
	}
	return max(1, c.MemoryBudget-kept)
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
	return fits(m, t.engine.Memory(), available)
}

// fits says whether what is not held yet finds room in what is available. Weights are mapped from their file: nothing of
// them is held before the first step, which reads them all.
func fits(m, held Memory, available uint64) error {
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
