//go:build cgo

package llama

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/ragft/ragft/ragft/opt"
)

// BatcherOptions are the options of a [Batcher]. The zero value suits a small server.
type BatcherOptions struct {
	// Context has the number of samples that are decoded in parallel, and of tokens in the cache, for all of them and for
	// what is kept of earlier requests. A request reserves its prompt and MaxTokens.
	Context ContextOptions

	// Queue is the number of requests that may wait for a place before more are refused with [ErrBusy].
	// 0 means 64; [math.MaxInt] means any number.
	Queue int

	// Kept is the number of finished sequences that stay in memory for later prompts that begin alike, until
	// something else needs their place. Unset means as many as Context.Sequences, opt.Of(0) none. The sum of both is at
	// most 255. Models with a recurrent state keep none.
	Kept opt.Value[int]

	// SeparateCaches gives each of Context.Sequences a cache of Context.Size tokens. By default all sequences have one
	// cache of that size together. Separate caches take that many times the memory, and are faster where prompts have
	// little in common, as attention does not pass over the tokens of other requests. What prompts have in common is
	// then copied instead of shared, and kept sequences count among Context.Sequences.
	SeparateCaches bool
}

func (o BatcherOptions) withDefaults(m *Model) (BatcherOptions, error) {
	var err error
	if o.Context, err = o.Context.withDefaults(m); err != nil {
		return o, err
	}
	if o.Queue == 0 {
		o.Queue = 64
	}
	kept := min(o.Kept.Or(o.Context.Sequences), 255-o.Context.Sequences)
	if o.SeparateCaches {
		kept = min(kept, o.Context.Sequences)
	}
	o.Kept = opt.Of(kept)
	for _, f := range []struct {
		name  string
		value int
	}{{"Queue", o.Queue}, {"Kept", kept}} {
		if f.value < 0 {
			return o, fmt.Errorf("llama: BatcherOptions.%s is %d; it must be 0 or more", f.name, f.value)
		}
	}
	return o, nil
}

// kept is the number of finished sequences to keep. The options have their defaults.
func (o BatcherOptions) kept() int { return o.Kept.Or(0) }

// Batcher generates for many callers, as a server does: requests join the running batch when they arrive. It owns a context.
// Its methods may be called by several goroutines.
//
// Computed prompts are kept after the answer, and later prompts that begin alike continue from them. Prompts are computed in
// chunks between the tokens of other requests. Requests for different adapters ([Request.Adapters]) share the cache and take
// turns.
//
// Results can depend on the other requests, which a context's do not: they change logits in the last bits, so that a near
// tie may be decided differently.
type Batcher struct{ *batcher }

// batcher is the part that the scheduling goroutine refers to, so that a Batcher that was not closed can be noticed.
type batcher struct {
	context *Context
	options BatcherOptions
	wake    chan struct{}

	mu       sync.Mutex
	incoming []*job
	waiting  int // requests that have not started
	running  int // requests that have started
	refused  uint64
	stats    counters
	closed   bool
}

// NewBatcher returns a new batcher. It or its model must be closed.
func (m *Model) NewBatcher(options BatcherOptions) (*Batcher, error) {
	options, err := options.withDefaults(m)
	if err != nil {
		return nil, err
	}
	if options.Context.Embeddings {
		return nil, errEmbeddings
	}
	release, err := m.use()
	if err != nil {
		return nil, err
	}
	defer release()
	layout := cacheLayout{size: options.Context.Size, sequences: options.Context.Sequences, separate: true}
	if !options.SeparateCaches {
		layout.sequences, layout.separate = layout.sequences+options.kept(), false
	}
	layout.flash = m.flash(options.Context, !layout.separate && options.Context.Sequences > 1)
	c, err := m.newContext(options.Context, layout)
	if err != nil {
		return nil, err
	}
	end, err := c.begin(context.Background(), c.whole)
	if err != nil { // does not happen: a new context is free
		return nil, err
	}
	b := &Batcher{&batcher{context: c, options: options, wake: make(chan struct{}, 1)}}
	c.leak = watch(b, "Batcher")
	go b.work(end)
	return b, nil
}

// Model returns the batcher's model.
func (b *batcher) Model() *Model { return b.context.model }

// Size returns the number of tokens that fit into the cache, or into each with [BatcherOptions.SeparateCaches].
func (b *batcher) Size() int { return b.context.size }

// Close ends all requests with [ErrClosed] and frees the context. Closing twice is harmless.
func (b *Batcher) Close() error {
	return b.context.Close()
}

// Generate continues the prompts of all requests: result i answers request i. It returns when all have ended. Requests are
// queued behind those of earlier calls; while they wait, a request with several samples running leaves them the places of those that
// end. While the first of the queue does not fit into the cache, later ones that do start before
// it, but only for 64 batches. If [BatcherOptions.Queue] requests are waiting already, the error is [ErrBusy].
//
// Callbacks are called on the goroutine that called Generate, and do not delay other callers.
//
// If ctx ends, Generate returns its error at once, and the requests are removed after the running batch.
func (b *batcher) Generate(ctx context.Context, requests []Request) ([]Result, error) {
	defer b.nudge() // for the samples that wait for an answer of this call
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // a callback may panic
	requests = slices.Clone(requests)
	for i := range requests {
		requests[i].Prompt = slices.Clone(requests[i].Prompt) // the caller may reuse it once ctx ends
	}
	jobs, err := b.context.newJobs(requests)
	if err != nil || len(jobs) == 0 {
		return nil, err
	}
	call := newCall(len(jobs), b.nudge)
	for _, j := range jobs {
		call.attend(ctx, j)
	}
	if err := b.submit(jobs); err != nil {
		for _, j := range jobs {
			j.ended(err)
		}
		return nil, err
	}
	if err := call.wait(ctx); err != nil {
		return nil, err
	}
	results := make([]Result, len(jobs))
	for i, j := range jobs {
		results[i] = j.result()
	}
	return results, nil
}

func (b *batcher) submit(jobs []*job) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.closed:
		return ErrClosed
	case b.waiting >= b.options.Queue:
		b.refused += uint64(len(jobs))
		return ErrBusy
	}
	b.incoming = append(b.incoming, jobs...)
	b.waiting += len(jobs)
	b.nudge()
	return nil
}

// nudge makes the scheduler look for what there is to do.
func (b *batcher) nudge() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// work runs the scheduler until the context is closed.
func (b *batcher) work(end func(error) error) {
	s := newScheduler(b.context, b.options.kept())
	s.chunk = min(256, b.options.Context.BatchSize/2)
	for b.context.lifetime.Err() == nil {
		b.receive(s)
		working, err := s.step()
		if b.context.lifetime.Err() != nil {
			break
		}
		if err != nil {
			b.recover(s, err)
		}
		b.report(s)
		if working || err != nil {
			continue
		}
		select {
		case <-b.wake:
		case <-b.context.lifetime.Done():
		}
	}
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.receive(s)
	b.recover(s, ErrClosed)
	for _, j := range slices.Clone(s.queue) {
		_ = s.fail(j, ErrClosed)
	}
	b.report(s)
	_ = end(nil)
}

// receive queues new requests, and ends those whose context has ended.
func (b *batcher) receive(s *scheduler) {
	b.mu.Lock()
	s.queue = append(s.queue, b.incoming...)
	b.incoming = nil
	b.mu.Unlock()
	gone := func(j *job) {
		if err := j.ctx.Err(); err != nil {
			_ = s.fail(j, err)
		}
	}
	for _, j := range slices.Clone(s.queue) {
		gone(j)
	}
	for _, l := range slices.Clone(s.lanes) {
		if len(l.job.lanes) > 0 { // not ended with an earlier lane
			gone(l.job)
		}
	}
}

// recover ends the requests that were running when a batch failed. Those that wait continue in an empty context.
func (b *batcher) recover(s *scheduler, err error) {
	for _, l := range slices.Clone(s.lanes) {
		if len(l.job.lanes) > 0 {
			_ = s.fail(l.job, err)
		}
	}
	s.clear()
}

// report publishes the scheduler's state.
func (b *batcher) report(s *scheduler) {
	waiting, running := 0, 0
	for _, j := range s.queue {
		if j.started == 0 {
			waiting++
		}
	}
	for i, l := range s.lanes {
		if !slices.ContainsFunc(s.lanes[:i], func(before *lane) bool { return before.job == l.job }) {
			running++
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting, b.running, b.stats = waiting+len(b.incoming), running, s.stats
}

// BatcherStats are counts of a [Batcher]'s work since it was created.
type BatcherStats struct {
	Waiting int // requests in the queue now
	Running int // requests in the batch now

	Refused   uint64 // requests that were refused with ErrBusy
	Batches   uint64 // batches computed
	Rows      uint64 // tokens computed in all batches: Rows / Batches is the mean batch size
	Prompt    uint64 // prompt tokens of all requests that have started
	Reused    uint64 // those of Prompt that were in the cache
	Generated uint64 // tokens chosen
	Drafted   uint64 // tokens that were guessed before they were chosen
	Accepted  uint64 // those of Drafted that were chosen
}

// Stats returns the current counts.
func (b *batcher) Stats() BatcherStats {
	b.mu.Lock()
	defer b.mu.Unlock()
	return BatcherStats{
		Waiting: b.waiting, Running: b.running, Refused: b.refused,
		Batches: b.stats.batches, Rows: b.stats.rows,
		Prompt: b.stats.prompt, Reused: b.stats.reused, Generated: b.stats.generated,
		Drafted: b.stats.drafted, Accepted: b.stats.accepted,
	}
}

// counters are a scheduler's counts.
type counters struct{ batches, rows, prompt, reused, generated, drafted, accepted uint64 }

func (c *counters) batch(b *batch) {
	c.batches++
	c.rows += uint64(len(b.tokens))
}
