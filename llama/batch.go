//go:build cgo

package llama

// #cgo noescape ragft_decode
// #include "shim.h"
import "C"

import (
	"fmt"
	"unsafe"
)

// unpicked is the token of a pick that was not made, as the guess before it was wrong.
const unpicked = -3

// batch is the input of one call of llama_decode, with the tokens to pick from its logits. Its slices are reused.
type batch struct {
	tokens, positions, sequences []int32
	wanted                       []int8
	picks                        []C.ragft_pick
	owners                       []*lane // lane of each pick, while generating
	picked                       []C.ragft_picked
	top                          []C.ragft_picked // the most likely tokens, for picks that ask for them
	topped                       int              // number of those
}

func (b *batch) reset() {
	b.tokens, b.positions, b.sequences = b.tokens[:0], b.positions[:0], b.sequences[:0]
	b.wanted, b.picks, b.owners = b.wanted[:0], b.picks[:0], b.owners[:0]
	b.topped = 0
}

// add appends a row.
func (b *batch) add(t Token, position, sequence int) {
	b.tokens = append(b.tokens, t)
	b.positions = append(b.positions, int32(position))
	b.sequences = append(b.sequences, int32(sequence))
	b.wanted = append(b.wanted, 0)
}

// pick makes the lane's sampler choose a token from the last row.
func (b *batch) pick(l *lane) {
	if len(l.tokens) == 0 {
		for _, t := range l.job.first {
			b.score(t)
			b.owners = append(b.owners, l)
		}
	}
	row := len(b.tokens) - 1
	b.wanted[row] = 1
	b.picks = append(b.picks, C.ragft_pick{row: C.int32_t(row), slot: C.int32_t(l.slot), target: -1})
	b.withTop(l.job.top)
	b.owners = append(b.owners, l)
}

// guess adds a row with a token that may be the one picked from the row before, and if it is makes the lane's sampler choose
// the next one from it.
func (b *batch) guess(l *lane, t Token, position int) {
	b.add(t, position, l.slot)
	b.pick(l)
	b.picks[len(b.picks)-1].drafted = true
}

// score asks for the log probability of t after the last row.
func (b *batch) score(t Token) {
	row := len(b.tokens) - 1
	b.wanted[row] = 1
	b.picks = append(b.picks, C.ragft_pick{row: C.int32_t(row), slot: -1, target: C.int32_t(t)})
}

// withTop makes the last pick also ask for the most likely tokens.
func (b *batch) withTop(most int) {
	p := &b.picks[len(b.picks)-1]
	p.n_top, p.top_at = C.int32_t(most), C.int32_t(b.topped)
	b.topped += most
}

// likeliest returns the most likely tokens that pick i asked for.
func (b *batch) likeliest(i int) []TokenLogProb {
	p := b.picks[i]
	if p.n_top == 0 {
		return nil
	}
	top := make([]TokenLogProb, p.n_top)
	for k := range top {
		one := b.top[int(p.top_at)+k]
		top[k] = TokenLogProb{Token(one.token), float32(one.logprob)}
	}
	return top
}

// decode computes the batch and sets picked and top. After ErrNotANumber, picks whose token is not negative are valid.
func (b *batch) decode(c *Context) error {
	if cap(b.picked) < len(b.picks) {
		b.picked = make([]C.ragft_picked, 2*len(b.picks))
	}
	b.picked = b.picked[:len(b.picks)]
	if len(b.top) < b.topped {
		b.top = make([]C.ragft_picked, 2*b.topped)
	}
	var cerr C.ragft_error
	done := c.planned()
	code := C.ragft_decode(c.ptr, (*C.int32_t)(unsafe.SliceData(b.tokens)), (*C.int32_t)(unsafe.SliceData(b.positions)),
		(*C.int32_t)(unsafe.SliceData(b.sequences)), (*C.int8_t)(unsafe.SliceData(b.wanted)), C.int32_t(len(b.tokens)),
		unsafe.SliceData(b.picks), C.int32_t(len(b.picks)), unsafe.SliceData(b.picked),
		unsafe.SliceData(b.top), &cerr)
	done()
	if err := c.model.devices.Err(); err != nil {
		return fmt.Errorf("llama: decoding: %w", err)
	}
	switch code {
	case C.RAGFT_OK:
		return nil
	case C.RAGFT_ABORTED:
		return errAborted
	case C.RAGFT_NAN:
		return ErrNotANumber
	}
	return fmt.Errorf("llama: decoding: %s", errorText(&cerr))
}
