//go:build cgo

package llama

// #cgo noescape ragft_decode
// #include "shim.h"
import "C"

import (
	"fmt"
	"unsafe"
)

// A batch is what one call of llama_decode computes, and the tokens to pick from its logits. Its slices are
// used again from batch to batch.
type batch struct {
	tokens, positions, sequences []int32
	wanted                       []int8
	picks                        []C.ragft_pick
	owners                       []*lane // of picks, while generating
	picked                       []C.ragft_picked
}

func (b *batch) reset() {
	b.tokens, b.positions, b.sequences = b.tokens[:0], b.positions[:0], b.sequences[:0]
	b.wanted, b.picks, b.owners = b.wanted[:0], b.picks[:0], b.owners[:0]
}

// add appends a row.
func (b *batch) add(t Token, position, sequence int) {
	b.tokens = append(b.tokens, t)
	b.positions = append(b.positions, int32(position))
	b.sequences = append(b.sequences, int32(sequence))
	b.wanted = append(b.wanted, 0)
}

// pick has the lane's sampler choose from the last row.
func (b *batch) pick(l *lane) {
	row := len(b.tokens) - 1
	b.wanted[row] = 1
	b.picks = append(b.picks, C.ragft_pick{row: C.int32_t(row), slot: C.int32_t(l.slot), target: -1})
	b.owners = append(b.owners, l)
}

// score asks for the probability of t after the last row.
func (b *batch) score(t Token) {
	row := len(b.tokens) - 1
	b.wanted[row] = 1
	b.picks = append(b.picks, C.ragft_pick{row: C.int32_t(row), slot: -1, target: C.int32_t(t)})
}

// decode computes the batch and fills picked.
func (b *batch) decode(ptr *C.ragft_context) error {
	if cap(b.picked) < len(b.picks) {
		b.picked = make([]C.ragft_picked, 2*len(b.picks))
	}
	b.picked = b.picked[:len(b.picks)]
	var cerr C.ragft_error
	code := C.ragft_decode(ptr, (*C.int32_t)(unsafe.SliceData(b.tokens)), (*C.int32_t)(unsafe.SliceData(b.positions)),
		(*C.int32_t)(unsafe.SliceData(b.sequences)), (*C.int8_t)(unsafe.SliceData(b.wanted)), C.int32_t(len(b.tokens)),
		unsafe.SliceData(b.picks), C.int32_t(len(b.picks)), unsafe.SliceData(b.picked), &cerr)
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
