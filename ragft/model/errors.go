package model

import (
	"errors"
)

// Errors of a [Model] that a caller can act on.
var (
	ErrUnavailable  = errors.New("the server does not answer")
	ErrNotFound     = errors.New("model not found")
	ErrUnauthorized = errors.New("the server refuses the key")

	// ErrPromptTooLong means that a prompt does not fit into the model's context.
	// A Model wraps it, so that callers can offer fewer passages.
	ErrPromptTooLong = errors.New("the prompt is longer than the model's context")

	// ErrRequest means that the request itself is at fault, such as a JSON Schema
	// that cannot be turned into a grammar: another server would refuse it as well.
	ErrRequest = errors.New("the model cannot serve this request")

	// ErrNoScores means that a model is not a [Scorer].
	ErrNoScores = errors.New("the model cannot score texts: use a local GGUF model")
)
