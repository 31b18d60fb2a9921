//go:build cgo

package lora

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"
)

// Trainer holds a model whose adapter, or whose weights, are being trained, and takes single optimiser steps. Most
// callers want Train, which runs a whole training; a Trainer is for loops of one's own.
//
// A Trainer is used by one goroutine at a time. It owns native memory: Close it.
type Trainer struct {
	mu     sync.Mutex
	engine *engine
	config Config
	model  string
	all    bool // all weights, not an adapter
	step   int64
}

// maxSequences bounds the examples and branches of a window.
const maxSequences = 128

// NewTrainer loads the GGUF model and gives it a fresh adapter, which changes nothing at first. Config's Window must be
// set.
func NewTrainer(ctx context.Context, model string, c Config) (*Trainer, error) {
	c = c.withDefaults()
	if err := c.check(); err != nil {
		return nil, err
	}
	file, err := writeInitialAdapter(model, c)
	if err != nil {
		return nil, err
	}
	defer file.remove()
	return newTrainer(ctx, model, file.path, c)
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
	return newTrainer(ctx, model, "", c)
}

func newTrainer(ctx context.Context, model, adapter string, c Config) (*Trainer, error) {
	if c.Window == 0 {
		return nil, fmt.Errorf("lora: a Trainer needs Config.Window")
	}
	if err := checkLoads(ctx, model); err != nil {
		return nil, err
	}
	e, err := openEngine(ctx, engineOptions{
		model: model, adapter: adapter, window: c.Window, maxSequences: maxSequences, threads: c.Threads, gpuLayers: c.GPULayers,
	})
	if err != nil {
		return nil, err
	}
	t := &Trainer{engine: e, config: c, model: model, all: adapter == ""}
	runtime.AddCleanup(t, (*engine).leaked, e)
	return t, nil
}

// Close frees the native memory. It may be called more than once.
func (t *Trainer) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.engine.close()
}

// StepResult is what one optimiser step did.
type StepResult struct {
	Loss         float64 // mean over the loss weights, in nats
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
	windows := pack(examples, t.config.Window, maxSequences, stepRand(t.config.Seed, t.step))
	return t.stepWindows(ctx, examples, windows, rate)
}

func (t *Trainer) stepWindows(ctx context.Context, examples []Example, windows [][]int, rate float64) (StepResult, error) {
	var r StepResult
	weight := 0.0
	for _, w := range windows {
		for _, i := range w {
			weight += examples[i].weight()
			r.LossTokens += examples[i].lossTokens()
		}
	}
	if weight == 0 {
		return r, ErrNoExamples
	}
	if err := t.engine.zeroGradients(); err != nil {
		return r, err
	}
	for _, members := range windows {
		loss, err := t.engine.backward(ctx, newWindow(examples, members, t.config.Window, t.engine.vocab, 1/weight))
		if err != nil {
			return r, err
		}
		r.Loss += loss
		r.Tokens += t.config.Window
	}
	norm, err := t.engine.gradientNorm()
	if err != nil {
		return r, err
	}
	r.GradientNorm = norm
	if math.IsNaN(norm+r.Loss) || math.IsInf(norm+r.Loss, 0) {
		return r, fmt.Errorf("%w at step %d: loss %v, gradient norm %v; use a lower learning rate", ErrDiverged, t.step+1, r.Loss, norm)
	}
	c := t.config
	err = t.engine.adamWStep(adamW{
		learningRate: rate, beta1: c.Beta1, beta2: c.Beta2, epsilon: c.Epsilon, weightDecay: c.WeightDecay,
		gradScale: c.clipScale(norm), step: t.step + 1,
	})
	if err == nil {
		t.step++
	}
	return r, err
}

// Evaluate returns the mean loss over the examples, in nats for each unit of loss weight, and changes nothing.
func (t *Trainer) Evaluate(ctx context.Context, examples []Example) (float64, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(examples) == 0 {
		return math.NaN(), ErrNoExamples
	}
	if err := t.check(examples); err != nil {
		return math.NaN(), err
	}
	sum, weight := 0.0, 0.0
	for _, members := range pack(examples, t.config.Window, maxSequences, stepRand(0, 0)) {
		loss, err := t.engine.forward(ctx, newWindow(examples, members, t.config.Window, t.engine.vocab, 1))
		if err != nil {
			return math.NaN(), err
		}
		sum += loss
		for _, i := range members {
			weight += examples[i].weight()
		}
	}
	return sum / weight, nil
}

// Check says whether the trainer can take these examples, before time is spent.
func (t *Trainer) Check(examples []Example) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.check(examples)
}

func (t *Trainer) check(examples []Example) error {
	if t.engine.c == nil {
		return ErrClosed
	}
	for i := range examples {
		if err := examples[i].check(i, t.config.Window, maxSequences, t.engine.vocab); err != nil {
			return err
		}
	}
	return nil
}

// Memory returns what the native side holds.
func (t *Trainer) Memory() Memory {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.engine.memory()
}

// Save writes the trained adapter, or the trained model, as a GGUF file: beside its place first, then renamed into it.
func (t *Trainer) Save(path string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.all {
		return t.saveModel(path)
	}
	return t.saveAdapter(path)
}
