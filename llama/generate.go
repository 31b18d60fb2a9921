//go:build cgo

package llama

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
)

// A Request asks for one or more continuations of a prompt.
type Request struct {
	// Prompt is what to continue, usually from [Model.TokenizeChat]. It must not be empty.
	Prompt []Token

	// Samples is the number of continuations. 0 means 1. The prompt is computed once for all.
	Samples int

	// MaxTokens ends a sample after so many tokens. 0 means 256. The context's size may end it earlier.
	MaxTokens int

	// Sampling says how tokens are chosen. The zero value takes the likeliest.
	Sampling Sampling

	// Stop ends a sample before the first of these strings. Empty strings are ignored.
	Stop []string

	// TopLogProbs asks for the so many likeliest tokens at each place, 0 to 64, with their probabilities.
	TopLogProbs int

	// Adapters are what this request is computed with, in place of the context's own; nil means those,
	// an empty list the bare model. Requests with different adapters take turns at the context, batch by
	// batch, and share no prompt.
	Adapters []AdapterScale

	// OnToken, if set, is called with each token of a sample as it is chosen, before OnText is called
	// with the text that it completes.
	OnToken func(sample int, token ChosenToken)

	// OnText, if set, is called with each new stretch of a sample's text on the goroutine that called
	// Generate, between two batches. The stretches are whole characters, never part of a stop string,
	// and together exactly the sample's Text.
	OnText func(sample int, text string)
}

// Sampling says how the next token is chosen, by llama.cpp's own samplers in this order: bias, penalties, top-k,
// top-p, min-p, temperature. The zero value takes the likeliest token.
type Sampling struct {
	// Temperature divides the logits. 0 takes the likeliest token, 1 samples what the model says.
	Temperature float32

	// TopK keeps the k likeliest tokens. 0 keeps all.
	TopK int

	// TopP keeps the likeliest tokens that together have this probability (nucleus sampling,
	// arXiv 1904.09751, section 3.1). 0 and 1 keep all.
	TopP float32

	// MinP drops tokens that are less likely than MinP times the likeliest. 0 drops none.
	MinP float32

	// RepeatPenalty divides the logits of tokens that were said before, or multiplies them if they are
	// negative (arXiv 1909.05858, section 4.1). 0 and 1 change nothing.
	RepeatPenalty float32

	// PresencePenalty is subtracted from the logits of tokens that were said before, FrequencyPenalty once for
	// each time that they were. Below 0 they raise. 0 changes nothing.
	PresencePenalty, FrequencyPenalty float32

	// RepeatLast is how many tokens back the three penalties look, the prompt's end included. 0 means 64.
	RepeatLast int

	// LogitBias is added to the logits of these tokens, and must not be changed while the request runs: -100 all
	// but forbids a token, 100 all but forces it. nil changes nothing.
	LogitBias map[Token]float32

	// Grammar, if not "", is what the text must be: a grammar in llama.cpp's GBNF, whose rule "root" is the
	// whole text. Tokens that cannot go on with it are not chosen, so that it takes part before all other
	// means here. A sample that ends over its length is the beginning of such a text.
	Grammar string

	// Seed starts the random numbers. Each sample of a request has its own, derived from the seed and
	// the sample's index. 0 is a seed like any other.
	Seed uint32
}

// A Result is what came of one Request.
type Result struct {
	Samples      []Sample
	PromptTokens int
	ReusedTokens int // of PromptTokens, those that need not be computed since the context had them
}

// A Sample is one continuation.
type Sample struct {
	// Text is valid UTF-8 and ends before the stop string. Control tokens do not show in it.
	Text string

	// Tokens are all that the model chose. With StopString they include the stop string's, with StopEnd
	// the end-of-generation token is the last.
	Tokens []Token

	// LogProbs are the natural logarithms of the probabilities that the model gave to each of Tokens,
	// before bias, penalties, temperature and truncation.
	LogProbs []float32

	// Top are, for each of Tokens, the likeliest tokens at its place, likeliest first: Request.TopLogProbs
	// of them. nil if that is 0.
	Top [][]TokenLogProb

	// Stop says why the sample ended.
	Stop StopReason
}

// A TokenLogProb is a token and the natural logarithm of the probability that the model gives to it.
type TokenLogProb struct {
	Token   Token
	LogProb float32
}

// A ChosenToken is a token of a sample, and what was likeliest in its place.
type ChosenToken struct {
	TokenLogProb
	Top []TokenLogProb // as in Sample
}

// A StopReason says why a sample ended.
type StopReason int

const (
	StopEnd    StopReason = iota + 1 // the model chose an end-of-generation token
	StopString                       // a stop string came up
	StopLength                       // MaxTokens, or the context is full
)

// String returns "end", "string" or "length".
func (r StopReason) String() string {
	switch r {
	case StopEnd:
		return "end"
	case StopString:
		return "string"
	case StopLength:
		return "length"
	}
	return fmt.Sprintf("StopReason(%d)", int(r))
}

// Generate continues all requests' prompts, in batches that mix them: result i answers request i. Samples
// beyond what the context holds, in sequences or tokens, start as soon as others end. Prompts with the same
// beginning compute it once while one of them is in the context.
//
// The same call on a new context gives the same results. Whatever else is in the batch changes logits in
// the last bits, since llama.cpp adds in another order, so that a near tie may fall otherwise; the random
// numbers of a sample depend on nothing but its seed.
//
// If ctx ends, Generate stops within the batch (on a GPU: after it), returns ctx's error and no results; the
// context can be used on.
func (c *Context) Generate(ctx context.Context, requests []Request) ([]Result, error) {
	if c.options.Embeddings {
		return nil, errEmbeddings
	}
	jobs, err := c.newJobs(requests)
	if err != nil {
		return nil, err
	}
	defer func() {
		for _, j := range jobs {
			j.model.letGoFor(j.request)
		}
	}()
	end, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	finished := false
	defer func() {
		if !finished { // a callback panics
			_ = end(nil)
		}
	}()
	s := newScheduler(c, 0)
	s.queue = slices.Clone(jobs)
	err = s.run(ctx)
	err = errors.Join(err, s.use(c.adapters))
	finished = true
	if err := end(err); err != nil {
		return nil, err
	}
	results := make([]Result, len(jobs))
	for i, j := range jobs {
		results[i] = j.result()
	}
	return results, nil
}

// newJobs checks all requests. What they hold must be given back by letGoFor.
func (c *Context) newJobs(requests []Request) ([]*job, error) {
	jobs := make([]*job, 0, len(requests))
	for i, r := range requests {
		j, err := c.newJob(i, r)
		if err == nil {
			err = c.model.retainFor(r.Adapters)
		}
		if err != nil {
			for _, j := range jobs {
				j.model.letGoFor(j.request)
			}
			return nil, err
		}
		jobs = append(jobs, j)
	}
	return jobs, nil
}

const maxTop = 64 // of Request.TopLogProbs

// newJob checks a request and fills its defaults in.
func (c *Context) newJob(index int, r Request) (*job, error) {
	fail := func(format string, args ...any) (*job, error) {
		return nil, fmt.Errorf("llama: request %d: %w", index, fmt.Errorf(format, args...))
	}
	if r.Samples == 0 {
		r.Samples = 1
	}
	if r.MaxTokens == 0 {
		r.MaxTokens = 256
	}
	if err := r.Sampling.check(); err != nil {
		return fail("%w", err)
	}
	switch {
	case len(r.Prompt) == 0:
		return fail("%w", ErrEmptyPrompt)
	case r.Samples < 0:
		return fail("Samples is %d", r.Samples)
	case r.TopLogProbs < 0 || r.TopLogProbs > maxTop:
		return fail("TopLogProbs is %d, not 0 to %d", r.TopLogProbs, maxTop)
	case r.MaxTokens < 0:
		return fail("MaxTokens is %d", r.MaxTokens)
	case len(r.Prompt) >= c.size:
		return nil, &PromptTooLongError{Request: index, Tokens: len(r.Prompt) + 1, Size: c.size}
	}
	if err := c.model.vocab.check(r.Prompt); err != nil {
		return fail("%w", err)
	}
	for token := range r.Sampling.LogitBias {
		if !c.model.vocab.has(token) {
			return fail("%w: LogitBias names %d, the vocabulary has %d", ErrInvalidToken, token, c.model.VocabSize())
		}
	}
	j := &job{
		model:     c.model,
		index:     index,
		request:   r.Adapters,
		prompt:    r.Prompt,
		top:       min(r.TopLogProbs, c.model.VocabSize()),
		onToken:   r.OnToken,
		maxTokens: min(r.MaxTokens, c.size-len(r.Prompt)),
		sampling:  r.Sampling.withDefaults(),
		onText:    r.OnText,
		samples:   make([]Sample, r.Samples),
	}
	for _, stop := range r.Stop {
		if stop != "" {
			j.stops = append(j.stops, stop)
		}
	}
	return j, nil
}

func (s Sampling) check() error {
	for _, f := range []struct {
		name  string
		value float32
		max   float64
	}{
		{"Temperature", s.Temperature, math.MaxFloat32},
		{"TopP", s.TopP, 1},
		{"MinP", s.MinP, 1},
		{"RepeatPenalty", s.RepeatPenalty, math.MaxFloat32},
	} {
		if v := float64(f.value); math.IsNaN(v) || v < 0 || v > f.max {
			return fmt.Errorf("sampling with %s %v", f.name, f.value)
		}
	}
	finite := func(x float32) bool { return float64(x) >= -math.MaxFloat32 && float64(x) <= math.MaxFloat32 }
	if !finite(s.PresencePenalty) || !finite(s.FrequencyPenalty) {
		return fmt.Errorf("sampling with PresencePenalty %v, FrequencyPenalty %v", s.PresencePenalty, s.FrequencyPenalty)
	}
	for token, bias := range s.LogitBias {
		if !finite(bias) {
			return fmt.Errorf("sampling with LogitBias %v of token %d", bias, token)
		}
	}
	if s.TopK < 0 || s.TopK > math.MaxInt32 || s.RepeatLast < 0 || s.RepeatLast > 1<<20 {
		return fmt.Errorf("sampling with TopK %d, RepeatLast %d", s.TopK, s.RepeatLast)
	}
	return nil
}

// withDefaults resolves the zero values to what llama.cpp's samplers take.
func (s Sampling) withDefaults() Sampling {
	if s.TopP == 0 {
		s.TopP = 1
	}
	if s.RepeatPenalty == 0 {
		s.RepeatPenalty = 1
	}
	if s.RepeatLast == 0 {
		s.RepeatLast = 64
	}
	return s
}

// seedOf returns the seed of one sample's random numbers. Seeds that differ in one bit must not give
// related samples, hence the mixing (SplitMix64's).
func seedOf(seed uint32, sample int) uint32 {
	x := uint64(seed)<<32 | uint64(uint32(sample))
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	x ^= x >> 31
	if uint32(x) == math.MaxUint32 {
		return 0 // llama.cpp would take the largest seed for "random"
	}
	return uint32(x)
}
