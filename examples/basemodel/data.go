//go:build cgo

package main

import (
	"iter"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/ragft/ragft/examples/basemodel/bpe"
	"github.com/ragft/ragft/examples/basemodel/corpus"
	"github.com/ragft/ragft/lora"
)

// Loss weights: an answer's tokens are what the model is for; the documents' are worth a little, since learning to
// predict text is what makes it read.
const (
	answerLoss = 1.0
	textLoss   = 0.1
)

// reader turns items of the corpus into examples of tokens.
type reader struct {
	vocabulary *bpe.Vocabulary
	window     int
}

// conversation is the chat of one turn, with its answer.
func conversation(it corpus.Item, turn int) []bpe.Message {
	return []bpe.Message{
		{Role: "system", Content: it.System()},
		{Role: "user", Content: it.User(turn)},
		{Role: "assistant", Content: it.Turns[turn].Answer},
	}
}

// example lays out an item: what its turns begin with alike is the shared prompt, computed once, and each turn is a
// branch that sees no other. Turns that would not fit the window are left out; ok is false if none fits.
func (r *reader) example(it corpus.Item, text float32) (e lora.Example, ok bool) {
	if it.Kind == corpus.Text {
		tokens := r.vocabulary.Encode(it.Text)
		end, _ := r.vocabulary.ID(bpe.End)
		tokens = append(tokens[:min(len(tokens), r.window-1)], end)
		return lora.Text(tokens), len(tokens) > 8
	}
	var prompts, whole [][]int32
	for i := range it.Turns {
		chat := conversation(it, i)
		prompts = append(prompts, r.vocabulary.EncodeChat(chat[:2], true))
		whole = append(whole, r.vocabulary.EncodeChat(chat, false))
	}
	shared := len(prompts[0])
	for _, p := range prompts {
		shared = min(shared, len(p)-1, commonPrefix(p, prompts[0]))
	}
	e.Tokens = whole[0][:shared]
	e.Loss = make([]float32, shared)
	for i := 1; i < shared; i++ {
		e.Loss[i] = text
	}
	room := r.window - shared
	for i, w := range whole {
		if len(w)-shared > room {
			continue
		}
		room -= len(w) - shared
		b := lora.Branch{Tokens: w[shared:], Loss: make([]float32, len(w)-shared)}
		for k := range b.Loss {
			if shared+k >= len(prompts[i]) {
				b.Loss[k] = answerLoss
			} else {
				b.Loss[k] = text
			}
		}
		e.Branches = append(e.Branches, b)
	}
	return e, len(e.Branches) > 0
}

func commonPrefix(a, b []int32) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// drill is an exercise in copying: the documents of an item, and the same sentences again in another order. A model has to
// find what it has seen before it can find what it is asked for, and here nearly every token teaches that.
func (r *reader) drill(it corpus.Item, rng *rand.Rand) (lora.Example, bool) {
	sentences := strings.SplitAfter(it.Prefix, ". ")
	order := rng.Perm(len(sentences))
	var first, again []int32
	for i, s := range sentences {
		first = append(first, r.vocabulary.Encode(strings.TrimSpace(s))...)
		again = append(again, r.vocabulary.Encode(strings.TrimSpace(sentences[order[i]]))...)
	}
	e := lora.Text(slices.Concat(first, again))
	for i := 1; i < len(first); i++ {
		e.Loss[i] = textLoss
	}
	return e, len(again) > 8 && len(e.Tokens) <= r.window
}

// drills is the share of exercises in copying at a step: all at first, then fewer, and a few to the end.
func drills(step int) float64 { return max(0.03, min(1, 2-float64(step)/drillSteps)) }

// step returns the examples of one optimiser step, as many as fill the given number of windows. They depend on seed and
// step only, so that a resumed training sees what an uninterrupted one sees.
func (r *reader) step(g *corpus.Generator, step, windows int) []lora.Example {
	var examples []lora.Example
	rng := rand.New(rand.NewPCG(uint64(step), 0x6472696c6c))
	progress := float64(step-drillSteps) / growth
	for range windows {
		for room, misses := r.window, 0; misses < 3; {
			it := g.Next(progress)
			e, ok := r.example(it, textLoss)
			if it.Prefix != "" && rng.Float64() < drills(step) {
				e, ok = r.drill(it, rng)
			}
			if n := size(e); ok && n <= room {
				room -= n
				examples = append(examples, e)
			} else {
				misses++ // a shorter one may still fit
			}
		}
	}
	return examples
}

func size(e lora.Example) int {
	n := len(e.Tokens)
	for _, b := range e.Branches {
		n += len(b.Tokens)
	}
	return n
}

// texts yields what the vocabulary is learnt from.
func texts(g *corpus.Generator, items int) iter.Seq[string] {
	return func(yield func(string) bool) {
		for range items {
			it := g.Next(1)
			if it.Kind == corpus.Text {
				if !yield(it.Text) {
					return
				}
				continue
			}
			if !yield(it.System()) || !yield(it.Instruction) || !yield(it.Prefix) {
				return
			}
			for _, t := range it.Turns {
				if !yield(t.User) || !yield(t.Answer) {
					return
				}
			}
		}
	}
}
