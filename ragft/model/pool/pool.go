package pool

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/ragft/ragft/internal/handback"
	"github.com/ragft/ragft/ragft/model"
)

// Model spreads requests over several models with equal weights, such as one
// [ollama.Model] for each of several machines. It implements [model.Model],
// [model.Hasher] and [model.Limiter], and is safe for concurrent use.
//
// Each request goes to the next member that is free. A member takes as many
// requests at a time as it says as a [model.Limiter], one if it is not. A member
// that fails is left out for 30 s and its requests go to the others; only when
// all have failed is there an error, which names the error of each. A request
// that any server would refuse is an error at once. A request carries its seed,
// so that its answer depends on the member only as far as they compute
// differently.
type Model struct {
	members []model.Model
	pause   time.Duration // for which a member that failed is left out

	mu    sync.Mutex
	until []time.Time // when each member is available again
}

// New makes one model of several, which must have the same name, since that
// names their weights: an OpenAI-compatible server gets it by
// [openai.Options.Label]. Members that fail are logged with [slog.Default].
func New(members ...model.Model) (*Model, error) {
	if len(members) == 0 {
		return nil, errors.New("ragft: pool: no members")
	}
	for _, m := range members[1:] {
		if m.Name() != members[0].Name() {
			return nil, fmt.Errorf("ragft: pool: %s and %s are different models", members[0].Name(), m.Name())
		}
	}
	return &Model{members: members, pause: 30 * time.Second, until: make([]time.Time, len(members))}, nil
}

// Name returns the name that all members share.
func (p *Model) Name() string { return p.members[0].Name() }

// Hash returns the hash of the members' weights, "" if it is unknown.
func (p *Model) Hash() string {
	if hasher, ok := model.As[model.Hasher](p.members[0]); ok {
		return hasher.Hash()
	}
	return ""
}

// Concurrency returns the number of requests that all members together run at a time.
func (p *Model) Concurrency() int {
	n := 0
	for _, m := range p.members {
		n += concurrency(m)
	}
	return n
}

// concurrency returns the number of requests that a member runs at a time.
func concurrency(m model.Model) int {
	if limited, ok := model.As[model.Limiter](m); ok {
		return limited.Concurrency()
	}
	return 1
}

// run is one call of Chat.
type run struct {
	pool      *Model
	reqs      []model.Request
	responses []model.Response
	caller    *handback.Caller

	mu      sync.Mutex
	changed *sync.Cond
	waiting []int   // requests that no member has taken
	left    int     // requests without a response
	failed  []error // by member
	err     error   // that ends the run: of a request that any server would refuse, or of the context
}

// Chat spreads the requests over the members. See [Model].
func (p *Model) Chat(ctx context.Context, reqs []model.Request) ([]model.Response, error) {
	asked := ctx
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := &run{pool: p, reqs: reqs, responses: make([]model.Response, len(reqs)), left: len(reqs), failed: make([]error, len(p.members))}
	r.changed = sync.NewCond(&r.mu)
	for i := range reqs {
		r.waiting = append(r.waiting, i)
	}
	stop := context.AfterFunc(ctx, func() { r.fail(ctx.Err()) })
	defer stop()
	handback.Run(func(caller *handback.Caller) {
		r.caller = caller
		var wg sync.WaitGroup
		for _, member := range p.available() {
			workers := min(concurrency(p.members[member]), len(reqs))
			for range workers {
				wg.Go(func() {
					if err := r.work(ctx, member); err != nil {
						cancel() // the others' requests
					}
				})
			}
		}
		wg.Wait()
	})
	r.mu.Lock() // against fail at the context's end
	defer r.mu.Unlock()
	if r.err == nil && r.left > 0 {
		r.err = asked.Err() // the members may have ended with the context before fail was called
	}
	switch {
	case r.err != nil:
		return nil, fmt.Errorf("ragft: pool: %w", r.err)
	case r.left > 0:
		return nil, fmt.Errorf("ragft: pool: all members failed: %w", errors.Join(r.failed...))
	}
	return r.responses, nil
}

// available returns the members that are not left out; all, if all are.
func (p *Model) available() []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	var available, all []int
	for i, until := range p.until {
		all = append(all, i)
		if time.Now().After(until) {
			available = append(available, i)
		}
	}
	if len(available) == 0 {
		return all
	}
	return available
}

// backOff leaves a member out for a while.
func (p *Model) backOff(member int, err error) {
	p.mu.Lock()
	p.until[member] = time.Now().Add(p.pause)
	p.mu.Unlock()
	slog.Warn("a model of the pool failed and is left out for a while", "member", member, "for", p.pause, "error", err)
}

// fail ends the run with its first error.
func (r *run) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil && r.left > 0 {
		r.err = err
	}
	r.changed.Broadcast()
}

// take waits for a request that the member can do; false = there is none left.
func (r *run) take(member int) (int, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.waiting) == 0 && r.left > 0 && r.err == nil && r.failed[member] == nil {
		r.changed.Wait() // other members may fail and return their requests
	}
	if len(r.waiting) == 0 || r.err != nil || r.failed[member] != nil {
		return 0, false
	}
	i := r.waiting[0]
	r.waiting = r.waiting[1:]
	return i, true
}

// work does requests with a member until none is left or it fails. It returns
// an error if no member can do a request.
func (r *run) work(ctx context.Context, member int) error {
	for {
		i, ok := r.take(member)
		if !ok {
			return nil
		}
		req, streamed := r.caller.Request(r.reqs[i]), false
		if onText := req.OnText; onText != nil {
			req.OnText = func(piece string) {
				streamed = true
				onText(piece)
			}
		}
		responses, err := r.pool.members[member].Chat(ctx, []model.Request{req})
		switch {
		case err == nil:
			r.done(i, responses[0])
		case ctx.Err() != nil:
			return nil
		case streamed || isRequestError(err):
			r.fail(err)
			return err
		default:
			r.requeue(i, member, err)
			return nil
		}
	}
}

func (r *run) done(i int, response model.Response) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.responses[i] = response
	if r.left--; r.left == 0 {
		r.changed.Broadcast()
	}
}

// requeue returns a request of a member that failed, for the others.
func (r *run) requeue(i, member int, err error) {
	r.mu.Lock()
	first := r.failed[member] == nil
	if first {
		r.failed[member] = err
	}
	r.waiting = append(r.waiting, i)
	r.changed.Broadcast()
	r.mu.Unlock()
	if first {
		r.pool.backOff(member, err)
	}
}

// isRequestError reports an error that every member would return.
func isRequestError(err error) bool {
	return errors.Is(err, model.ErrRequest) || errors.Is(err, model.ErrPromptTooLong)
}
