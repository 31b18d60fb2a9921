package model

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
)

// Model is what generates, judges and answers. It is met by [local.Model], by
// [ollama.Model] and [openai.Model] on servers, by [pool.Model] and [cache.Model]
// around these, and by fakes in tests. Implementations are safe for concurrent use; concurrent calls may
// queue. What else a model can do, it says by further interfaces, which [As]
// finds: [TokenCounter], [Scorer], [Hasher], [Limiter].
type Model interface {
	// Name identifies weights, adapter and template. It is part of cache keys
	// and of the provenance of every row, so two models that can answer
	// differently need different names.
	Name() string

	// Chat answers independent requests, batched as the model can. The result
	// has one element for each request, in the order of reqs. When ctx ends,
	// Chat stops and returns its error; no partial result is returned. A prompt
	// that does not fit into the context is an error that wraps
	// [ErrPromptTooLong], given before any text is streamed. The callbacks of the
	// requests are called on the goroutine that called Chat, one at a time, and
	// none after it has returned.
	Chat(ctx context.Context, reqs []Request) ([]Response, error)
}

// ChatRequest asks for one or several completions of a chat.
// The zero value of every field but Messages is usable.
type Request struct {
	Messages    []Message
	Samples     int      // completions of the same prompt, drawn independently; 0 = 1
	MaxTokens   int      // limit for each completion; 0 = 256
	Temperature float64  // 0 = greedy
	TopP        float64  // nucleus mass; 0 or 1 = off
	TopK        int      // candidates kept; 0 = off
	MinP        float64  // tokens less likely than MinP times the likeliest are dropped, in [0, 1); 0 = off
	Seed        uint64   // seed of the draws; equal requests with equal seeds give equal samples
	Stop        []string // texts that end a completion; they are not part of it

	// Exclude keeps a completion from beginning as one of these texts does: the first token of each is not chosen as the
	// first token, and the completion is not empty. [local.Model] does this; servers refuse it with [ErrRequest].
	Exclude []string

	// OnFirst is called with [Sample.Excluded] before the first token of each sample is used, if Exclude has texts. If it
	// returns false, the sample ends there, without text. Nil = never. A [github.com/ragft/ragft/ragft/model/cache.Model] does
	// not call it for what it has stored, and does not store what it has stopped.
	OnFirst func(excluded float64) bool

	// Begin is how each completion begins. The model goes on from there, and the text of a sample repeats neither
	// it nor the space after it. [local.Model] does this; servers refuse it with [ErrRequest].
	Begin string

	// Schema, if not nil, is a JSON Schema; the text is then JSON that meets it,
	// or, of a sample that ends over its length, the beginning of such a text.
	// [local.Model] samples under a grammar, and knows the keywords type, enum,
	// const, properties, required, additionalProperties, items, minItems, maxItems,
	// minLength, maxLength, anyOf, oneOf if no value can fit two of its alternatives,
	// and $ref within the schema; others that restrict a value are [ErrRequest].
	// Properties come in the schema's order, and none that it does not name. Servers
	// get it as it is.
	Schema json.RawMessage

	// OnText is called with the text of sample 0 as it appears, without a chain of thought; nil = no streaming.
	OnText func(piece string)

	// OnDone is called when the request is answered, while Chat may still work on
	// others; nil = nobody is told. A [local.Model], which answers requests in
	// batches, calls it; others need not.
	OnDone func()
}

// WithDefaults returns the request with its defaults filled in: Samples and
// MaxTokens are positive, and TopP is below 1. Numbers out of their range are
// an error that wraps [ErrRequest]. Implementations of [Model] call it first.
func (r Request) WithDefaults() (Request, error) {
	for _, n := range []struct {
		name  string
		value int
	}{{"Samples", r.Samples}, {"MaxTokens", r.MaxTokens}, {"TopK", r.TopK}} {
		if n.value < 0 {
			return r, fmt.Errorf("ragft: %w: Request.%s is %d; it must be 0 or more", ErrRequest, n.name, n.value)
		}
	}
	switch {
	case !(r.Temperature >= 0) || math.IsInf(r.Temperature, 0):
		return r, fmt.Errorf("ragft: %w: Request.Temperature is %v; it must be 0 or more", ErrRequest, r.Temperature)
	case !(r.TopP >= 0 && r.TopP <= 1):
		return r, fmt.Errorf("ragft: %w: Request.TopP is %v; it must be from 0 to 1", ErrRequest, r.TopP)
	case !(r.MinP >= 0 && r.MinP < 1):
		return r, fmt.Errorf("ragft: %w: Request.MinP is %v; it must be from 0 to below 1", ErrRequest, r.MinP)
	case r.TopP == 1:
		r.TopP = 0
	}
	r.Samples, r.MaxTokens = cmp.Or(r.Samples, 1), cmp.Or(r.MaxTokens, 256)
	return r, nil
}

// ChatResponse holds the completions of one request: Samples[i] is sample i.
type Response struct {
	Samples      []Sample
	PromptTokens int // length of the prompt; 0 where the server does not tell

	// ReusedTokens is how many tokens of the prompt were not read for this request, since another one begins with them. Only
	// models of this process tell.
	ReusedTokens int

	// Cached is set if a cache answered, without asking the model.
	Cached bool

	// Seconds is the request's share, by tokens read and generated, of the time of
	// the call that generated it; 0 = not known. [cache.Model] measures and stores
	// it.
	Seconds float64
}

// ChatSample is one completion.
type Sample struct {
	// Text is the answer. A chain of thought that a model wrote in front of it, between marks such as <think> and </think>,
	// is in Thinking instead. If the thoughts were cut off, there is no answer, and Text is empty.
	Text     string
	Thinking string // without the marks; "" = none, or the server keeps it to itself

	Tokens      int     // tokens generated, those of the thoughts included
	MeanLogProb float64 // mean natural log probability of the answer's tokens; NaN where unknown

	// Excluded is the natural log of the probability that the completion would have begun as one of [Request.Exclude];
	// 0 = not known.
	Excluded  float64
	Truncated bool // true when the length limit ended it
}
