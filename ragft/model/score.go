package model

import (
	"context"
	"errors"
	"fmt"
)

// Scorer is met by models that tell how likely given texts are, as
// [local.Model] does; servers do not. It is safe for concurrent use.
type Scorer interface {
	// ScoreResponses returns, for every pair, the natural log probability of
	// each token of the response after the prompt, the token that ends the
	// response included. A pair that does not fit the context is
	// [ErrPromptTooLong].
	ScoreResponses(ctx context.Context, pairs []Completion) ([][]float64, error)

	// ScoreTexts returns, for every text, the natural log probability of each
	// token after those before it, the first one left out unless the model
	// begins texts with a token of its own. A text longer than the context is
	// taken in pieces.
	ScoreTexts(ctx context.Context, texts []string) ([][]float64, error)
}

// PromptResponse is a prompt and what is to be scored after it.
type Completion struct {
	Messages []Message // the prompt
	Response string
}

// ErrNoScores means that a model cannot tell how likely given texts are.
var ErrNoScores = errors.New("the model cannot score texts: use a local GGUF model")

// scorerOf looks for a Scorer behind caches.
func AsScorer(m Model) (Scorer, error) {
	scorer, ok := As[Scorer](m)
	if local, isLocal := scorer.(interface{ CanScore() bool }); !ok || isLocal && !local.CanScore() {
		return nil, fmt.Errorf("ragft: %w (%s)", ErrNoScores, m.Name())
	}
	return scorer, nil
}
