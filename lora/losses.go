//go:build cgo

package lora

import (
	"context"
	"maps"
	"slices"
)

// Losses are what a step's or an evaluation's examples amount to.
type Losses struct {
	// Loss is what is minimised. Of examples without Pairs it is the mean cross-entropy, or divergence from Soft, in nats for
	// each unit of loss weight; of examples with Pairs the mean DPO loss; of both kinds the mean of the two, weighted by the sum
	// of Weight of each kind.
	Loss float64
	// BySource is the Loss of each source's examples by themselves; nil if no example names its Source.
	BySource map[string]float64
	// Pairs is the number of pairs, PairsWon the share of them whose chosen response gained more probability on the
	// reference than the rejected one, and Margin the mean of the logarithm of that advantage, times DPO's Beta.
	Pairs            int
	PairsWon, Margin float64
}

// shares are the sums by which the losses of a set of examples are made a mean.
type shares struct {
	tokens     float64 // loss weights of the examples without pairs, times Weight
	sft, pairs float64 // Weight of the examples without pairs, and of those with
}

func (s *shares) add(e *Example) {
	if len(e.Pairs) > 0 {
		s.pairs += e.share()
		return
	}
	s.sft += e.share()
	s.tokens += e.weight() * e.share()
}

// token is what a unit of loss weight counts for in the mean, and example what an example with pairs does.
func (s shares) token() float64   { return s.sft / (s.sft + s.pairs) / s.tokens }
func (s shares) example() float64 { return 1 / (s.sft + s.pairs) }

// tally adds up losses.
type tally struct {
	shares
	tokenLoss, pairLoss float64 // times Weight
	won, count          int
	margin              float64
}

func (t *tally) loss() float64 {
	sum := 0.0
	if t.sft > 0 {
		sum += t.token() * t.tokenLoss
	}
	if t.pairs > 0 {
		sum += t.example() * t.pairLoss
	}
	return sum
}

// tallies adds up the losses of a set of examples, all together and by source.
type tallies struct {
	dpo      DPO
	all      tally
	bySource map[string]*tally
}

func newTallies(dpo DPO) *tallies { return &tallies{dpo: dpo, bySource: map[string]*tally{}} }

// add takes in the examples of a window, with the cross-entropy of each label and rest, and returns the preferences of those
// with pairs.
func (s *tallies) add(examples []Example, members []int, w *window, nll []float64) map[int]preference {
	sums := make(map[int]float64, len(members)) // of each example
	branches := map[int][]float64{}             // of those with pairs
	for k := range w.terms {
		t := &w.terms[k]
		loss := float64(t.weight) * nll[t.label]
		sums[t.example] += loss
		if e := &examples[t.example]; len(e.Pairs) > 0 {
			if branches[t.example] == nil {
				branches[t.example] = make([]float64, len(e.Branches))
			}
			branches[t.example][t.branch] += loss
		}
	}
	preferences := map[int]preference{}
	for _, i := range members {
		e := &examples[i]
		sums[i] -= e.entropy()
		of := s.bySource[e.Source]
		if of == nil {
			of = &tally{}
			s.bySource[e.Source] = of
		}
		if len(e.Pairs) > 0 {
			preferences[i] = s.dpo.preference(e, branches[i])
		}
		for _, t := range []*tally{&s.all, of} {
			t.add(e)
			if p, ok := preferences[i]; ok {
				t.pairLoss += e.share() * p.loss
				t.won, t.count, t.margin = t.won+p.won, t.count+len(e.Pairs), t.margin+p.margin
			} else {
				t.tokenLoss += e.share() * sums[i]
			}
		}
	}
	return preferences
}

func (s *tallies) losses() Losses {
	l := Losses{Loss: s.all.loss(), Pairs: s.all.count}
	if l.Pairs > 0 {
		l.PairsWon, l.Margin = float64(s.all.won)/float64(l.Pairs), s.all.margin/float64(l.Pairs)
	}
	for _, source := range slices.Sorted(maps.Keys(s.bySource)) {
		if source != "" || len(s.bySource) > 1 {
			if l.BySource == nil {
				l.BySource = make(map[string]float64)
			}
			l.BySource[source] = s.bySource[source].loss()
		}
	}
	return l
}

// crossEntropies computes the window forward and returns -log p of each label and rest that has a term. It leaves their
// weights at 1.
func (t *Trainer) crossEntropies(ctx context.Context, w *window) ([]float64, error) {
	for _, term := range w.terms {
		*w.weightOf(term.label) = 1
	}
	if _, err := t.engine.Forward(ctx, &w.Batch); err != nil {
		return nil, err
	}
	return t.labelCrossEntropies(w)
}

// labelCrossEntropies returns -log p of each label and rest with a weight, as the last computation of the window found it.
func (t *Trainer) labelCrossEntropies(w *window) ([]float64, error) {
	terms, err := t.engine.LabelLosses(&w.Batch)
	if err != nil {
		return nil, err
	}
	nll := make([]float64, len(terms))
	for l, x := range terms {
		if weight := *w.weightOf(l); weight != 0 {
			nll[l] = float64(x) / float64(weight)
		}
	}
	return nll, nil
}
