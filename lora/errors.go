//go:build cgo

package lora

import (
	"errors"

	"github.com/ragft/ragft/lora/internal/engine"
)

// Errors that a caller may want to tell apart.
var (
	// ErrClosed: the trainer was closed.
	ErrClosed = engine.ErrClosed
	// ErrNoRule: the model's graph uses an op that cannot be differentiated; the message names op, tensor and layer.
	ErrNoRule = engine.ErrNoRule
	// ErrNoTarget: no weight of the model matches the target modules.
	ErrNoTarget = errors.New("lora: no weight matches the target modules")
	// ErrNoExamples: there is nothing, or too little, to train on.
	ErrNoExamples = errors.New("lora: no examples")
	// ErrRise: a source's held-out loss rose above Config.MaxRise before there was any evaluation to keep.
	ErrRise = errors.New("lora: a held-out loss rose by more than MaxRise")
	// ErrNoLoss: an example has no token with a loss weight.
	ErrNoLoss = errors.New("lora: example without a token to learn")
	// ErrTooLong: an example does not fit into the window, or the window or an example not into the model's context.
	ErrTooLong = errors.New("lora: longer than fits")
	// ErrNoSpace: the disk has no room for the adapter and its checkpoints.
	ErrNoSpace = errors.New("lora: not enough space on the disk")
	// ErrBusy: another training writes the same adapter.
	ErrBusy = errors.New("lora: the adapter is being trained already")
	// ErrMemory: training needs more memory than Config.MemoryBudget or than there is; the message says how much and what
	// to do.
	ErrMemory = engine.ErrMemory
	// ErrDiverged: the loss or the gradient is not finite, or spikes again and again. A [DivergedError] says more.
	ErrDiverged = errors.New("lora: training diverged")
)
