//go:build cgo

package lora

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"

	"github.com/ragft/ragft/internal/filehash"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/lora/internal/engine"
)

// Trainer holds a model whose adapter, or whose weights, are being trained, and takes single optimiser steps. Most
// callers want Train, which runs a whole training; a Trainer is for loops of one's own.
//
// A Trainer is used by one goroutine at a time. It owns native memory: Close it.
type Trainer struct {
	mu        sync.Mutex
	engine    *engine.Engine
	fallbacks []string
	config    Config
	model     string
	plan      *plan  // of the adapter; nil: all weights are trained
	context   int    // tokens that the model was trained with; 0 is unknown
	kept      uint64 // bytes of the best adapter, where Config keeps it
	step      int64
	at, of    int // the step of Train's plan at hand, for Config.Working; 0 outside of Train

	modelHash, startHash, dataHash string // for the provenance; "" where there is none
}

// maxSequences bounds the examples and branches of a window.
const maxSequences = 128

// NewTrainer loads the GGUF model and gives it a fresh adapter, which changes nothing at first, or Config.Start. Config's
// Window must be set.
func NewTrainer(ctx context.Context, model string, c Config) (*Trainer, error) {
	c = c.withDefaults()
	if err := c.check(); err != nil {
		return nil, err
	}
	hash, err := filehash.SHA256(ctx, false, model)
	if err != nil {
		return nil, fmt.Errorf("lora: %w", err)
	}
	file, err := writeInitialAdapter(ctx, model, hash, c)
	if err != nil {
		return nil, err
	}
	defer file.remove()
	t, err := newTrainer(ctx, model, file, c)
	if err != nil {
		return nil, err
	}
	if err := file.plan.checkApplied(t.engine.Params()); err != nil {
		t.Close()
		return nil, err
	}
	t.modelHash, t.startHash = hash, file.start
	return t, nil
}

// NewModelTrainer loads an F32 GGUF model to train all of its weights, on the CPU.
func NewModelTrainer(ctx context.Context, model string, c Config) (*Trainer, error) {
	c = c.withDefaults()
	if err := c.check(); err != nil {
		return nil, err
	}
	if err := checkModel(model); err != nil {
		return nil, err
	}
	if c.Start != "" || c.Dropout != 0 || c.RankStabilized {
		return nil, errors.New("lora: Start, Dropout and RankStabilized are for adapters, not for the training of all weights")
	}
	return newTrainer(ctx, model, initialAdapter{}, c)
}

func newTrainer(ctx context.Context, model string, adapter initialAdapter, c Config) (*Trainer, error) {
	if c.Window == 0 {
		return nil, fmt.Errorf("lora: a Trainer needs Config.Window")
	}
	trained, err := contextOf(model)
	if err != nil {
		return nil, err
	}
	if err := checkLoads(ctx, model); err != nil {
		return nil, err
	}
	kept := int64(0)
	if c.keepsBest() {
		kept = adapter.plan.bytes()
	}
	e, err := engine.Open(ctx, engine.Options{
		Model: model, Adapter: adapter.path, Dropout: c.Dropout, Window: c.Window,
		MaxSequences: maxSequences, Threads: c.Threads, GPULayers: c.gpuLayers(), Servers: c.Servers,
		MemoryBudget: c.engineBudget(kept),
	})
	if err != nil {
		return nil, err
	}
	lacking, err := checkDevices(ctx, e)
	if err != nil {
		e.Close()
		return nil, err
	}
	t := &Trainer{fallbacks: lacking, engine: e, config: c, model: model, plan: adapter.plan, context: trained, kept: uint64(kept)}
	runtime.AddCleanup(t, leaked, e)
	return t, nil
}

// Fallbacks lists the operations of a training step that no GPU or server with layers has, so that the CPU computes them and
// data goes back and forth: how often in a step, what, and on which types. It is empty where all is well, and without
// layers on a GPU or server. It is logged as a warning, too, before the first step.
func (t *Trainer) Fallbacks() []string { return slices.Clone(t.fallbacks) }

// Close frees the native memory. It may be called more than once.
func (t *Trainer) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.engine.Close()
}

// StepResult is what one optimiser step did.
type StepResult struct {
	Losses
	GradientNorm float64 // before clipping
	Tokens       int     // in the windows, padding included
	LossTokens   int
}

// Step takes one optimiser step with the given learning rate over the examples, which are packed into as many windows
// as they need, their gradients accumulated. If it returns an error, the weights are as before the call.
func (t *Trainer) Step(ctx context.Context, examples []Example, rate float64) (StepResult, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.check(examples); err != nil {
		return StepResult{}, err
	}
	examples, err := t.referenced(ctx, examples)
	if err != nil {
		return StepResult{}, err
	}
	windows := pack(examples, t.config.Window, maxSequences, stepRand(t.config.Seed, t.step))
	r, err := t.gradients(ctx, examples, windows)
	if err == nil {
		err = t.update(r.GradientNorm, rate)
	}
	return r, err
}

// gradients computes the gradient of the mean loss over the windows.
func (t *Trainer) gradients(ctx context.Context, examples []Example, windows [][]int) (StepResult, error) {
	var r StepResult
	var sums shares
	for _, w := range windows {
		for _, i := range w {
			sums.add(&examples[i])
			r.LossTokens += examples[i].lossTokens()
		}
	}
	if len(windows) == 0 {
		return r, ErrNoExamples
	}
	if err := t.engine.ZeroGradients(); err != nil {
		return r, err
	}
	tallied := newTallies(t.config.DPO)
	for i, members := range windows {
		if err := t.backward(ctx, examples, members, t.dropoutKey(i), sums, tallied); err != nil {
			return r, err
		}
		r.Tokens += t.config.Window
		t.computed(i+1, len(windows), false)
	}
	r.Losses = tallied.losses()
	var err error
	if r.GradientNorm, err = t.engine.GradientNorm(); err != nil {
		return r, err
	}
	if !stats.IsFinite(r.Loss) || !stats.IsFinite(r.GradientNorm) {
		return r, t.diverged(r)
	}
	return r, nil
}

// backward adds the gradient of one window's share of the mean to what is there, and its losses to tallied. Where there
// are pairs the window is computed forward first: how much each branch counts depends on all of its pair's tokens. With
// those factors given, the gradient of the loss is that of a weighted cross-entropy.
func (t *Trainer) backward(ctx context.Context, examples []Example, members []int, dropoutKey uint64, sums shares, tallied *tallies) error {
	w := newWindow(examples, members, t.config.Window, 1)
	w.DropoutKey = dropoutKey
	var preferences map[int]preference
	hasPairs := slices.ContainsFunc(members, func(i int) bool { return len(examples[i].Pairs) > 0 })
	if hasPairs {
		nll, err := t.crossEntropies(ctx, w)
		if err != nil {
			return err
		}
		preferences = tallied.add(examples, members, w, nll)
	}
	w.weigh(func(term *term) float32 {
		e := &examples[term.example]
		if p, ok := preferences[term.example]; ok {
			return float32(sums.example() * e.share() * p.slopes[term.branch])
		}
		return float32(sums.token() * e.share())
	})
	if _, err := t.engine.Backward(ctx, &w.Batch); err != nil || hasPairs {
		return err
	}
	nll, err := t.labelCrossEntropies(w)
	if err == nil {
		tallied.add(examples, members, w, nll)
	}
	return err
}

// computed tells that a window of a step or of an evaluation is done.
func (t *Trainer) computed(window, windows int, evaluating bool) {
	if t.config.Working != nil {
		t.config.Working(Work{Step: t.at, Steps: t.of, Window: window, Windows: windows, Evaluating: evaluating})
	}
}

// dropoutKey decides about the masks of a step's window, the same ones if a resumed run comes by again. Never 0.
func (t *Trainer) dropoutKey(window int) uint64 {
	return rand.NewPCG(t.config.Seed, uint64(t.step)<<32|uint64(window)).Uint64() | 1
}

// update takes the optimiser step along the gradients, whose norm is given.
func (t *Trainer) update(norm, rate float64) error {
	c := t.config
	err := t.engine.AdamWStep(engine.AdamW{
		LearningRate: rate, Beta1: c.Beta1, Beta2: c.Beta2, Epsilon: c.Epsilon, WeightDecay: c.WeightDecay,
		GradScale: c.clipScale(norm), Step: t.step + 1,
	})
	if err == nil {
		t.step++
	}
	return err
}

// Evaluate returns the losses over the examples and changes nothing.
func (t *Trainer) Evaluate(ctx context.Context, examples []Example) (Losses, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(examples) == 0 {
		return Losses{}, ErrNoExamples
	}
	if err := t.check(examples); err != nil {
		return Losses{}, err
	}
	examples, err := t.referenced(ctx, examples)
	if err != nil {
		return Losses{}, err
	}
	tallied := newTallies(t.config.DPO)
	windows := pack(examples, t.config.Window, maxSequences, stepRand(0, 0))
	for i, members := range windows {
		w := newWindow(examples, members, t.config.Window, 1)
		nll, err := t.crossEntropies(ctx, w)
		if err != nil {
			return Losses{}, err
		}
		tallied.add(examples, members, w, nll)
		t.computed(i+1, len(windows), true)
	}
	return tallied.losses(), nil
}

// Check says whether the trainer can take these examples, before time is spent.
func (t *Trainer) Check(examples []Example) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.check(examples)
}

func (t *Trainer) check(examples []Example) error {
	if t.engine.Closed() {
		return ErrClosed
	}
	for i := range examples {
		if err := examples[i].checkLength(i, t.config.Window, t.context); err != nil {
			return err
		}
		if err := examples[i].check(i, maxSequences, t.engine.Vocab()); err != nil {
			return err
		}
	}
	return nil
}

// Memory returns what is held for the largest window so far.
func (t *Trainer) Memory() Memory {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.withKept(t.engine.Memory())
}

// Save writes the trained adapter, or the trained model, as a GGUF file: beside its place first, then renamed into it.
func (t *Trainer) Save(path string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.plan == nil {
		return t.saveModel(path)
	}
	return t.saveAdapter(path, func(i int) ([]float32, error) { return t.engine.Get(i, engine.Value) })
}
