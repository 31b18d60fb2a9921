//go:build cgo

package finetune

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/ragft/ragft/internal/trainlog"
	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/lora"
)

const (
	anchorShare  = 0.15 // default of Options.AnchorShare
	anchorWeight = 1.0  // of all anchors together, relative to that of all responses
	anchorLength = 96   // tokens of an anchor, at most
	anchorPlaces = 24   // places of an anchor that are compared, at most: each costs the logits of the whole vocabulary
)

// anchors are examples of the texts, in a random order, as many as the share asks for. They hold the adapter to what the
// model expects without it. There are none without responses to weigh them against, and none beside text of the documents
// that is to be learnt.
func (e *encoder) anchors(ctx context.Context, o Options, learnt []rowExamples) ([]rowExamples, error) {
	share := o.AnchorShare.Or(anchorShare)
	tokens, weight, preferences := 0, 0.0, false
	for _, row := range learnt {
		for i := range row.examples {
			example := &row.examples[i]
			tokens += len(example.Tokens)
			if len(example.Pairs) == 0 {
				weight += lossOf(example)
			}
			preferences = preferences || len(example.Pairs) > 0
		}
		if row.plain {
			return nil, nil
		}
	}
	if share == 0 || weight == 0 {
		return nil, nil
	}
	want := share / (1 - share) * float64(tokens)
	rng := rand.New(rand.NewPCG(o.LoRA.Seed, 0x616e63686f72))
	var list []rowExamples
	places := 0
	for n, i := range rng.Perm(len(o.Anchors)) {
		if want <= 0 {
			break
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		anchor, err := e.anchor(o.Anchors[i], rng)
		if err != nil {
			return nil, err
		}
		if anchor == nil {
			continue
		}
		anchor.id = fmt.Sprintf("anchor-%d", n+1)
		want -= float64(len(anchor.examples[0].Tokens))
		places += len(anchor.taughtAt())
		list = append(list, *anchor)
	}
	for i := range list {
		example := &list[i].examples[0]
		if example.Weight = anchorWeight * weight / float64(places); preferences {
			setAside(example)
		}
	}
	return list, nil
}

// setAside moves what an anchor weighs from its Weight to its Loss. Preferences share the loss with responses by the Weight of their
// examples, and anchors are to take nothing of their part.
func setAside(anchor *lora.Example) {
	const aside = 1.0 / 1024
	for at := range anchor.Loss {
		anchor.Loss[at] *= float32(anchor.Weight / aside)
	}
	anchor.Weight = aside
}

// anchor is the example of a text; nil for one of a few words.
func (e *encoder) anchor(text string, rng *rand.Rand) (*rowExamples, error) {
	tokens, err := e.model.Tokenize(text, llama.TokenizeOptions{AddSpecial: true})
	if err != nil {
		return nil, err
	}
	longest := anchorLength
	if e.context > 0 {
		longest = min(longest, e.context)
	}
	if e.window > 0 {
		longest = min(longest, e.window)
	}
	tokens = tokens[:min(len(tokens), longest)]
	if len(tokens) < 16 {
		return nil, nil
	}
	example := lora.Example{Tokens: tokens, Loss: make([]float32, len(tokens)), Soft: make([]lora.Soft, len(tokens)), Source: trainlog.Anchor}
	for _, i := range rng.Perm(len(tokens) - 1)[:min(anchorPlaces, len(tokens)-1)] {
		example.Loss[i+1] = 1
		example.Soft[i+1] = lora.Soft{Tokens: tokens[i+1 : i+2], P: []float32{1}} // until the teacher has read it
	}
	return &rowExamples{examples: []lora.Example{example}, read: tokens[:1], from: 1}, nil
}

// lossOfRows is the loss of a step without its anchors; NaN if it has nothing else. With rows of several sources it is what is
// minimised, anchors included.
func lossOfRows(p lora.Losses) float64 {
	if _, ok := p.BySource[trainlog.Anchor]; !ok || len(p.BySource) > 2 {
		return p.Loss
	}
	for source, loss := range p.BySource {
		if source != trainlog.Anchor {
			return loss
		}
	}
	return math.NaN()
}

// lossOf is what an example weighs in the loss.
func lossOf(e *lora.Example) float64 {
	sum := 0.0
	for _, w := range e.Loss {
		sum += float64(w)
	}
	for _, b := range e.Branches {
		for _, w := range b.Loss {
			sum += float64(w)
		}
	}
	if e.Weight != 0 {
		sum *= e.Weight
	}
	return sum
}
