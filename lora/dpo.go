//go:build cgo

package lora

import (
	"context"
	"fmt"
	"math"

	"github.com/ragft/ragft/internal/stats"
)

// Pair says that one branch of an example is preferred to another.
type Pair struct {
	Chosen, Rejected int // indices of Example.Branches
}

// DPO says how the examples with Pairs are learnt: by direct preference optimisation (arXiv 2305.18290, equation 7). For
// a pair of a chosen response w and a rejected one l,
//
//	loss = -log sigmoid(Beta * ((log p(w) - log p_ref(w)) - (log p(l) - log p_ref(l))))
//
// where log p sums over a response's tokens, each multiplied by its loss weight. The reference is the model without the
// adapter.
type DPO struct {
	// Beta is the penalty for moving away from the reference. 0 = 0.1.
	Beta float64
	// LabelSmoothing is the probability that a pair is the wrong way round ("conservative DPO", section 3 of
	// https://ericmitchell.ai/cdpo.pdf), from 0 up to but not including 0.5.
	LabelSmoothing float64
	// SFT is the weight of an added term: the cross-entropy of the chosen response, for each unit of its loss weight
	// (arXiv 2404.19733, equation 2). 0 is none.
	SFT float64
}

func (d DPO) check() error {
	if !(d.Beta > 0) || math.IsInf(d.Beta, 0) || !(d.LabelSmoothing >= 0 && d.LabelSmoothing < 0.5) || !(d.SFT >= 0) || math.IsInf(d.SFT, 0) {
		return fmt.Errorf("lora: DPO with Beta %v, LabelSmoothing %v, SFT %v: it needs Beta > 0, 0 <= LabelSmoothing < 0.5 and SFT >= 0",
			d.Beta, d.LabelSmoothing, d.SFT)
	}
	return nil
}

// pair returns the loss of a pair whose log-ratios to the reference differ by h, and its derivative by h.
func (d DPO) pair(h float64) (loss, slope float64) {
	x, e := d.Beta*h, d.LabelSmoothing
	return (1-e)*softplus(-x) + e*softplus(x), d.Beta * (e*stats.Sigmoid(x) - (1-e)*stats.Sigmoid(-x))
}

// softplus is log(1 + exp(x)) = -log sigmoid(-x).
func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

// preference is what the pairs of one example amount to.
type preference struct {
	loss   float64   // mean over the pairs
	slopes []float64 // of each branch: the derivative of loss by the branch's weighted cross-entropy
	won    int       // pairs whose chosen response gained more on the reference than the rejected one
	margin float64   // sum over the pairs of Beta times the difference of the gains
}

// preference works out an example's loss from the weighted cross-entropies of its branches, nll[k] = -log p(branch k).
func (d DPO) preference(e *Example, nll []float64) preference {
	p := preference{slopes: make([]float64, len(e.Branches))}
	n := float64(len(e.Pairs))
	for _, pair := range e.Pairs {
		w, l := pair.Chosen, pair.Rejected
		h := (-nll[w] - e.Reference[w]) - (-nll[l] - e.Reference[l])
		loss, slope := d.pair(h)
		length := e.Branches[w].weight()
		p.loss += (loss + d.SFT*nll[w]/length) / n
		p.slopes[w] += (d.SFT/length - slope) / n
		p.slopes[l] += slope / n
		p.margin += d.Beta * h
		if h > 0 {
			p.won++
		}
	}
	return p
}

// checkPairs says what is wrong with the pairs of example i.
func (e *Example) checkPairs(i int) error {
	used := make([]bool, len(e.Branches))
	for _, p := range e.Pairs {
		for _, k := range []int{p.Chosen, p.Rejected} {
			if k < 0 || k >= len(e.Branches) {
				return fmt.Errorf("lora: example %d has a pair with branch %d, it has %d branches", i, k, len(e.Branches))
			}
			if e.Branches[k].weight() == 0 {
				return fmt.Errorf("%w: branch %d of example %d, which is in a pair", ErrNoLoss, k, i)
			}
			used[k] = true
		}
		if p.Chosen == p.Rejected {
			return fmt.Errorf("lora: example %d prefers branch %d to itself", i, p.Chosen)
		}
	}
	for k, is := range used {
		if !is {
			return fmt.Errorf("lora: example %d has pairs, but branch %d is in none: leave the branch out, or make it an example of its own", i, k)
		}
	}
	for _, w := range e.Loss {
		if w != 0 {
			return fmt.Errorf("lora: example %d has pairs and a loss on its prompt: make the prompt an example of its own", i)
		}
	}
	if e.Reference != nil && len(e.Reference) != len(e.Branches) {
		return fmt.Errorf("lora: example %d has %d branches but %d reference values", i, len(e.Branches), len(e.Reference))
	}
	for _, x := range e.Reference {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return fmt.Errorf("lora: example %d has the reference value %v", i, x)
		}
	}
	return nil
}

// SetReference fills in Reference of those examples that have pairs and no Reference yet: with the adapter switched off,
// or, where all weights are trained, with the weights as they are, so that it is to be called before the first step.
func (t *Trainer) SetReference(ctx context.Context, examples []Example) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.check(examples); err != nil {
		return err
	}
	if t.plan == nil {
		return t.setReference(ctx, examples)
	}
	return t.withReference(ctx, examples)
}

// withReference is setReference with the adapter off.
func (t *Trainer) withReference(ctx context.Context, examples []Example) error {
	for i := range examples {
		if examples[i].wantsReference() {
			if t.plan == nil {
				return fmt.Errorf("lora: example %d has pairs but no Reference: call SetReference before the first step", i)
			}
			return t.engine.WithoutAdapter(func() error { return t.setReference(ctx, examples) })
		}
	}
	return nil
}

func (e *Example) wantsReference() bool { return len(e.Pairs) > 0 && e.Reference == nil }

func (t *Trainer) setReference(ctx context.Context, examples []Example) error {
	var wanting []Example
	var index []int
	for i := range examples {
		if examples[i].wantsReference() {
			wanting, index = append(wanting, examples[i]), append(index, i)
		}
	}
	references := make([][]float64, len(wanting))
	for _, members := range pack(wanting, t.config.Window, maxSequences, stepRand(0, 0)) {
		w := newWindow(wanting, members, t.config.Window, 1)
		nll, err := t.crossEntropies(ctx, w)
		if err != nil {
			return err
		}
		for _, i := range members {
			references[i] = make([]float64, len(wanting[i].Branches))
		}
		for k := range w.terms {
			term := &w.terms[k]
			references[term.example][term.branch] -= float64(term.weight) * nll[term.label]
		}
	}
	for k, i := range index { // all or none
		examples[i].Reference = references[k]
	}
	return nil
}

// referenced returns the examples with every Reference that they need, without changing the caller's.
func (t *Trainer) referenced(ctx context.Context, examples []Example) ([]Example, error) {
	for i := range examples {
		if examples[i].wantsReference() {
			examples = append([]Example(nil), examples...)
			return examples, t.withReference(ctx, examples)
		}
	}
	return examples, nil
}
