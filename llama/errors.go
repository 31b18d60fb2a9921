//go:build cgo

package llama

import (
	"errors"
	"fmt"

	"github.com/ragft/ragft/internal/ggmlrpc"
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

// ErrServer is wrapped by the errors of the RPC servers in [ModelOptions]: one cannot be reached, does not answer, is of
// another version, or went away while it was in use.
var ErrServer = ggmlrpc.ErrServer

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

	// ErrTools is returned if messages use tools and the model's chat template has no place for them.
	ErrTools = errors.New("llama: the model's chat template does not know tools")

	// ErrTemplateSplit is returned if the model's chat template renders an assistant's turn in a way that
	// does not begin with the prompt for it, so that it cannot be told which tokens are the model's to write.
	ErrTemplateSplit = errors.New("llama: the chat template cannot be split into prompt and response")

	// ErrGrammarStuck is returned for a request whose grammar allows no token of the model's vocabulary in
	// some place.
	ErrGrammarStuck = errors.New("llama: the grammar allows no token")

	// ErrBusy is returned by a Batcher whose queue is full.
	ErrBusy = errors.New("llama: too many requests are waiting")

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
