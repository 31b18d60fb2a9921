package model

import "context"

// Scorer is implemented by models that can tell how likely a given text is.
// Models that run in this process can; servers cannot. [As] finds it, also
// behind a cache, which then stores the scores. It is safe for concurrent use.
type Scorer interface {
	// Score returns how likely each response is after its prompt, the token
	// that ends the response included. The result has one element for each
	// completion, in the same order, and each counts at least one token. A
	// completion that does not fit the context is [ErrPromptTooLong].
	Score(ctx context.Context, completions []Completion) ([]Score, error)

	// ScoreTexts returns how likely each text is, each token after those before
	// it. The first token is left out unless the model starts texts with a token
	// of its own. A text longer than the context is scored in pieces.
	ScoreTexts(ctx context.Context, texts []string) ([]Score, error)
}

// Completion is a prompt and the response to be scored after it.
type Completion struct {
	Messages []Message // the prompt
	Response string
	OnScore  func() // called when it is scored, before Score returns; not by every Scorer, and not from a cache; nil = none
}

// Score is how likely a model finds a text.
type Score struct {
	Sum    float64 // natural log probability of all the tokens together
	Last   float64 // natural log probability of the last token, which ends a response; 0 if there is no token
	Tokens int
	Cached bool // a cache answered, without asking the model

	PromptTokens int // tokens of the prompt; 0 = unknown
	ReusedTokens int // of these, read for another completion
}
