//go:build cgo

package lora

import (
	"fmt"
	"math"
	"slices"
)

// Soft is a teacher's distribution over the next token: some tokens, each once, with their probabilities. If these add up to
// less than 1, the rest is the probability of all other tokens together.
type Soft struct {
	Tokens []Token
	P      []float32
}

// rest is the probability of all tokens that Tokens does not name.
func (s Soft) rest() float64 {
	sum := 0.0
	for _, p := range s.P {
		sum += float64(p)
	}
	return max(0, 1-sum)
}

// entropy is that of the distribution, its rest one outcome, in nats.
func (s Soft) entropy() float64 {
	sum := 0.0
	add := func(p float64) {
		if p > 0 {
			sum -= p * math.Log(p)
		}
	}
	for _, p := range s.P {
		add(float64(p))
	}
	add(s.rest())
	return sum
}

// isSoft says whether token i is learnt from a teacher's distribution.
func (e *Example) isSoft(i int) bool {
	return i < len(e.Soft) && len(e.Soft[i].Tokens) > 0 && i < len(e.Loss) && e.Loss[i] > 0
}

func (e *Example) softShare() float64 {
	if e.SoftShare == 0 {
		return 1
	}
	return e.SoftShare
}

// entropy is what the divergences of the example have less than the cross-entropies that are computed.
func (e *Example) entropy() float64 {
	sum := 0.0
	for i := range e.Soft {
		if e.isSoft(i) {
			sum += float64(e.Loss[i]) * e.softShare() * e.Soft[i].entropy()
		}
	}
	return sum
}

// shareable is the number of the example's first tokens that may stand for those of others. Logits that are compared with a
// teacher's distribution belong to one example alone: another one's may name other tokens, and have another rest.
func (e *Example) shareable() int {
	for i := range e.Soft {
		if e.isSoft(i) {
			return i - 1
		}
	}
	return len(e.Tokens)
}

// checkSoft says what is wrong with the distributions of example i.
func (e *Example) checkSoft(i, vocab int) error {
	switch {
	case !(e.SoftShare >= 0 && e.SoftShare <= 1):
		return fmt.Errorf("lora: example %d has the SoftShare %v: it is a share above 0 up to 1, or 0 for 1", i, e.SoftShare)
	case e.Soft == nil:
		return nil
	case len(e.Soft) != len(e.Tokens) || len(e.Loss) != len(e.Tokens):
		return fmt.Errorf("lora: example %d has %d tokens, %d loss weights and %d distributions", i, len(e.Tokens), len(e.Loss), len(e.Soft))
	case len(e.Branches) > 0:
		return fmt.Errorf("lora: example %d has branches and Soft: make each branch an example of its own", i)
	}
	for k := range e.Soft {
		if !e.isSoft(k) {
			continue
		}
		if err := e.Soft[k].check(e.Tokens[k], vocab); err != nil {
			return fmt.Errorf("lora: example %d, the distribution of token %d: %w", i, k, err)
		}
	}
	return nil
}

func (s Soft) check(token Token, vocab int) error {
	if len(s.P) != len(s.Tokens) {
		return fmt.Errorf("it has %d tokens and %d probabilities", len(s.Tokens), len(s.P))
	}
	if !slices.Contains(s.Tokens, token) {
		return fmt.Errorf("it does not name the token itself, %d", token)
	}
	sum, seen := 0.0, map[Token]bool{}
	for i, t := range s.Tokens {
		if t < 0 || int(t) >= vocab {
			return fmt.Errorf("it names token %d, but the vocabulary has only %d: it is from another model", t, vocab)
		}
		if seen[t] {
			return fmt.Errorf("it names token %d twice", t)
		}
		seen[t] = true
		if !(s.P[i] >= 0) {
			return fmt.Errorf("token %d has the probability %v", t, s.P[i])
		}
		sum += float64(s.P[i])
	}
	const rounding = 1e-3
	if !(sum > 0 && sum <= 1+rounding) {
		return fmt.Errorf("its probabilities add up to %v", sum)
	}
	return nil
}
