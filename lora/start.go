//go:build cgo

package lora

import (
	"fmt"
	"math"
	"strings"

	"github.com/ragft/ragft/internal/gguf"
)

// planStart takes the plan of the adapter that training goes on from, and checks that it fits the base and that what the
// Config says about the adapter is the same.
func planStart(base *gguf.File, baseHash string, f *adapterFile, c Config) (*plan, error) {
	if err := f.checkBase(base); err != nil {
		return nil, err
	}
	of, hasName := f.Text("general.base_model.0.name")
	if is, named := base.Text("general.name"); hasName && named && of != is {
		return nil, fmt.Errorf("%w: %s was made for the model %q, this one is %q; start from an adapter of this model, or anew",
			ErrAdapter, f.path, of, is)
	}
	if of, ok := f.Text("ragft.base.sha256"); ok && !strings.EqualFold(of, baseHash) {
		return nil, fmt.Errorf("%w: %s was trained on the model file with the SHA-256 %s, this one has %s; start from an adapter of "+
			"this file, or merge it into its own base and train anew on the result",
			ErrAdapter, f.path, of, baseHash)
	}
	p := &plan{alpha: float32(f.alpha)}
	for _, pair := range f.pairs {
		t, _ := base.Tensor(pair.target)
		if reason := refusal(base, t); reason != "" {
			return nil, fmt.Errorf("%w: %s adapts %s: %s; start from another, or anew", ErrAdapter, f.path, pair.target, reason)
		}
		p.weights = append(p.weights, plannedWeight{t, int(pair.rank())})
	}
	want, err := p.asked(base, c)
	if err != nil {
		return nil, err
	}
	if difference := p.difference(want); difference != "" {
		return nil, fmt.Errorf("%w: %s, from which Config says to start, %s; leave Rank, Alpha, Targets and RankStabilized unset "+
			"to go on from it as it is, or start anew",
			ErrAdapter, f.path, difference)
	}
	return want, nil
}

// asked is the plan that the Config asks for, with what it leaves open taken from p.
func (p *plan) asked(base *gguf.File, c Config) (*plan, error) {
	if c.RankStabilized { // the file does not tell: the Config must say all
		c.Start = ""
		return planAdapter(base, c.withDefaults())
	}
	want := &plan{alpha: p.alpha, weights: append([]plannedWeight(nil), p.weights...)}
	if c.Alpha != 0 {
		want.alpha = float32(c.Alpha)
	}
	if c.Targets != nil {
		chosen, err := targets(base, c.Targets)
		if err != nil {
			return nil, err
		}
		known := make(map[string]plannedWeight)
		for _, w := range p.weights {
			known[w.Name] = w
		}
		want.weights = nil
		for _, t := range chosen {
			w := known[t.Name]
			w.TensorInfo = t
			want.weights = append(want.weights, w)
		}
	}
	for i := range want.weights {
		if c.Rank != 0 {
			want.weights[i].rank = c.Rank
		}
	}
	return want, nil
}

// difference says in what the adapter, planned as p, is not what was wanted; "" if it is.
func (p *plan) difference(want *plan) string {
	if d := math.Abs(float64(p.alpha - want.alpha)); d > 1e-6*math.Abs(float64(want.alpha)) {
		return fmt.Sprintf("has the alpha %g, not %g", p.alpha, want.alpha)
	}
	has := make(map[string]int)
	for _, w := range p.weights {
		has[w.Name] = w.rank
	}
	for _, w := range want.weights {
		rank, ok := has[w.Name]
		if !ok {
			return "has nothing for " + w.Name
		}
		if rank != w.rank {
			return fmt.Sprintf("has the rank %d for %s, not %d", rank, w.Name, w.rank)
		}
		delete(has, w.Name)
	}
	for name := range has {
		return "has also " + name
	}
	return ""
}

// startTensors returns the adapter's matrices as they are trained, in F32.
func (p *plan) startTensors(f *adapterFile) ([]adapterTensor, error) {
	pairs := make(map[string]adapterPair)
	for _, pair := range f.pairs {
		pairs[pair.target] = pair
	}
	var tensors []adapterTensor
	for _, w := range p.weights {
		pair := pairs[w.Name]
		a, err := f.floats(pair.a)
		if err != nil {
			return nil, err
		}
		b, err := f.floats(pair.b)
		if err != nil {
			return nil, err
		}
		tensors = append(tensors,
			adapterTensor{pair.a.Name, pair.a.Dims[0], pair.a.Dims[1], given(a)},
			adapterTensor{pair.b.Name, pair.b.Dims[0], pair.b.Dims[1], given(b)})
	}
	return tensors, nil
}
