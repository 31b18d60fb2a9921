//go:build cgo

package llama

// #include "shim.h"
import "C"

import (
	"fmt"
	"slices"

	"github.com/ragft/ragft/ragft/opt"
)

// cacheLayout is how a context's key-value cache is divided.
type cacheLayout struct {
	size      int  // tokens of the cache, or of each
	sequences int  // running sequences and finished ones that are kept
	separate  bool // each sequence has a cache of its own, instead of all together
	flash     int  // flash attention: 1 on, 0 off, -1 where the devices that hold the layers support it
}

// params are the native parameters of the context with the layout.
func (c *Context) params(layout cacheLayout) C.ragft_context_params {
	o := c.options
	return C.ragft_context_params{
		n_ctx: C.int32_t(layout.size), n_batch: C.int32_t(o.BatchSize),
		n_seq: C.int32_t(layout.sequences), separate: C.bool(layout.separate),
		n_outputs: C.int32_t(c.outputs), n_threads: C.int32_t(o.Threads), exact_attention: C.bool(o.ExactAttention),
		embeddings: C.bool(o.Embeddings), flash: C.int32_t(layout.flash),
	}
}

// covers reports whether a cache of the layout can do all that one of the other layout can.
func (l cacheLayout) covers(other cacheLayout) bool {
	return l.separate == other.separate && l.flash == other.flash && l.size >= other.size && l.sequences >= other.sequences
}

// reshape gives the context a cache that covers the layout. The caller has the context to itself.
func (c *Context) reshape(layout cacheLayout) error {
	usable := bool(C.ragft_context_usable(c.ptr))
	if usable && c.layout.covers(layout) {
		return nil
	}
	params := c.params(layout)
	var cerr C.ragft_error
	c.model.adapterList.RLock()
	code := C.ragft_context_reshape(c.model.ptr, c.ptr, &params, &cerr)
	c.model.adapterList.RUnlock()
	if err := c.model.devices.Err(); err != nil {
		return fmt.Errorf("llama: new cache: %w", err)
	}
	if C.ragft_context_usable(c.ptr) {
		if err := c.apply(c.adapters, false); err != nil { // the native context is new
			return err
		}
	}
	if code != C.RAGFT_OK {
		return fmt.Errorf("llama: %d caches of %d tokens: %s", layout.sequences, layout.size, errorText(&cerr))
	}
	c.layout = layout
	return nil
}

// parallel is the number of samples that run at a time.
func (c *Context) parallel() int {
	if c.layout.separate {
		return min(c.layout.sequences, c.options.Sequences)
	}
	return c.options.Sequences
}

// fewStreams is the number of separate caches from which more, in one cache, no longer pay: on a CPU a batch of eight
// generates little slower for each token than one of sixteen, and in one cache each token passes over the prompts of all.
const fewStreams = 4

// layoutFor returns the layout for the requests of one call, which are in order: one cache where prompts share so much that a
// sequence passes over few more tokens than its own, and separate ones where they do not. There must be enough of those, or as many
// as run in one cache.
func (c *Context) layoutFor(jobs []*job) cacheLayout {
	longest, samples := 0, 0
	for _, j := range jobs {
		longest = max(longest, len(j.prompt)+j.maxTokens)
		samples += len(j.samples)
	}
	wanted := min(samples, c.options.Sequences)
	if wanted < 2 || bool(c.model.info.recurrent) {
		return c.whole
	}
	one := c.whole
	one.flash = c.model.flash(c.options, true)
	size := min((longest+255)/256*256, c.whole.size)
	streams := c.whole.size / size
	if !c.options.SeparateCaches.IsSet() {
		parallel, tokens := c.inOne(jobs)
		if !c.model.onCPU() || parallel > 1 && tokens <= 2*longest || streams < min(wanted, fewStreams) && streams < parallel {
			return one
		}
	} else if c.options.SeparateCaches == opt.Of(false) {
		return one
	}
	return cacheLayout{size: size, sequences: min(wanted, streams), separate: true, flash: c.whole.flash}
}

// kept is the number of finished sequences that a call of Generate keeps. In one cache it is the sequence that is there for
// the prompt of a score; separate ones are kept until another prompt takes their place.
func (c *Context) kept() int {
	if c.layout.separate {
		return c.layout.sequences
	}
	return c.layout.sequences - c.options.Sequences
}

// inOne estimates how many samples run at a time in one cache, and how many tokens it then holds. The jobs are in order.
func (c *Context) inOne(jobs []*job) (samples, tokens int) {
	for i, j := range jobs {
		shared := 0
		if i > 0 {
			shared = commonPrefix(jobs[i-1].prompt, j.prompt)
		}
		prompt := len(j.prompt) - shared
		for range j.samples {
			if samples == c.options.Sequences || tokens+prompt+j.maxTokens > c.whole.size {
				return samples, tokens
			}
			samples++
			tokens += prompt + j.maxTokens
			prompt = 0
		}
	}
	return samples, tokens
}

// flash returns whether to use flash attention, for sequences with a cache of their own or for several in one. On a CPU it
// generates at about half the speed for the former. Among the latter it leaves out the cells of the others, which takes less
// time in all.
func (m *Model) flash(o ContextOptions, inOne bool) int {
	if inOne && o.FlashInOneCache.IsSet() {
		o.FlashAttention = o.FlashInOneCache
	}
	switch {
	case o.FlashAttention == opt.Of(true), !o.FlashAttention.IsSet() && inOne && m.onCPU():
		return 1
	case o.FlashAttention == opt.Of(false) || m.onCPU():
		return 0
	}
	return -1
}

// onCPU reports whether all layers are on the CPU.
func (m *Model) onCPU() bool {
	if len(m.options.Servers) > 0 {
		return false
	}
	return m.options.GPULayers == opt.Of(0) || !slices.ContainsFunc(Devices(), func(d Device) bool {
		return d.Kind == "gpu" || d.Kind == "integrated gpu"
	})
}
