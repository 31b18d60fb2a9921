//go:build cgo

package llama

import (
	"errors"
	"fmt"
)

// Errors from opening files.
var (
	// ErrNotGGUF is returned for a file that is not a GGUF file at all.
	ErrNotGGUF = errors.New("not a GGUF file")

	// ErrCorrupt is returned for a GGUF file that is cut short or contradicts itself.
	ErrCorrupt = errors.New("damaged GGUF file")

	// ErrUnsupported is returned for a model that llama.cpp, or this package, cannot run.
	ErrUnsupported = errors.New("unsupported model")

	// ErrAdapterMismatch is returned for an adapter that was made for another base model.
	ErrAdapterMismatch = errors.New("adapter does not fit the model")
)

// Errors from using models and contexts.
var (
	// ErrClosed is returned by every method of a Model, Context or Adapter that was closed, or whose
	// Model was.
	ErrClosed = errors.New("llama: closed")

	// ErrEmptyPrompt is returned for a request without any prompt token.
	ErrEmptyPrompt = errors.New("llama: empty prompt")

	// ErrPromptTooLong is returned, wrapped in a *PromptTooLongError, for a prompt that leaves no
	// room in the context.
	ErrPromptTooLong = errors.New("llama: prompt longer than the context")

	// ErrInvalidToken is returned for a token that is not in the model's vocabulary.
	ErrInvalidToken = errors.New("llama: no such token")

	// ErrNoChatTemplate is returned if the model's file has no chat template.
	ErrNoChatTemplate = errors.New("llama: model has no chat template")

	// ErrNotANumber is returned if the model computes logits that are not numbers, as damaged or
	// overflowing weights do.
	ErrNotANumber = errors.New("llama: the model's logits are not numbers")
)

// errAborted is what a batch ends with when its context.Context did.
var errAborted = errors.New("llama: aborted")

// PromptTooLongError says by how much a prompt exceeds the context. It wraps [ErrPromptTooLong].
type PromptTooLongError struct {
	Request int // index of the request or continuation
	Tokens  int // tokens that the request needs at least
	Size    int // tokens that the context holds
}

func (e *PromptTooLongError) Error() string {
	return fmt.Sprintf("%v: request %d needs %d tokens, the context holds %d", ErrPromptTooLong, e.Request, e.Tokens, e.Size)
}

// Unwrap returns [ErrPromptTooLong].
func (e *PromptTooLongError) Unwrap() error { return ErrPromptTooLong }
