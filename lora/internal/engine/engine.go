//go:build cgo

package engine

// #cgo CXXFLAGS: -std=c++17 -O3
// #include <stdlib.h>
// #include "engine.h"
import "C"

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"github.com/ragft/ragft/internal/llamacpp"
)

// Errors of an engine. Their texts name package lora, which hands them on.
var (
	ErrClosed = errors.New("lora: use after Close")
	ErrNoRule = errors.New("lora: the model cannot be trained")
	ErrMemory = errors.New("lora: too little memory")
)

// Options says what an engine loads.
type Options struct {
	Model        string
	Adapter      string // "": all weights of an F32 model are trained
	Dropout      float64
	Window       int // tokens, a multiple of 256
	MaxSequences int
	Threads      int
	GPULayers    int      // 0: none; negative: all
	Servers      []string // ggml RPC servers whose devices may hold layers
	Composed     bool     // only forward ops in the backward pass
	MemoryBudget int64    // bytes; 0: no bound
}

// Engine owns the native side: a model, an adapter, their gradients and optimiser state. Not for concurrent use.
type Engine struct {
	c       *C.rft_engine
	options Options
	params  []Param
	vocab   int
	devices *llamacpp.Devices
}

// Param is a trained tensor: name and shape in ggml's order (NE0 is contiguous).
type Param struct {
	Name     string
	NE0, NE1 int64
}

// Size is the number of elements.
func (p Param) Size() int { return int(p.NE0 * p.NE1) }

// Batch is one window of tokens with its labels: see rft_batch in engine.h.
type Batch struct {
	Tokens, Positions      []int32
	SeqOffsets, Seqs       []int32
	Rows                   []int32
	LabelRows, LabelTokens []int32
	LabelWeights           []float32
	RestWeights            []float32 // as many as Rows, or nil
	DropoutKey             uint64    // 0: no dropout except in Backward
}

// Open loads a model and an adapter. The caller closes the engine.
func Open(ctx context.Context, o Options) (*Engine, error) {
	devices, err := llamacpp.OpenDevices(ctx, o.Servers)
	if err != nil {
		return nil, fmt.Errorf("lora: %w", err)
	}
	e := &Engine{c: C.rft_new(), options: o, devices: devices}
	if e.c == nil {
		devices.Close()
		return nil, errors.New("lora: out of memory")
	}
	model := C.CString(o.Model)
	defer C.free(unsafe.Pointer(model))
	co := C.rft_options{
		model_path:    model,
		dropout:       C.float(o.Dropout),
		window:        C.int32_t(o.Window),
		max_sequences: C.int32_t(o.MaxSequences),
		threads:       C.int32_t(o.Threads),
		gpu_layers:    C.int32_t(o.GPULayers),
		devices:       devices.List(),
		composed:      C.bool(o.Composed),
		memory_budget: C.uint64_t(o.MemoryBudget),
	}
	if o.Adapter != "" {
		adapter := C.CString(o.Adapter)
		defer C.free(unsafe.Pointer(adapter))
		co.adapter_path = adapter
	}
	if err := e.call(ctx, func() C.int { return C.rft_open(e.c, &co) }); err != nil {
		e.Close()
		return nil, err
	}
	e.vocab = int(C.rft_n_vocab(e.c))
	e.params = make([]Param, C.rft_n_params(e.c))
	for i := range e.params {
		p := &e.params[i]
		p.Name = C.GoString(C.rft_param_name(e.c, C.int32_t(i)))
		C.rft_param_shape(e.c, C.int32_t(i), (*C.int64_t)(&p.NE0), (*C.int64_t)(&p.NE1))
	}
	return e, nil
}

// Options returns what the engine was opened with.
func (e *Engine) Options() Options { return e.options }

// Params returns the trained tensors. The slice belongs to the engine.
func (e *Engine) Params() []Param { return e.params }

// Vocab returns the number of tokens in the vocabulary.
func (e *Engine) Vocab() int { return e.vocab }

// Closed tells whether the engine was closed.
func (e *Engine) Closed() bool { return e.c == nil }

// Close frees everything. It may be called twice.
func (e *Engine) Close() {
	if e.c != nil {
		C.rft_close(e.c)
		e.c = nil
		e.devices.Close()
		llamacpp.Trim()
	}
}

// call runs f, and has the native side stop soon after ctx is cancelled. It returns only when f has.
func (e *Engine) call(ctx context.Context, f func() C.int) error {
	if e.c == nil {
		return ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		C.rft_cancel(e.c, true)
		close(done)
	})
	rc := f()
	if !stop() { // the flag is set or about to be: wait, then clear it
		<-done
		C.rft_cancel(e.c, false)
	}
	if err := e.devices.Err(); err != nil { // the result is void
		return fmt.Errorf("lora: %w", err)
	}
	if rc == C.RFT_OK {
		return nil
	}
	msg := C.GoString(C.rft_last_error(e.c))
	switch rc {
	case C.RFT_CANCELLED:
		if err := ctx.Err(); err != nil {
			return err
		}
		return context.Canceled
	case C.RFT_NO_MEMORY:
		return fmt.Errorf("%w: %s", ErrMemory, msg)
	case C.RFT_NO_RULE:
		return fmt.Errorf("%w: %s", ErrNoRule, msg)
	}
	return fmt.Errorf("lora: %s", msg)
}

// withBatch pins a batch's slices while C reads them.
func withBatch(w *Batch, f func(*C.rft_batch) C.int) C.int {
	var pinner runtime.Pinner
	defer pinner.Unpin()
	ints := func(s []int32) *C.int32_t {
		p := unsafe.SliceData(s)
		if p != nil {
			pinner.Pin(p)
		}
		return (*C.int32_t)(p)
	}
	floats := func(s []float32) *C.float {
		p := unsafe.SliceData(s)
		if p != nil {
			pinner.Pin(p)
		}
		return (*C.float)(p)
	}
	return f(&C.rft_batch{
		tokens: ints(w.Tokens), positions: ints(w.Positions), seq_offsets: ints(w.SeqOffsets), seqs: ints(w.Seqs),
		rows: ints(w.Rows), n_rows: C.int32_t(len(w.Rows)),
		label_rows: ints(w.LabelRows), label_tokens: ints(w.LabelTokens), label_weights: floats(w.LabelWeights),
		rest_weights: floats(w.RestWeights), n_labels: C.int32_t(len(w.LabelTokens)), dropout_key: C.uint64_t(w.DropoutKey),
	})
}

// Forward returns the sum over the batch's labels and rests of weight times cross-entropy.
func (e *Engine) Forward(ctx context.Context, w *Batch) (loss float64, err error) {
	err = e.call(ctx, func() C.int {
		return withBatch(w, func(b *C.rft_batch) C.int { return C.rft_forward(e.c, b, (*C.double)(&loss)) })
	})
	return loss, err
}

// Backward does what Forward does, and adds the gradients to those already accumulated.
func (e *Engine) Backward(ctx context.Context, w *Batch) (loss float64, err error) {
	err = e.call(ctx, func() C.int {
		return withBatch(w, func(b *C.rft_batch) C.int { return C.rft_backward(e.c, b, (*C.double)(&loss)) })
	})
	return loss, err
}

// LabelLosses returns, for each label of the batch that was computed last and then for the rest of each row, if there are
// any, its weight times its cross-entropy.
func (e *Engine) LabelLosses(w *Batch) ([]float32, error) {
	dst := make([]float32, len(w.LabelTokens)+len(w.RestWeights))
	err := e.call(context.Background(), func() C.int {
		return C.rft_label_losses(e.c, (*C.float)(unsafe.SliceData(dst)))
	})
	return dst, err
}

// WithoutAdapter runs f with the adapter switched off: Forward computes the base model.
func (e *Engine) WithoutAdapter(f func() error) error {
	use := func(on bool) error {
		return e.call(context.Background(), func() C.int { return C.rft_use_adapter(e.c, C.bool(on)) })
	}
	if err := use(false); err != nil {
		return err
	}
	return errors.Join(f(), use(true))
}

// ZeroGradients sets the accumulated gradients to zero.
func (e *Engine) ZeroGradients() error {
	return e.call(context.Background(), func() C.int { return C.rft_zero_gradients(e.c) })
}

// GradientNorm returns the Euclidean norm of all accumulated gradients together.
func (e *Engine) GradientNorm() (norm float64, err error) {
	err = e.call(context.Background(), func() C.int { return C.rft_gradient_norm(e.c, (*C.double)(&norm)) })
	return norm, err
}

// AdamW is one optimiser step (arXiv 1711.05101, algorithm 2). Gradients are multiplied by GradScale; Step counts from 1.
type AdamW struct {
	LearningRate, Beta1, Beta2, Epsilon, WeightDecay float64
	GradScale                                        float64
	Step                                             int64
}

// AdamWStep updates the trained tensors.
func (e *Engine) AdamWStep(a AdamW) error {
	c := C.rft_adamw{
		learning_rate: C.float(a.LearningRate), beta1: C.float(a.Beta1), beta2: C.float(a.Beta2),
		epsilon: C.float(a.Epsilon), weight_decay: C.float(a.WeightDecay), grad_scale: C.float(a.GradScale), step: C.int64_t(a.Step),
	}
	return e.call(context.Background(), func() C.int { return C.rft_adamw_step(e.c, &c) })
}

// Part is one of the arrays that belong to a trained tensor.
type Part int

// The parts of a trained tensor. Moment1 and Moment2 are AdamW's.
const (
	Value    Part = C.RFT_VALUE
	Gradient Part = C.RFT_GRADIENT
	Moment1  Part = C.RFT_MOMENT1
	Moment2  Part = C.RFT_MOMENT2
)

// Get returns a part of trained tensor i.
func (e *Engine) Get(i int, what Part) ([]float32, error) {
	dst := make([]float32, e.params[i].Size())
	err := e.call(context.Background(), func() C.int {
		return C.rft_param_get(e.c, C.int32_t(i), C.int(what), (*C.float)(unsafe.SliceData(dst)))
	})
	return dst, err
}

// Set replaces a part of trained tensor i.
func (e *Engine) Set(i int, what Part, src []float32) error {
	if len(src) != e.params[i].Size() {
		return fmt.Errorf("lora: tensor %s has %d values, got %d", e.params[i].Name, e.params[i].Size(), len(src))
	}
	return e.call(context.Background(), func() C.int {
		return C.rft_param_set(e.c, C.int32_t(i), C.int(what), (*C.float)(unsafe.SliceData(src)))
	})
}

// Values returns every trained tensor.
func (e *Engine) Values() ([][]float32, error) {
	all := make([][]float32, len(e.params))
	var err error
	for i := range all {
		if all[i], err = e.Get(i, Value); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Native calls f with the C++ engine, an rft_engine, and the batch, an rft_batch or nil where w is nil. f returns a status of
// engine.h. It serves package enginetest.
func (e *Engine) Native(ctx context.Context, w *Batch, f func(engine, batch unsafe.Pointer) int) error {
	return e.call(ctx, func() C.int {
		if w == nil {
			return C.int(f(unsafe.Pointer(e.c), nil))
		}
		return withBatch(w, func(b *C.rft_batch) C.int { return C.int(f(unsafe.Pointer(e.c), unsafe.Pointer(b))) })
	})
}
