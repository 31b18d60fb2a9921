//go:build cgo

package lora

// #cgo CXXFLAGS: -std=c++17 -O3 -I${SRCDIR}/../third_party/include
// #cgo CFLAGS: -I${SRCDIR}/../third_party/include
// #cgo linux,amd64 CXXFLAGS: -march=native
// #include <stdlib.h>
// #if __has_include("zz_native_build.h")
// #include "zz_native_build.h"
// #else
// #error "llama.cpp is not built: run ./build.sh in the ragft module folder"
// #endif
// #include "engine.h"
import "C"

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	_ "github.com/ragft/ragft/internal/llamacpp" // links llama.cpp
)

// engineOptions says what an engine loads.
type engineOptions struct {
	model        string
	adapter      string // "": all weights of an F32 model are trained
	window       int    // tokens, a multiple of 256
	maxSequences int
	threads      int
	gpuLayers    int
	composed     bool // only forward ops in the backward pass
}

// engine owns the native side: a model, an adapter, their gradients and optimiser state. Not for concurrent use.
type engine struct {
	c       *C.rft_engine
	options engineOptions
	params  []param
	vocab   int // tokens in the vocabulary
}

// param is a trained tensor: name and shape in ggml's order (ne0 is contiguous).
type param struct {
	name     string
	ne0, ne1 int64
}

func (p param) size() int { return int(p.ne0 * p.ne1) }

// window is one batch for the engine: see rft_batch in engine.h.
type window struct {
	tokens, positions      []int32
	seqOffsets, seqs       []int32
	rows                   []int32
	labelRows, labelTokens []int32
	labelWeights           []float32
}

func openEngine(ctx context.Context, o engineOptions) (*engine, error) {
	e := &engine{c: C.rft_new(), options: o}
	if e.c == nil {
		return nil, errors.New("lora: out of memory")
	}
	model := C.CString(o.model)
	defer C.free(unsafe.Pointer(model))
	co := C.rft_options{
		model_path:    model,
		window:        C.int32_t(o.window),
		max_sequences: C.int32_t(o.maxSequences),
		threads:       C.int32_t(o.threads),
		gpu_layers:    C.int32_t(o.gpuLayers),
		composed:      C.bool(o.composed),
	}
	if o.adapter != "" {
		adapter := C.CString(o.adapter)
		defer C.free(unsafe.Pointer(adapter))
		co.adapter_path = adapter
	}
	if err := e.call(ctx, func() C.int { return C.rft_open(e.c, &co) }); err != nil {
		e.close()
		return nil, err
	}
	e.vocab = int(C.rft_n_vocab(e.c))
	e.params = make([]param, C.rft_n_params(e.c))
	for i := range e.params {
		p := &e.params[i]
		p.name = C.GoString(C.rft_param_name(e.c, C.int32_t(i)))
		C.rft_param_shape(e.c, C.int32_t(i), (*C.int64_t)(&p.ne0), (*C.int64_t)(&p.ne1))
	}
	return e, nil
}

func (e *engine) close() {
	if e.c != nil {
		C.rft_close(e.c)
		e.c = nil
	}
}

// call runs f, and has the native side stop soon after ctx is cancelled. It returns only when f has.
func (e *engine) call(ctx context.Context, f func() C.int) error {
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
	if !stop() { // the flag is being set, or is: wait, then take it back
		<-done
		C.rft_cancel(e.c, false)
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
	case C.RFT_NO_RULE:
		return fmt.Errorf("%w: %s", ErrNoRule, msg)
	}
	return fmt.Errorf("lora: %s", msg)
}

// withBatch pins a window's slices while C reads them.
func withBatch(w *window, f func(*C.rft_batch) C.int) C.int {
	var pinner runtime.Pinner
	defer pinner.Unpin()
	ints := func(s []int32) *C.int32_t {
		p := unsafe.SliceData(s)
		if p != nil {
			pinner.Pin(p)
		}
		return (*C.int32_t)(p)
	}
	weights := unsafe.SliceData(w.labelWeights)
	if weights != nil {
		pinner.Pin(weights)
	}
	return f(&C.rft_batch{
		tokens: ints(w.tokens), positions: ints(w.positions), seq_offsets: ints(w.seqOffsets), seqs: ints(w.seqs),
		rows: ints(w.rows), n_rows: C.int32_t(len(w.rows)),
		label_rows: ints(w.labelRows), label_tokens: ints(w.labelTokens), label_weights: (*C.float)(weights),
		n_labels: C.int32_t(len(w.labelTokens)),
	})
}

// forward returns the sum over the window's labels of weight times cross-entropy.
func (e *engine) forward(ctx context.Context, w *window) (loss float64, err error) {
	err = e.call(ctx, func() C.int {
		return withBatch(w, func(b *C.rft_batch) C.int { return C.rft_forward(e.c, b, (*C.double)(&loss)) })
	})
	return loss, err
}

// backward is forward, and adds the gradients to those that are there.
func (e *engine) backward(ctx context.Context, w *window) (loss float64, err error) {
	err = e.call(ctx, func() C.int {
		return withBatch(w, func(b *C.rft_batch) C.int { return C.rft_backward(e.c, b, (*C.double)(&loss)) })
	})
	return loss, err
}

func (e *engine) zeroGradients() error {
	return e.call(context.Background(), func() C.int { return C.rft_zero_gradients(e.c) })
}

func (e *engine) gradientNorm() (norm float64, err error) {
	err = e.call(context.Background(), func() C.int { return C.rft_gradient_norm(e.c, (*C.double)(&norm)) })
	return norm, err
}

// adamW is one optimiser step; step counts from 1.
type adamW struct {
	learningRate, beta1, beta2, epsilon, weightDecay float64
	gradScale                                        float64
	step                                             int64
}

func (e *engine) adamWStep(a adamW) error {
	c := C.rft_adamw{
		learning_rate: C.float(a.learningRate), beta1: C.float(a.beta1), beta2: C.float(a.beta2),
		epsilon: C.float(a.epsilon), weight_decay: C.float(a.weightDecay), grad_scale: C.float(a.gradScale), step: C.int64_t(a.step),
	}
	return e.call(context.Background(), func() C.int { return C.rft_adamw_step(e.c, &c) })
}

// What of a trained tensor is read or written.
const (
	value    = C.RFT_VALUE
	gradient = C.RFT_GRADIENT
	moment1  = C.RFT_MOMENT1
	moment2  = C.RFT_MOMENT2
)

func (e *engine) get(i, what int) ([]float32, error) {
	dst := make([]float32, e.params[i].size())
	err := e.call(context.Background(), func() C.int {
		return C.rft_param_get(e.c, C.int32_t(i), C.int(what), (*C.float)(unsafe.SliceData(dst)))
	})
	return dst, err
}

func (e *engine) set(i, what int, src []float32) error {
	if len(src) != e.params[i].size() {
		return fmt.Errorf("lora: tensor %s has %d values, got %d", e.params[i].name, e.params[i].size(), len(src))
	}
	return e.call(context.Background(), func() C.int {
		return C.rft_param_set(e.c, C.int32_t(i), C.int(what), (*C.float)(unsafe.SliceData(src)))
	})
}

// logits returns the logits of the window's rows, row by row, computed by the engine's own graph, or by llama_decode.
func (e *engine) logits(ctx context.Context, w *window, byDecode bool) ([]float32, error) {
	dst := make([]float32, len(w.rows)*e.vocab)
	err := e.call(ctx, func() C.int {
		return withBatch(w, func(b *C.rft_batch) C.int {
			if byDecode {
				return C.rft_decode(e.c, b, (*C.float)(unsafe.SliceData(dst)))
			}
			return C.rft_logits(e.c, b, (*C.float)(unsafe.SliceData(dst)))
		})
	})
	return dst, err
}

// Memory is what the engine holds, in bytes.
type Memory struct {
	Weights uint64 // the model's tensors
	State   uint64 // gradients and the optimiser's moments
	Compute uint64 // activations and their gradients, for the largest window so far
}

func (e *engine) memory() Memory {
	var m Memory
	if e.c == nil {
		return m
	}
	C.rft_memory(e.c, (*C.uint64_t)(&m.Weights), (*C.uint64_t)(&m.State), (*C.uint64_t)(&m.Compute))
	return m
}

// bareProducts returns the seconds that a step's products with frozen weights take alone.
func (e *engine) bareProducts(rows int) (seconds float64, err error) {
	err = e.call(context.Background(), func() C.int { return C.rft_bare_products(e.c, C.int32_t(rows), (*C.double)(&seconds)) })
	return seconds, err
}
