//go:build cgo

package main

import (
	"log/slog"

	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/lora"
)

const hasNative = true

func setNativeLogger(l *slog.Logger) { llama.SetLogger(l) }

// nativeExitCode is exitCode for the errors of what needs llama.cpp.
func nativeExitCode(err error) int {
	switch {
	case isAny(err, lora.ErrMemory, lora.ErrNoSpace, lora.ErrRise):
		return exitBudget
	case isAny(err, lora.ErrNoExamples):
		return exitEmpty
	case isAny(err, llama.ErrServer):
		return exitMissing
	case isAny(err, llama.ErrNotGGUF, llama.ErrCorrupt, llama.ErrUnsupported, llama.ErrAdapterMismatch,
		llama.ErrTools,
		llama.ErrTemplateSplit, lora.ErrAdapter, lora.ErrNoRule, lora.ErrNoTarget, lora.ErrNoLoss, lora.ErrTooLong, lora.ErrCheckpoint):
		return exitInput
	}
	return exitError
}
