//go:build cgo

package lora

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

// engineOptions says what an engine loads.
type engineOptions struct {
	model        string
	adapter      string             // "": all weights of an F32 model are trained
	scales       map[string]float32 // of pairs that are not scaled by alpha / rank, by the name of their B
	dropout      float64
	window       int // tokens, a multiple of 256
	maxSequences int
	threads      int
	gpuLayers    int
	servers      []string // ggml RPC servers whose devices may hold layers
	composed     bool     // only forward ops in the backward pass
	memoryBudget int64    // bytes; 0: no bound
	chunkRows    int      // with no budget: rows whose logits are held at a time; 0: all
	recomputed   int      // with no budget: segments of the forward pass, from the first on, that are computed again
}

// engine owns the native side: a model, an adapter, their gradients and optimiser state. Not for concurrent use.
type engine struct {
	c       *C.rft_engine
	options engineOptions
	params  []param
	vocab   int // tokens in the vocabulary
	devices *llamacpp.Devices
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
	dropoutKey             uint64 // 0: no dropout but in backward
	terms                  []term
}

func openEngine(ctx context.Context, o engineOptions) (*engine, error) {
	devices, err := llamacpp.OpenDevices(ctx, o.servers)
	if err != nil {
		return nil, fmt.Errorf("lora: %w", err)
	}
	e := &engine{c: C.rft_new(), options: o, devices: devices}
	if e.c == nil {
		devices.Close()
		return nil, errors.New("lora: out of memory")
	}
	model := C.CString(o.model)
	defer C.free(unsafe.Pointer(model))
	co := C.rft_options{
		model_path:    model,
		dropout:       C.float(o.dropout),
		window:        C.int32_t(o.window),
		max_sequences: C.int32_t(o.maxSequences),
		threads:       C.int32_t(o.threads),
		gpu_layers:    C.int32_t(o.gpuLayers),
		devices:       devices.List(),
		composed:      C.bool(o.composed),
		memory_budget: C.uint64_t(o.memoryBudget),
		chunk_rows:    C.int32_t(o.chunkRows),
		recomputed:    C.int32_t(o.recomputed),
	}
	scaled, scales := C.malloc(C.size_t(len(o.scales)+1)*C.size_t(unsafe.Sizeof((*C.char)(nil)))), make([]C.float, 0, len(o.scales))
	defer C.free(scaled)
	names := unsafe.Slice((**C.char)(scaled), len(o.scales)+1)
	for name, s := range o.scales {
		names[len(scales)] = C.CString(name)
		defer C.free(unsafe.Pointer(names[len(scales)]))
		scales = append(scales, C.float(s))
	}
	var pinner runtime.Pinner
	defer pinner.Unpin()
	if len(scales) > 0 {
		pinner.Pin(unsafe.SliceData(scales))
		co.scaled, co.scales, co.n_scaled = (**C.char)(scaled), unsafe.SliceData(scales), C.int32_t(len(scales))
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
		e.devices.Close()
		llamacpp.Trim()
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
	if err := e.devices.Err(); err != nil { // whatever was computed is void
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
		n_labels: C.int32_t(len(w.labelTokens)), dropout_key: C.uint64_t(w.dropoutKey),
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

// labelLosses returns, for each label of the window that was last computed, its weight times its cross-entropy.
func (e *engine) labelLosses(w *window) ([]float32, error) {
	dst := make([]float32, len(w.labelTokens))
	err := e.call(context.Background(), func() C.int {
		return C.rft_label_losses(e.c, (*C.float)(unsafe.SliceData(dst)))
	})
	return dst, err
}

// withoutAdapter runs f with the adapter switched off: what is computed is the base model.
func (e *engine) withoutAdapter(f func() error) error {
	use := func(on bool) error {
		return e.call(context.Background(), func() C.int { return C.rft_use_adapter(e.c, C.bool(on)) })
	}
	if err := use(false); err != nil {
		return err
	}
	return errors.Join(f(), use(true))
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

// values returns every trained tensor.
func (e *engine) values() ([][]float32, error) {
	all := make([][]float32, len(e.params))
	var err error
	for i := range all {
		if all[i], err = e.get(i, value); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (e *engine) setValues(all [][]float32) error {
	for i, v := range all {
		if err := e.set(i, value, v); err != nil {
			return err
		}
	}
	return nil
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

// bareProducts returns the seconds that a step's products with frozen weights take alone.
func (e *engine) bareProducts(rows int) (seconds float64, err error) {
	err = e.call(context.Background(), func() C.int { return C.rft_bare_products(e.c, C.int32_t(rows), (*C.double)(&seconds)) })
	return seconds, err
}
