//go:build cgo

package llama

// #include "shim.h"
import "C"

import (
	"context"
	"fmt"
	"runtime"

	"github.com/ragft/ragft/ragft/opt"
)

// ContextOptions are the options of a [Context]. The zero value suits prompts of up to four thousand tokens, with eight
// samples at a time.
type ContextOptions struct {
	// Size is the number of tokens in the key-value cache, for all sequences of one call together; a prompt that several
	// samples share counts once. It determines the memory that the context takes. It is rounded up to a multiple of 256.
	// 0 means the model's training length, but at most 4096.
	Size int

	// Sequences is the number of samples that are decoded in parallel, from 1 to 255. More samples wait. 0 means 8.
	Sequences int

	// BatchSize is the largest number of tokens in a batch. 0 means 512.
	BatchSize int

	// Threads is the number of threads that compute. 0 means [runtime.NumCPU].
	Threads int

	// ExactAttention computes attention in 32 bits throughout, as training does, without flash attention. It takes twice
	// the memory and is slower. By default keys and values have 16 bits.
	ExactAttention bool

	// FlashAttention computes attention in one pass that does not store the scores (arXiv 2205.14135). With it, results vary
	// in the third digit with the batch size. Unset means where layers are on a GPU or a server that supports it, and not
	// on a CPU, where it often generates at half the speed; [Model.MeasureAttention] finds out.
	FlashAttention opt.Value[bool]

	// FlashInOneCache is FlashAttention for a cache that several sequences share, where it skips the tokens of the others.
	// Unset means FlashAttention if that is set, else its default, but on a CPU, too.
	FlashInOneCache opt.Value[bool]

	// SeparateCaches divides Size among the sequences of a call of [Context.Generate], each of which then attends to its own
	// tokens only. What prompts have in common is computed once and copied. opt.Of(false) keeps all tokens in one cache,
	// which holds a common beginning once, but every sequence passes over the tokens of all. Unset means one cache on a
	// GPU. On a CPU it means one if it holds at most twice the tokens of the longest sequence, or if fewer than four separate
	// caches fit into Size and one cache runs more samples.
	// It has no effect on models with a recurrent state.
	SeparateCaches opt.Value[bool]

	// Drafts guesses tokens ahead: where a sample repeats what stands in its prompt or in itself, the tokens that followed there
	// are computed in one batch and kept as far as the sampler chooses them (prompt lookup decoding). It pays where answers quote
	// and the processor has time for more rows: measure it (BenchmarkDrafts). Logits vary with the number of tokens in a batch, as
	// they do with other requests in it: by up to a tenth with quantised weights, so that another token may be chosen where two
	// are nearly as likely. Requests for fewer than 12 tokens, and models with a recurrent state, have no drafts. False = none.
	Drafts bool

	// Embeddings makes a context only for [Context.Embed] and [Context.Rank]. The default of BatchSize is then Size, but at
	// most 2048, because a text must fit into one batch.
	Embeddings bool
}

func (o ContextOptions) withDefaults(m *Model) (ContextOptions, error) {
	batch := 512
	if o.Embeddings {
		batch = 2048
	}
	for _, f := range []struct {
		name     string
		field    *int
		fallback int
		max      int
	}{
		{"Size", &o.Size, min(max(m.ContextLength(), 1), 4096), 1 << 24},
		{"Sequences", &o.Sequences, 8, 255},
		{"BatchSize", &o.BatchSize, batch, 1 << 16},
		{"Threads", &o.Threads, runtime.NumCPU(), 512},
	} {
		if *f.field == 0 {
			*f.field = f.fallback
		}
		if *f.field < 0 || *f.field > f.max {
			return o, fmt.Errorf("llama: ContextOptions.%s is %d, not 0 to %d", f.name, *f.field, f.max)
		}
	}
	o.Size = (o.Size + 255) / 256 * 256
	o.BatchSize = min(max(o.BatchSize, o.Sequences+1), o.Size)
	if o.Embeddings {
		// llama.cpp reserves memory for batches that all sequences share evenly, and fails on other sizes
		o.BatchSize = o.BatchSize / (o.Sequences + 1) * (o.Sequences + 1)
	}
	return o, nil
}

// Context computes with a Model. It has a key-value cache and threads of its own. It runs one call at a time, or one batch
// of embeddings, and calls from other goroutines wait. Several contexts of one model run in parallel.
type Context struct {
	model    *Model
	options  ContextOptions
	whole    cacheLayout // one cache of Size tokens; a batcher's own
	layout   cacheLayout // the current one, changed by begin
	size     int         // tokens that fit into each cache of whole
	outputs  int         // rows of a batch that can have logits
	leak     *leak
	lifetime context.Context // ends with Close
	end      context.CancelFunc
	busy     chan struct{} // holds one value while a call uses the fields below

	ptr      *C.ragft_context
	closed   bool
	batch    batch
	adapters []AdapterScale // set by SetAdapters
	applied  []AdapterScale // what llama.cpp computes with
	replan   bool           // llama.cpp plans its graph again in the next batch, for other adapters
}

// NewContext returns a new context. It or its model must be closed.
func (m *Model) NewContext(options ContextOptions) (*Context, error) {
	release, err := m.use()
	if err != nil {
		return nil, err
	}
	defer release()
	if options, err = options.withDefaults(m); err != nil {
		return nil, err
	}
	// one more sequence holds the prompt while scoring
	flash := m.flash(options, false)
	if options.Embeddings {
		flash = m.flash(options, true) // the texts of a batch are in one cache
	}
	c, err := m.newContext(options, cacheLayout{size: options.Size, sequences: options.Sequences + 1, flash: flash})
	if err != nil {
		return nil, err
	}
	c.leak = watch(c, "Context")
	return c, nil
}

// newContext returns a new context. The options must have their defaults, and the model must be in use.
func (m *Model) newContext(options ContextOptions, layout cacheLayout) (*Context, error) {
	if options.Embeddings && m.Pooling() == "" {
		return nil, fmt.Errorf("llama: %w: the model's file does not say how embeddings are pooled", ErrUnsupported)
	}
	if err := m.checkRank(); options.Embeddings && err != nil {
		return nil, err
	}
	if m.info.has_encoder || !m.info.has_decoder {
		return nil, fmt.Errorf("llama: %w: %s does not generate text token by token", ErrUnsupported, m.Architecture())
	}
	if err := m.devices.Err(); err != nil {
		return nil, fmt.Errorf("llama: new context: %w", err)
	}
	c := &Context{model: m, options: options, whole: layout, layout: layout, busy: make(chan struct{}, 1)}
	c.outputs = min(max(64, options.Sequences+1), options.BatchSize)
	if options.Embeddings {
		c.outputs = options.BatchSize
	}
	params := c.params(layout)
	var cerr C.ragft_error
	m.adapterList.RLock()
	code := C.ragft_context_new(m.ptr, &params, &c.ptr, &cerr)
	m.adapterList.RUnlock()
	if err := m.devices.Err(); err != nil {
		C.ragft_context_free(c.ptr)
		return nil, fmt.Errorf("llama: new context: %w", err)
	}
	if code != C.RAGFT_OK {
		return nil, fmt.Errorf("llama: new context: %s", errorText(&cerr))
	}
	c.size = int(C.ragft_context_size(c.ptr))
	c.whole.size, c.layout.size = c.size, c.size
	c.lifetime, c.end = context.WithCancel(context.Background())
	m.contextsMu.Lock()
	defer m.contextsMu.Unlock()
	m.contexts[c] = struct{}{}
	return c, nil
}

// Model returns the context's model.
func (c *Context) Model() *Model { return c.model }

// Size returns the number of tokens that fit into the context.
func (c *Context) Size() int { return c.size }

// Close interrupts a running call, which returns [ErrClosed], and frees the context. Closing twice is harmless.
func (c *Context) Close() error {
	c.end()
	c.busy <- struct{}{}
	defer func() { <-c.busy }()
	if c.closed {
		return nil
	}
	c.closed = true
	C.ragft_context_free(c.ptr)
	c.ptr = nil
	c.leak.done()
	m := c.model
	m.release(c.applied)
	m.release(c.adapters)
	c.applied, c.adapters = nil, nil
	m.contextsMu.Lock()
	defer m.contextsMu.Unlock()
	delete(m.contexts, c) // last, as the model is freed when all its contexts are closed
	return nil
}

// acquire waits until no other call uses the context.
func (c *Context) acquire(ctx context.Context) (release func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case c.busy <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if c.closed || c.lifetime.Err() != nil {
		<-c.busy
		return nil, ErrClosed
	}
	return func() { <-c.busy }, nil
}

// errEmbeddings is the error of other calls on a context for embeddings.
var errEmbeddings = fmt.Errorf("llama: %w: a context for embeddings can compute nothing else", ErrUnsupported)

// begin starts a computation in a cache of the given layout. The call has the context, which is empty, to itself, and the
// computation is aborted when ctx ends or the context is closed. end must be called with the error so far, and returns the
// error of the call.
func (c *Context) begin(ctx context.Context, layout cacheLayout) (end func(error) error, err error) {
	release, err := c.acquire(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.reshape(layout); err != nil {
		release()
		return nil, err
	}
	C.ragft_context_abort(c.ptr, 0)
	C.ragft_context_clear(c.ptr)
	stopCtx := c.abortAfter(ctx)
	stopLife := c.abortAfter(c.lifetime)
	return func(err error) error {
		// Nothing may use the native context after this.
		stopCtx()
		stopLife()
		C.ragft_context_clear(c.ptr)
		closed := c.lifetime.Err() != nil
		if failed := c.model.devices.Err(); failed != nil && err == nil { // failed after the last batch
			err = fmt.Errorf("llama: decoding: %w", failed)
		}
		release()
		if err != nil && closed {
			return ErrClosed
		}
		if err != nil && ctx.Err() != nil {
			return ctx.Err()
		}
		return err
	}, nil
}

// within computes in a cache of the given layout: see begin. It frees the context even if a callback of the work panics.
func (c *Context) within(ctx context.Context, layout cacheLayout, work func() error) error {
	end, err := c.begin(ctx, layout)
	if err != nil {
		return err
	}
	finished := false
	defer func() {
		if !finished {
			_ = end(nil)
		}
	}()
	err = work()
	finished = true
	return end(err)
}

// abortAfter aborts the native computation when ctx ends. After stop has returned, it does not any more.
func (c *Context) abortAfter(ctx context.Context) (stop func()) {
	if ctx.Done() == nil {
		return func() {}
	}
	done := make(chan struct{})
	cancel := context.AfterFunc(ctx, func() {
		defer close(done)
		C.ragft_context_abort(c.ptr, 1)
	})
	return func() {
		if !cancel() {
			<-done
		}
	}
}
