//go:build cgo

package llama

// #include <stdlib.h>
// #include "shim.h"
import "C"

import (
	"context"
	"fmt"
	"sync/atomic"
	"unsafe"
)

// grammars are a request's grammar, read once for each of its samples. Reading a large one takes so long that other requests
// would wait for it, so that a goroutine of its own reads them while batches are computed.
type grammars struct {
	model   *Model
	text    string
	samples int
	ready   chan grammar // nil before the first is asked for; closed after the last
	next    grammar      // that was received
	ended   atomic.Bool
	told    func() // is called after each; nil = nobody is told
}

// grammar is one that was read, or why it could not be.
type grammar struct {
	ptr *C.ragft_grammar
	err error
}

func newGrammars(m *Model, text string, samples int) *grammars {
	if text == "" {
		return nil
	}
	return &grammars{model: m, text: text, samples: samples}
}

// tell says whom to tell that one was read.
func (g *grammars) tell(call func()) {
	if g != nil {
		g.told = call
	}
}

// available says whether the grammar of one more sample can be taken. At most ahead are read before they are taken.
func (g *grammars) available(ahead int) bool {
	if g == nil || g.next != (grammar{}) {
		return true
	}
	if g.ready == nil {
		g.ready = make(chan grammar, ahead)
		g.model.retained.Go(g.read)
	}
	select {
	case g.next = <-g.ready:
		return true
	default:
		return false
	}
}

// await is available, and waits for the grammar until ctx ends.
func (g *grammars) await(ctx context.Context, ahead int) bool {
	if g.available(ahead) {
		return true
	}
	select {
	case g.next = <-g.ready:
		return true
	case <-ctx.Done():
		return false
	}
}

// take returns the one that is available, for a sampler, which frees it.
func (g *grammars) take() (*C.ragft_grammar, error) {
	if g == nil {
		return nil, nil
	}
	one := g.next
	g.next = grammar{}
	return one.ptr, one.err
}

// read reads the grammar for each sample.
func (g *grammars) read() {
	defer close(g.ready)
	text := C.CString(g.text)
	defer C.free(unsafe.Pointer(text))
	for range g.samples {
		if g.ended.Load() {
			return
		}
		var one grammar
		var cerr C.ragft_error
		if C.ragft_grammar_new(g.model.ptr, text, &one.ptr, &cerr) != C.RAGFT_OK {
			one = grammar{err: fmt.Errorf("sampler: %s", errorText(&cerr))}
		}
		g.ready <- one
		if g.told != nil {
			g.told()
		}
		if one.err != nil {
			return
		}
	}
}

// close frees those that no sampler took. It waits for none that is being read, and the model for that one alone.
func (g *grammars) close() {
	if g == nil || g.ready == nil {
		return
	}
	g.ended.Store(true)
	C.ragft_grammar_free(g.next.ptr)
	g.next = grammar{}
	go func() {
		for one := range g.ready {
			C.ragft_grammar_free(one.ptr)
		}
	}()
}
