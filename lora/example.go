//go:build cgo

package lora

import (
	"fmt"
	"math"
	"slices"
)

// Token is a token's number in the model's vocabulary.
type Token = int32

// Example is a token sequence to learn, or a prompt with several continuations that share it.
type Example struct {
	// Tokens of the sequence, or of the shared prompt.
	Tokens []Token
	// Loss[i] weighs the prediction of Tokens[i] from the tokens before it; 0 leaves it out. Nil means no
	// loss on any of Tokens; otherwise it is as long as Tokens. Loss[0] must be 0, since nothing precedes it.
	Loss []float32
	// Branches continue Tokens, each as if the others were not there. The prompt is computed once for all of
	// them, and the gradient is that of separate examples.
	Branches []Branch

	// Pairs of Branches whose preference is learnt, by Config.DPO, in place of the branches' cross-entropy. A branch
	// may be in several pairs, and each must be in one; the loss is the mean over the pairs. Nil learns the branches
	// themselves. Loss must be nil or zero then.
	Pairs []Pair
	// Reference[k] is the log-probability of Branches[k] under the reference model, each token's multiplied by its loss
	// weight. Only for Pairs. Nil has it computed: by Train and [Trainer.SetReference] once, by Step and Evaluate anew.
	Reference []float64

	// Soft[i] is a teacher's distribution for Tokens[i], used if Loss[i] is not 0; one without Tokens means none. Soft is nil or
	// as long as Tokens, and cannot be used with Branches. The token's loss is then Loss[i] times
	//
	//	(1 - SoftShare) * (-log p(Tokens[i])) + SoftShare * KL(Soft[i] || p)
	//
	// (arXiv 1503.02531, section 2, at temperature 1), where KL takes all tokens that Soft[i] does not name as one outcome.
	Soft []Soft
	// SoftShare is the share in this formula, above 0 and at most 1; 0 = 1.
	SoftShare float64

	// Weight multiplies the example's loss and its share of the mean; 0 stands for 1.
	Weight float64
	// Source names the data that the example comes from, for losses that are reported by source. It changes nothing.
	Source string
}

// Branch is a continuation of an example's tokens, with weights as in Example.
type Branch struct {
	Tokens []Token
	Loss   []float32
}

// Completion returns the example that teaches a model to answer prompt with response: loss on the response only.
func Completion(prompt, response []Token) Example {
	e := Example{Tokens: slices.Concat(prompt, response), Loss: make([]float32, len(prompt)+len(response))}
	for i := len(prompt); i < len(e.Loss); i++ {
		e.Loss[i] = 1
	}
	return e
}

// Text returns the example that teaches every token, as pre-training does.
func Text(tokens []Token) Example {
	e := Example{Tokens: tokens, Loss: make([]float32, len(tokens))}
	for i := 1; i < len(tokens); i++ {
		e.Loss[i] = 1
	}
	return e
}

// size is the number of tokens that the example takes in a window.
func (e *Example) size() int {
	n := len(e.Tokens)
	for _, b := range e.Branches {
		n += len(b.Tokens)
	}
	return n
}

// sequences is the number of sequences that the example takes in a window.
func (e *Example) sequences() int { return max(1, len(e.Branches)) }

// share is what the example counts for among others.
func (e *Example) share() float64 {
	if e.Weight == 0 {
		return 1
	}
	return e.Weight
}

// weight is the sum of the loss weights.
func (e *Example) weight() float64 {
	sum := Branch{Loss: e.Loss}.weight()
	for _, b := range e.Branches {
		sum += b.weight()
	}
	return sum
}

func (b Branch) weight() float64 {
	sum := 0.0
	for _, w := range b.Loss {
		sum += float64(w)
	}
	return sum
}

// longest is the number of tokens of the example's longest sequence.
func (e *Example) longest() int {
	n := 0
	for _, b := range e.Branches {
		n = max(n, len(b.Tokens))
	}
	return len(e.Tokens) + n
}

// checkLength says whether example i of a data set fits into a window and into the model's context, where that is known.
func (e *Example) checkLength(i, window, context int) error {
	if n := e.longest(); context > 0 && n > context {
		return fmt.Errorf("%w: example %d has a sequence of %d tokens, the model's context has %d; shorten it or leave it out",
			ErrTooLong, i, n, context)
	}
	if n := e.size(); n > window {
		return fmt.Errorf("%w: example %d has %d tokens, the window %d; use a larger window or shorten the example", ErrTooLong, i, n, window)
	}
	return nil
}

// check says what is wrong with example i of a data set, whatever its length.
func (e *Example) check(i, maxSequences, vocab int) error {
	if e.sequences() >= maxSequences {
		return fmt.Errorf("lora: example %d has %d branches, at most %d fit a window", i, len(e.Branches), maxSequences-1)
	}
	if len(e.Tokens) == 0 {
		return fmt.Errorf("lora: example %d has no tokens", i)
	}
	parts := append([]Branch{{e.Tokens, e.Loss}}, e.Branches...)
	for _, p := range parts {
		if p.Loss != nil && len(p.Loss) != len(p.Tokens) {
			return fmt.Errorf("lora: example %d has %d tokens but %d loss weights", i, len(p.Tokens), len(p.Loss))
		}
		for _, t := range p.Tokens {
			if t < 0 || int(t) >= vocab {
				return fmt.Errorf("lora: example %d holds token %d, the vocabulary has %d", i, t, vocab)
			}
		}
		for _, w := range p.Loss {
			if !(w >= 0) || math.IsInf(float64(w), 0) {
				return fmt.Errorf("lora: example %d has the loss weight %v", i, w)
			}
		}
	}
	if len(e.Loss) > 0 && e.Loss[0] != 0 {
		return fmt.Errorf("lora: example %d has a loss on its first token, which nothing precedes", i)
	}
	if !(e.Weight >= 0) || math.IsInf(e.Weight, 0) {
		return fmt.Errorf("lora: example %d has the weight %v: it must be positive, or 0 for 1", i, e.Weight)
	}
	if e.weight() == 0 {
		return fmt.Errorf("%w: example %d; give its response loss weights, or leave it out", ErrNoLoss, i)
	}
	if err := e.checkSoft(i, vocab); err != nil {
		return err
	}
	if len(e.Pairs) > 0 {
		return e.checkPairs(i)
	}
	return nil
}

// lossTokens is the number of tokens with a loss.
func (e *Example) lossTokens() int {
	n := 0
	count := func(loss []float32) {
		for _, w := range loss {
			if w > 0 {
				n++
			}
		}
	}
	count(e.Loss)
	for _, b := range e.Branches {
		count(b.Loss)
	}
	return n
}
