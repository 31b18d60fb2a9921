package main

import (
	"context"
	"errors"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/ragft/ragft/internal/reading"
	"github.com/ragft/ragft/ragft"
	"github.com/ragft/ragft/ragft/assistant"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/eval/forget"
	"github.com/ragft/ragft/ragft/export"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/publish"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/question/dataset"
	"github.com/ragft/ragft/retriever"
)

// The exit codes, documented in docs/command-line.md.
const (
	exitOK          = 0
	exitError       = 1
	exitUsage       = 2
	exitInput       = 3
	exitMissing     = 4
	exitEmpty       = 5
	exitBudget      = 6
	exitInterrupted = 130
)

// codedError is an error that knows its exit code.
type codedError struct {
	code int
	err  error
}

func (e *codedError) Error() string { return e.err.Error() }
func (e *codedError) Unwrap() error { return e.err }

func usageError(err error) error   { return &codedError{exitUsage, err} }
func missingError(err error) error { return &codedError{exitMissing, err} }
func emptyError(err error) error   { return &codedError{exitEmpty, err} }

// notKept are the errors of an evaluation that measured everything and found that a budget or bound is not kept.
var notKept = []error{forget.ErrForgot, confidence.ErrNoGuarantee, confidence.ErrUncalibrated}

// exitCode is the exit code of an error. Missing comes before bad, because an error about an input often wraps the one about
// the missing file that it names.
func exitCode(err error) int {
	var coded *codedError
	if errors.As(err, &coded) {
		return coded.code
	}
	switch {
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case isAny(err, diskFull...): // whatever could not be written for it
		return exitBudget
	case errors.Is(err, ragft.ErrConfig): // what the project says of itself comes before what it wraps
		return exitUsage
	case errors.Is(err, ragft.ErrInput):
		return exitInput
	case errors.Is(err, ragft.ErrMissing):
		return exitMissing
	case errors.Is(err, ragft.ErrEmpty):
		return exitEmpty
	case isAny(err, notKept...):
		return exitBudget
	case errors.Is(err, retriever.ErrOptions):
		return exitUsage
	case isAny(err, retriever.ErrEmpty, question.ErrNone, eval.ErrNothing):
		return exitEmpty
	case isAny(err, fs.ErrNotExist, model.ErrUnavailable, model.ErrNotFound, model.ErrUnauthorized):
		return exitMissing
	case isAny(err, retriever.ErrBadLine, retriever.ErrBadChunk, retriever.ErrCorrupt, retriever.ErrNotIndex,
		retriever.ErrVersion, retriever.ErrChanged, assistant.ErrQuestion, model.ErrPromptTooLong, dataset.ErrFormat,
		model.ErrRequest, publish.ErrNoTemplate, reading.ErrTooLittleText, export.ErrSafetensors, export.ErrUnsupported):
		return exitInput
	}
	return nativeExitCode(err)
}

func isAny(err error, targets ...error) bool {
	for _, t := range targets {
		if errors.Is(err, t) {
			return true
		}
	}
	return false
}

// arguments makes what cobra says about arguments an error of usage.
func arguments(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError(err)
		}
		return nil
	}
}
