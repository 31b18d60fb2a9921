//go:build cgo

package llama

import (
	"errors"
	"fmt"

	"github.com/ragft/ragft/internal/ggmlrpc"
)

// Errors from opening files.
var (
	// ErrNotGGUF is returned for a file that is not a GGUF file.
	ErrNotGGUF = errors.New("not a GGUF file")

	// ErrCorrupt is returned for a GGUF file that is truncated or inconsistent.
	ErrCorrupt = errors.New("damaged GGUF file")

	// ErrUnsupported is returned for a model that llama.cpp or this package cannot run, and for a use that a model or
	// context does not support.
	ErrUnsupported = errors.New("unsupported model")

	// ErrAdapterMismatch is returned for an adapter that was made for another base model.
	ErrAdapterMismatch = errors.New("adapter does not fit the model")
)

// ErrServer is wrapped by errors of the RPC servers in [ModelOptions]: one cannot be reached, does not answer, has
// another version, or failed while it was in use.
var ErrServer = ggmlrpc.ErrServer

// Errors from using models and contexts.
var (
	// ErrClosed is returned by methods of a Model, Context, Batcher or Adapter after it or its Model was closed.
	ErrClosed = errors.New("llama: closed")

	// ErrEmptyPrompt is returned for a prompt or text without tokens.
	ErrEmptyPrompt = errors.New("llama: empty prompt")

	// ErrPromptTooLong is wrapped by *PromptTooLongError, for a prompt that leaves no room in the context.
	ErrPromptTooLong = errors.New("llama: prompt longer than the context")

	// ErrInvalidToken is returned for a token that is not in the model's vocabulary.
	ErrInvalidToken = errors.New("llama: no such token")

	// ErrTools is returned if messages use tools that the model's chat template cannot render.
	ErrTools = errors.New("llama: the model's chat template does not support tools")

	// ErrTemplateSplit is returned if the model's chat template renders an assistant's turn so that it does not begin
	// with the prompt for it, and the tokens that the model writes cannot be found.
	ErrTemplateSplit = errors.New("llama: the chat template cannot be split into prompt and response")

	// ErrGrammarStuck is returned for a request if its grammar allows no token of the vocabulary at some point.
	ErrGrammarStuck = errors.New("llama: the grammar allows no token")

	// ErrBusy is returned by a Batcher whose queue is full.
	ErrBusy = errors.New("llama: too many requests are waiting")

	// ErrNotANumber is returned if logits are NaN or infinite, as with damaged weights.
	ErrNotANumber = errors.New("llama: the model's logits are not finite numbers")
)

// errAborted is the error of a batch whose context.Context has ended.
var errAborted = errors.New("llama: aborted")

// ToolError tells which of [ChatOptions.Tools] has parameters that are no JSON object, or one that is nested too deep.
type ToolError struct {
	Tool int // index
	Name string
	Err  error
}

func (e *ToolError) Error() string {
	return fmt.Sprintf("llama: parameters of the tool %q: %v", e.Name, e.Err)
}

// Unwrap returns what is wrong with the parameters.
func (e *ToolError) Unwrap() error { return e.Err }

// PromptTooLongError tells how much a prompt exceeds the context. It wraps [ErrPromptTooLong].
type PromptTooLongError struct {
	Request int // index of the request or continuation
	Tokens  int // least number of tokens that the request needs
	Size    int // tokens that the context holds
}

func (e *PromptTooLongError) Error() string {
	return fmt.Sprintf("%v: request %d needs %d tokens, the context holds %d", ErrPromptTooLong, e.Request, e.Tokens, e.Size)
}

// Unwrap returns [ErrPromptTooLong].
func (e *PromptTooLongError) Unwrap() error { return ErrPromptTooLong }
