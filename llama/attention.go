//go:build cgo

package llama

// #include "shim.h"
// #include "llama.h"
import "C"

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
)

// AttentionTime is how long one layer's attention takes.
type AttentionTime struct {
	Rows    int     `json:"rows"`  // tokens computed at once: one as in generating, more as in reading a prompt
	Cells   int     `json:"cells"` // tokens that they attend to
	Flash   bool    `json:"flash"` // with flash attention
	Seconds float64 `json:"seconds"`
}

// Attention is the choice that [Model.MeasureAttention] makes, with what it measured.
type Attention struct {
	// Flash is for [ContextOptions.FlashAttention], FlashInOneCache for the option of that name.
	Flash           bool            `json:"flash"`
	FlashInOneCache bool            `json:"flash_in_one_cache"`
	Threads         int             `json:"threads,omitempty"` // that measured
	Times           []AttentionTime `json:"times,omitempty"`
}

// The job by which attention is chosen: a prompt with some passages, and a short answer, eight at a time.
const (
	jobPrompt    = 700
	jobGenerated = 48
	jobSequences = 8
)

// measureRows is the number of tokens of a measured piece of a prompt.
const measureRows = 64

// measureSeconds is for all measurements with one number of threads; there may be two.
const measureSeconds = 1.2

// AttentionKey names everything that [Model.MeasureAttention] depends on but the processor: the shape of the model's
// attention, the number of threads (0 means [runtime.NumCPU]), and llama.cpp's version.
func (m *Model) AttentionKey(threads int) string {
	s := m.attentionShape()
	return fmt.Sprintf("cpu, %d/%d heads of %d/%d, %d threads, llama.cpp %s", s.heads, s.heads_kv, s.key, s.value,
		threadsOr(threads), C.GoString(C.llama_version()))
}

func threadsOr(threads int) int {
	if threads == 0 {
		return runtime.NumCPU()
	}
	return threads
}

// MeasureAttention chooses between the two ways to compute attention on the CPU, by the time that a job takes whose prompts
// have 700 tokens and whose answers have 48. It measures one layer at 256 and at 2,048 cells, for one to three seconds in
// all. threads is the number of threads that compute; 0 means [runtime.NumCPU]. If other programs keep these from
// running side by side, one thread measures. The choice differs with the state of the
// machine where both are about as fast. For a model that is not on the CPU, or has no attention, the error wraps
// [ErrUnsupported]. If ctx ends, so does the measurement, with its error.
func (m *Model) MeasureAttention(ctx context.Context, threads int) (Attention, error) {
	release, err := m.use()
	if err != nil {
		return Attention{}, err
	}
	defer release()
	shape := m.attentionShape()
	if !m.onCPU() || shape.heads < 1 || shape.heads_kv < 1 || shape.key < 1 || shape.value < 1 {
		return Attention{}, fmt.Errorf("llama: measuring attention: %w: the model has none on the CPU", ErrUnsupported)
	}
	a, err := measure(ctx, shape, threadsOr(threads))
	if err == nil && !a.plausible() && threadsOr(threads) > 1 {
		a, err = measure(ctx, shape, 1)
	}
	if err != nil {
		return Attention{}, fmt.Errorf("llama: measuring attention: %w", err)
	}
	a.choose()
	return a, nil
}

func measure(ctx context.Context, shape C.ragft_attention_shape, threads int) (Attention, error) {
	var times []C.ragft_attention_time
	for _, flash := range []bool{false, true} {
		for _, rows := range []int{1, measureRows} {
			for _, cells := range []int{256, 2048} {
				times = append(times, C.ragft_attention_time{rows: C.int32_t(rows), cells: C.int32_t(cells), flash: C.bool(flash)})
			}
		}
	}
	a := Attention{Threads: threads}
	limit := C.double(measureSeconds / float64(len(times)))
	for _, t := range times {
		if err := ctx.Err(); err != nil {
			return Attention{}, err
		}
		var cerr C.ragft_error
		if C.ragft_measure_attention(&shape, C.int32_t(threads), limit, &t, 1, &cerr) != C.RAGFT_OK {
			return Attention{}, errors.New(errorText(&cerr))
		}
		a.Times = append(a.Times, AttentionTime{int(t.rows), int(t.cells), bool(t.flash), float64(t.seconds)})
	}
	return a, nil
}

// plausible reports whether eight times the cells took at least twice the time. Where other programs use the processor,
// threads wait for each other longer than they compute.
func (a *Attention) plausible() bool {
	for i := 0; i+1 < len(a.Times); i += 2 {
		if a.Times[i+1].Seconds < 2*a.Times[i].Seconds {
			return false
		}
	}
	return true
}

// choose sets the choice by the times.
func (a *Attention) choose() {
	// Of all cells, a token of a prompt attends to half on average.
	own := func(flash bool) float64 {
		return jobPrompt*a.token(measureRows, jobPrompt/2, flash) + jobGenerated*a.token(1, jobPrompt, flash)
	}
	// In one cache, flash attention leaves out the cells of the other sequences. Without it, all sequences generate as rows of
	// one product.
	all := float64(jobSequences * jobPrompt)
	inOne := jobPrompt*a.token(measureRows, all/2, false) + jobGenerated*a.token(measureRows, all, false)
	a.Flash = own(true) < own(false)
	a.FlashInOneCache = own(true) < inOne
}

// token is the time of one token among so many that are computed at once, in a straight line through what was measured.
func (a *Attention) token(rows int, cells float64, flash bool) float64 {
	var x, y [2]float64
	n := 0
	for _, t := range a.Times {
		if t.Rows == rows && t.Flash == flash && n < 2 {
			x[n], y[n] = float64(t.Cells), t.Seconds
			n++
		}
	}
	return (y[0] + (cells-x[0])*(y[1]-y[0])/(x[1]-x[0])) / float64(rows)
}

// attentionShape is that of the first layer.
func (m *Model) attentionShape() C.ragft_attention_shape {
	length := func(name string) C.int32_t {
		if n, err := strconv.Atoi(m.metadata[m.Architecture()+".attention."+name]); err == nil {
			return C.int32_t(n)
		}
		return m.info.n_embd / max(m.info.n_head, 1)
	}
	return C.ragft_attention_shape{heads: m.info.n_head, heads_kv: m.info.n_head_kv, key: length("key_length"), value: length("value_length")}
}
