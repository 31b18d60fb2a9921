//go:build cgo

package llama

// #include "shim.h"
import "C"

import (
	"context"
	"fmt"
	"slices"
)

// Score returns the natural log probability of every token of every continuation of the prompt, given all tokens before it:
// out[i][j] is that of continuations[i][j]. The prompt is computed once. The prompt and any one continuation must fit into
// the context together, or the error is a *PromptTooLongError.
//
// If ctx ends, Score stops as [Context.Generate] does.
func (c *Context) Score(ctx context.Context, prompt []Token, continuations [][]Token) ([][]float32, error) {
	out, err := c.ScoreAll(ctx, []ScoreRequest{{Prompt: prompt, Continuations: continuations}}, nil)
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// ScoreRequest is a prompt with the continuations to score after it.
type ScoreRequest struct {
	Prompt        []Token
	Continuations [][]Token
}

// ScoreAll does what [Context.Score] does for several prompts: out[i] are the log probabilities of requests[i]. The prompts are
// computed in an order in which each begins with as much as possible of the one before, and what two begin with alike is
// computed once. done, if it is not nil, is called as soon as requests[i] is scored, with the number of tokens of its prompt that were
// computed for the one before.
func (c *Context) ScoreAll(ctx context.Context, requests []ScoreRequest, done func(i, reused int)) ([][][]float32, error) {
	if c.options.Embeddings {
		return nil, errEmbeddings
	}
	out := make([][][]float32, len(requests))
	order := make([]int, len(requests))
	for i, r := range requests {
		order[i] = i
		var err error
		if out[i], err = c.scoreRoom(i, r); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return slices.Compare(requests[a].Prompt, requests[b].Prompt) })
	err := c.within(ctx, c.whole, func() error { return c.scoreInOrder(ctx, requests, order, out, done) })
	if err != nil {
		return nil, err
	}
	return out, nil
}

// scoreInOrder scores the requests, whose results it appends to out.
func (c *Context) scoreInOrder(ctx context.Context, requests []ScoreRequest, order []int, out [][][]float32,
	done func(i, reused int)) error {
	var before []Token // the prompt in the cache
	for _, i := range order {
		s := &scorer{Context: c, prompt: requests[i].Prompt, continuations: requests[i].Continuations, out: out[i]}
		reused := s.keep(before)
		if err := s.run(ctx, reused); err != nil {
			return err
		}
		before = s.prompt
		if done != nil {
			done(i, reused)
		}
	}
	return nil
}

// scoreRoom returns room for the result of a request that can be scored.
func (c *Context) scoreRoom(request int, r ScoreRequest) ([][]float32, error) {
	if len(r.Prompt) == 0 {
		return nil, ErrEmptyPrompt
	}
	if err := c.model.vocab.check(r.Prompt); err != nil {
		return nil, fmt.Errorf("llama: prompt %d: %w", request, err)
	}
	out := make([][]float32, len(r.Continuations))
	for i, tokens := range r.Continuations {
		if err := c.model.vocab.check(tokens); err != nil {
			return nil, fmt.Errorf("llama: continuation %d: %w", i, err)
		}
		// the last token of a continuation is not computed
		if need := len(r.Prompt) + max(len(tokens)-1, 0); need > c.size {
			return nil, &PromptTooLongError{Request: request, Tokens: need, Size: c.size}
		}
		out[i] = make([]float32, 0, len(tokens))
	}
	return out, nil
}

// scorer is the state of one request of ScoreAll. The prompt is in a sequence of its own, after those of Generate, which all
// continuations share.
type scorer struct {
	*Context
	prompt        []Token
	continuations [][]Token
	out           [][]float32
	started       int
	free          int   // cells
	slots         []int // free sequences
	lanes         []scoreLane
	owners        []int // continuation of each pick
}

// scoreLane is a continuation that is being computed: its first known tokens are.
type scoreLane struct{ index, slot, known int }

func (s *scorer) home() int { return s.options.Sequences }

// run scores the request, of whose prompt the cache holds the first known tokens.
func (s *scorer) run(ctx context.Context, known int) error {
	if err := s.computePrompt(ctx, known); err != nil {
		return err
	}
	s.free = s.size - len(s.prompt)
	for slot := range s.options.Sequences {
		s.slots = append(s.slots, slot)
	}
	for s.start(); len(s.lanes) > 0; s.start() {
		s.fill()
		if err := s.decode(ctx); err != nil {
			return err
		}
		s.lanes = slices.DeleteFunc(s.lanes, s.end)
	}
	return nil
}

// keep removes from the cache, which holds the prompt before, what this one does not begin with, and returns the number of tokens
// that stay. The last token is always computed, for its logits.
func (s *scorer) keep(before []Token) int {
	n := 0
	if !bool(s.model.info.recurrent) { // a recurrent state cannot be cut back to a prefix
		n = commonPrefix(before, s.prompt[:len(s.prompt)-1])
	}
	if len(before) > 0 {
		C.ragft_sequence_drop(s.ptr, C.int32_t(s.home()), C.int32_t(n))
	}
	return n
}

// computePrompt decodes the prompt after its first tokens, which are in the cache. Its last logits are those of the first token
// of each continuation.
func (s *scorer) computePrompt(ctx context.Context, at int) error {
	for at < len(s.prompt) {
		s.batch.reset()
		s.owners = s.owners[:0]
		for ; at < len(s.prompt) && len(s.batch.tokens) < s.options.BatchSize; at++ {
			s.batch.add(s.prompt[at], at, s.home())
		}
		for i, tokens := range s.continuations {
			if at == len(s.prompt) && len(tokens) > 0 {
				s.batch.score(tokens[0])
				s.owners = append(s.owners, i)
			}
		}
		if err := s.decode(ctx); err != nil {
			return err
		}
	}
	return nil
}

// start assigns free sequences to the next continuations while there is room. The log probability of a first token is known
// from the prompt, so a continuation of one token needs no sequence.
func (s *scorer) start() {
	for ; s.started < len(s.continuations); s.started++ {
		need := len(s.continuations[s.started]) - 1
		if need < 1 {
			continue
		}
		if len(s.slots) == 0 || need > s.free {
			return
		}
		slot := s.slots[len(s.slots)-1]
		s.slots = s.slots[:len(s.slots)-1]
		s.free -= need
		C.ragft_sequence_share(s.ptr, C.int32_t(s.home()), C.int32_t(slot), C.int32_t(len(s.prompt)))
		s.lanes = append(s.lanes, scoreLane{index: s.started, slot: slot})
	}
}

// end frees the lane if its continuation is finished, and reports whether it is.
func (s *scorer) end(l scoreLane) bool {
	need := len(s.continuations[l.index]) - 1
	if l.known < need {
		return false
	}
	C.ragft_sequence_drop(s.ptr, C.int32_t(l.slot), 0)
	s.slots = append(s.slots, l.slot)
	s.free += need
	return true
}

// fill makes a batch of the lanes' tokens. The logits of each token predict the token after it.
func (s *scorer) fill() {
	s.batch.reset()
	s.owners = s.owners[:0]
	for i := range s.lanes {
		l := &s.lanes[i]
		tokens := s.continuations[l.index]
		for l.known < len(tokens)-1 && len(s.batch.tokens) < s.outputs {
			s.batch.add(tokens[l.known], len(s.prompt)+l.known, l.slot)
			l.known++
			s.batch.score(tokens[l.known])
			s.owners = append(s.owners, l.index)
		}
	}
}

func (s *scorer) decode(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.batch.decode(s.Context); err != nil {
		return err
	}
	for i, index := range s.owners {
		s.out[index] = append(s.out[index], float32(s.batch.picked[i].logprob))
	}
	return nil
}
