//go:build cgo

package lora

import "errors"

// Errors that a caller may want to tell apart.
var (
	// ErrClosed: the trainer was closed.
	ErrClosed = errors.New("lora: use after Close")
	// ErrNoRule: the model's graph uses an op that cannot be differentiated; the message names op, tensor and layer.
	ErrNoRule = errors.New("lora: the model cannot be trained")
	// ErrNoTarget: no weight of the model matches the target modules.
	ErrNoTarget = errors.New("lora: no weight matches the target modules")
	// ErrNoExamples: there is nothing to train on.
	ErrNoExamples = errors.New("lora: no examples")
	// ErrNoLoss: an example has no token with a loss weight.
	ErrNoLoss = errors.New("lora: example without a token to learn")
	// ErrTooLong: an example does not fit into the window.
	ErrTooLong = errors.New("lora: example longer than the window")
	// ErrDiverged: the loss or the gradient is not finite.
	ErrDiverged = errors.New("lora: training diverged")
)
