//go:build cgo

package llama

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
)

// Request asks for one or more continuations of a prompt.
type Request struct {
	// Prompt is the text to continue, usually from [Model.TokenizeChat]. It must not be empty.
	Prompt []Token

	// Samples is the number of continuations, up to 65,536. The prompt is computed once for all. 0 means 1.
	Samples int

	// MaxTokens is the largest number of tokens in a sample, which the size of the context may limit further. 0 means
	// 256.
	MaxTokens int

	// Sampling is how tokens are chosen. The zero value is greedy: it takes the most likely token.
	Sampling Sampling

	// Stop ends a sample before the first of these strings. Empty strings are ignored.
	Stop []string

	// TopLogProbs is the number of most likely tokens, from 0 to 64, that are returned with their log probabilities for
	// each position. 0 means none.
	TopLogProbs int

	// First are tokens whose log probabilities as the first token of a sample are returned in [Sample.First], whatever token
	// is chosen. Nil means none.
	First []Token

	// OnFirst, if set, is called with the first token's [Sample.First] of each sample, before its first token is used, on the
	// goroutine that called Generate. If it returns false, the sample ends at once, without text, with the reason [StopFirst].
	OnFirst func(sample int, first []float32) bool

	// Adapters are applied to this request instead of those of the context. Nil means those of the context, and an empty
	// list none. Requests with different adapters take turns, batch by batch, and do not share prompts.
	Adapters []AdapterScale

	// OnToken, if set, is called with each token of a sample when it is chosen, before OnText is called with the text that
	// it completes, on the same goroutine.
	OnToken func(sample int, token ChosenToken)

	// OnText, if set, is called with each new piece of a sample's text, between two batches, on the goroutine that called
	// Generate. A piece consists of whole characters and contains no part of a stop string. All pieces together are the
	// sample's Text.
	OnText func(sample int, text string)

	// OnDone, if set, is called once all samples of the request are complete, while other requests of the call may
	// still be at work, on the same goroutine as OnText.
	OnDone func()
}

// Sampling is how the next token is chosen, by llama.cpp's samplers in this order: grammar, bias, penalties, top-k, top-p,
// min-p, temperature. The zero value is greedy: it takes the most likely token.
type Sampling struct {
	// Temperature divides the logits. 0 is greedy: the most likely token is taken, as below 1e-6, where quotients overflow.
	// 1 samples from the model's distribution.
	Temperature float32

	// TopK keeps the k most likely tokens. 0 means all.
	TopK int

	// TopP keeps the most likely tokens whose probabilities add up to it (nucleus sampling, arXiv 1904.09751, section
	// 3.1). It is at most 1. 0 means 1, which keeps all tokens; for the most likely token alone, leave Temperature 0.
	TopP float32

	// MinP drops tokens whose probability is less than MinP times that of the most likely one. It is at most 1. 0 drops
	// none.
	MinP float32

	// RepeatPenalty divides the logits of recent tokens if they are positive, and multiplies them if they are negative
	// (arXiv 1909.05858, section 4.1). It is at least 0.01. 0 means 1, which changes nothing.
	RepeatPenalty float32

	// PresencePenalty is subtracted once from the logits of recent tokens, FrequencyPenalty once for each occurrence.
	// Negative values raise the logits. 0 changes nothing.
	PresencePenalty, FrequencyPenalty float32

	// RepeatLast is the number of recent tokens, including those of the prompt, that the three penalties apply to. 0 means
	// 64.
	RepeatLast int

	// LogitBias is added to the logits of these tokens: -100 practically forbids a token, 100 practically forces it. It
	// must not be changed while the request runs. Nil changes nothing.
	LogitBias map[Token]float32

	// NotFirst are tokens that are not chosen as the first one of a sample. It cannot be combined with a Grammar. Nil
	// excludes none.
	NotFirst []Token

	// Grammar restricts the text to a grammar in llama.cpp's GBNF, whose rule "root" describes the whole text. Tokens that
	// the grammar does not allow are never chosen. A sample that is ended by its length is the beginning of such a text.
	// Empty means no restriction.
	Grammar string

	// Seed is the seed of the random numbers. Each sample of a request has a seed of its own, derived from this one and the
	// index of the sample. 0 is a seed like any other.
	Seed uint32
}

// Result is the answer to one Request.
type Result struct {
	Samples      []Sample
	PromptTokens int
	ReusedTokens int // tokens of the prompt that were in the cache already
}

// Sample is one continuation.
type Sample struct {
	// Text is valid UTF-8 and ends before the stop string. It contains no control tokens.
	Text string

	// Tokens are all tokens that were chosen, including those of a stop string, and the end-of-generation token that ends
	// the sample with StopEnd.
	Tokens []Token

	// LogProbs has the natural log probability of each of Tokens under the model, before bias, penalties, temperature and
	// truncation.
	LogProbs []float32

	// Top has the Request.TopLogProbs most likely tokens at the position of each of Tokens, most likely first. It is nil if
	// TopLogProbs is 0.
	Top [][]TokenLogProb

	// First has the natural log probability of each of Request.First at the sample's first position.
	First []float32

	// Stop is the reason why the sample ended.
	Stop StopReason
}

// TokenLogProb is a token and its natural log probability.
type TokenLogProb struct {
	Token   Token
	LogProb float32
}

// ChosenToken is a token of a sample, and the most likely tokens at its position.
type ChosenToken struct {
	TokenLogProb
	Top []TokenLogProb // as in Sample
}

// StopReason is the reason why a sample ended.
type StopReason int

const (
	StopEnd    StopReason = iota + 1 // an end-of-generation token was chosen
	StopString                       // a stop string was generated
	StopLength                       // MaxTokens was reached, or the context is full
	StopFirst                        // Request.OnFirst returned false
)

// String returns "end", "string", "length" or "first".
func (r StopReason) String() string {
	switch r {
	case StopEnd:
		return "end"
	case StopString:
		return "string"
	case StopLength:
		return "length"
	case StopFirst:
		return "first"
	}
	return fmt.Sprintf("StopReason(%d)", int(r))
}

// Generate continues the prompts of all requests, in common batches: result i answers request i. Samples that do not fit
// into the context, by their number or by their tokens, start as soon as others end. Prompts that begin alike are computed
// one after the other, whatever the order of the requests, so that a common beginning is computed once.
//
// The same call on a new context gives the same results. The other requests of a batch change logits in the last bits, as
// floating-point sums are computed in another order, so that a near tie may be decided differently. The random numbers of
// a sample depend only on its seed.
//
// If ctx ends, Generate stops during the batch (on a GPU after it) and returns the error of ctx without results. The
// context remains usable.
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
			j.release()
		}
	}()
	queue := inOrder(jobs)
	err = c.within(ctx, c.layoutFor(queue), func() (err error) {
		s := newScheduler(c, c.kept())
		s.queue = queue
		defer func() { err = errors.Join(err, s.use(c.adapters)) }() // also if a callback panics
		return s.run(ctx)
	})
	if err != nil {
		return nil, err
	}
	results := make([]Result, len(jobs))
	for i, j := range jobs {
		results[i] = j.result()
	}
	return results, nil
}

// newJobs checks all requests. Each must be released.
func (c *Context) newJobs(requests []Request) ([]*job, error) {
	jobs := make([]*job, 0, len(requests))
	for i, r := range requests {
		j, err := c.newJob(i, r)
		if err == nil {
			err = c.model.retainFor(r.Adapters)
		}
		if err != nil {
			for _, j := range jobs {
				j.release()
			}
			return nil, err
		}
		jobs = append(jobs, j)
	}
	return jobs, nil
}

// inOrder sorts the jobs so that prompts which begin alike stand together. The one before a prompt then has the longest
// beginning in common with it, of all before it. Jobs with other adapters share nothing and stay in the order in which
// their adapters come.
func inOrder(jobs []*job) []*job {
	var groups [][]AdapterScale
	group := func(j *job) int {
		same := func(g []AdapterScale) bool { return slices.Equal(g, j.request) && (g == nil) == (j.request == nil) }
		if i := slices.IndexFunc(groups, same); i >= 0 {
			return i
		}
		groups = append(groups, j.request)
		return len(groups) - 1
	}
	of := map[*job]int{}
	for _, j := range jobs {
		of[j] = group(j)
	}
	queue := slices.Clone(jobs)
	slices.SortStableFunc(queue, func(a, b *job) int { return cmp.Or(of[a]-of[b], slices.Compare(a.prompt, b.prompt)) })
	return queue
}

// Bounds of a request.
const (
	maxTop     = 64      // of Request.TopLogProbs
	maxSamples = 1 << 16 // for which room is made before they are generated
)

// newJob checks a request and fills in the defaults.
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
	case r.Samples < 0 || r.Samples > maxSamples:
		return fail("Samples is %d; it must be from 0 to %d", r.Samples, maxSamples)
	case r.TopLogProbs < 0 || r.TopLogProbs > maxTop:
		return fail("TopLogProbs is %d; it must be from 0 to %d", r.TopLogProbs, maxTop)
	case r.MaxTokens < 0:
		return fail("MaxTokens is %d; it must be 0 or more", r.MaxTokens)
	case len(r.Prompt) >= c.size:
		return nil, &PromptTooLongError{Request: index, Tokens: len(r.Prompt) + 1, Size: c.size}
	}
	if err := c.model.vocab.check(r.Prompt); err != nil {
		return fail("%w", err)
	}
	for token := range r.Sampling.LogitBias {
		if !c.model.vocab.has(token) {
			return fail("%w: LogitBias has token %d; the vocabulary has %d tokens", ErrInvalidToken, token, c.model.VocabSize())
		}
	}
	if err := c.model.vocab.check(r.First); err != nil {
		return fail("First: %w", err)
	}
	if err := c.model.vocab.check(r.Sampling.NotFirst); err != nil {
		return fail("NotFirst: %w", err)
	}
	if err := checkGrammar(r.Sampling.Grammar); err != nil {
		return fail("Grammar: %w", err)
	}
	if len(r.Sampling.NotFirst) > 0 && r.Sampling.Grammar != "" {
		return fail("NotFirst cannot be combined with a Grammar; let the grammar exclude the tokens")
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
		grammars:  newGrammars(c.model, r.Sampling.Grammar, r.Samples),
		onText:    r.OnText,
		onDone:    r.OnDone,
		first:     r.First,
		onFirst:   answering(r.OnFirst),
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
			return fmt.Errorf("%s is %v, which is out of range", f.name, f.value)
		}
	}
	finite := func(x float32) bool { return float64(x) >= -math.MaxFloat32 && float64(x) <= math.MaxFloat32 }
	if !finite(s.PresencePenalty) || !finite(s.FrequencyPenalty) {
		return fmt.Errorf("PresencePenalty is %v and FrequencyPenalty %v; both must be finite", s.PresencePenalty, s.FrequencyPenalty)
	}
	for token, bias := range s.LogitBias {
		if !finite(bias) {
			return fmt.Errorf("LogitBias of token %d is %v; it must be finite", token, bias)
		}
	}
	if s.RepeatPenalty != 0 && s.RepeatPenalty < 0.01 {
		return fmt.Errorf("RepeatPenalty is %v; it must be at least 0.01", s.RepeatPenalty)
	}
	if s.TopK < 0 || s.TopK > math.MaxInt32 || s.RepeatLast < 0 || s.RepeatLast > 1<<20 {
		return fmt.Errorf("TopK is %d and RepeatLast %d; one of them is out of range", s.TopK, s.RepeatLast)
	}
	return nil
}

// withDefaults replaces zero values by the defaults.
func (s Sampling) withDefaults() Sampling {
	if s.Temperature < 1e-6 {
		s.Temperature = 0
	}
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
