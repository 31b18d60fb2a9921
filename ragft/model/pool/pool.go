package pool

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/ragft/ragft/ragft/model"
)

// PoolOptions says how a [Model] spreads requests. The zero value works.
type Options struct {
	// Concurrency is the number of requests that each member has at a time;
	// 0 = what the member's own options say, 1 where it has none.
	Concurrency int
	// Rest is how long a member that failed is left alone; 0 = 30 s.
	Rest   time.Duration
	Logger *slog.Logger // is told of members that fail; nil = slog.Default
}

// PoolModel spreads requests over several models with equal weights, such as
// one [ollama.Model] for each of several machines. It meets [model.Model] and is safe
// for concurrent use.
//
// Each request goes to the next member that is free. A member that fails is
// left alone for a while and its requests go to the others; only when all have
// failed is there an error, which tells of each. What is the request's own
// fault, and not the server's, is an error at once. A request carries its
// seed, so that its answer depends on the member only as far as they compute
// differently.
type Model struct {
	members []model.Model
	opts    Options

	mu      sync.Mutex
	resting []time.Time // until when; by member
}

// NewPool makes one model of several. They must have the same name, since
// that names their weights: an OpenAI-compatible server is given one by
// [openai.Options.Label].
func New(opts Options, members ...model.Model) (*Model, error) {
	if len(members) == 0 {
		return nil, errors.New("ragft: pool: it has no members")
	}
	for _, m := range members[1:] {
		if m.Name() != members[0].Name() {
			return nil, fmt.Errorf("ragft: pool: %s and %s are different models", members[0].Name(), m.Name())
		}
	}
	if opts.Rest <= 0 {
		opts.Rest = 30 * time.Second
	}
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	return &Model{members: members, opts: opts, resting: make([]time.Time, len(members))}, nil
}

// Name is the name that all members share.
func (p *Model) Name() string { return p.members[0].Name() }

// Hash is the hash of the members' weights, "" where it is unknown.
func (p *Model) Hash() string {
	if hasher, ok := model.As[model.Hasher](p.members[0]); ok {
		return hasher.Hash()
	}
	return ""
}

// workers is the number of requests that a member has at a time.
func (p *Model) workers(m model.Model) int {
	if p.opts.Concurrency > 0 {
		return p.opts.Concurrency
	}
	if limited, ok := model.As[model.Limiter](m); ok {
		return limited.Concurrency()
	}
	return 1
}

// poolRun is one call of Chat.
type poolRun struct {
	pool      *Model
	reqs      []model.Request
	responses []model.Response

	mu      sync.Mutex
	changed *sync.Cond
	waiting []int // requests that nobody has taken
	left    int   // requests without a response
	failed  []error
	err     error // of a request by its own fault, or of the context
}

// Chat spreads the requests over the members.
func (p *Model) Chat(ctx context.Context, reqs []model.Request) ([]model.Response, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := &poolRun{pool: p, reqs: reqs, responses: make([]model.Response, len(reqs)), left: len(reqs), failed: make([]error, len(p.members))}
	r.changed = sync.NewCond(&r.mu)
	for i := range reqs {
		r.waiting = append(r.waiting, i)
	}
	stop := context.AfterFunc(ctx, func() { r.fail(ctx.Err()) })
	defer stop()
	var wg sync.WaitGroup
	for _, member := range p.awake() {
		workers := min(p.workers(p.members[member]), len(reqs))
		for range workers {
			wg.Go(func() {
				if err := r.work(ctx, member); err != nil {
					cancel() // the others' requests
				}
			})
		}
	}
	wg.Wait()
	r.mu.Lock() // against fail at the context's end
	defer r.mu.Unlock()
	switch {
	case r.err != nil:
		return nil, fmt.Errorf("ragft: pool: %w", r.err)
	case r.left > 0:
		return nil, fmt.Errorf("ragft: pool: no member is left: %w", errors.Join(r.failed...))
	}
	return r.responses, nil
}

// awake are the members that do not rest; all, if all do.
func (p *Model) awake() []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	var awake, all []int
	for i, until := range p.resting {
		all = append(all, i)
		if time.Now().After(until) {
			awake = append(awake, i)
		}
	}
	if len(awake) == 0 {
		return all
	}
	return awake
}

func (p *Model) rest(member int, err error) {
	p.mu.Lock()
	p.resting[member] = time.Now().Add(p.opts.Rest)
	p.mu.Unlock()
	p.opts.Logger.Warn("a server of the pool is left out for a while", "member", member, "for", p.opts.Rest, "error", err)
}

// fail ends the run with its first error.
func (r *poolRun) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil && r.left > 0 {
		r.err = err
	}
	r.changed.Broadcast()
}

// take waits for a request that can be done; false = there is nothing left to do for the member.
func (r *poolRun) take(member int) (int, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.waiting) == 0 && r.left > 0 && r.err == nil && r.failed[member] == nil {
		r.changed.Wait() // for requests of members that fail
	}
	if len(r.waiting) == 0 || r.err != nil || r.failed[member] != nil {
		return 0, false
	}
	i := r.waiting[0]
	r.waiting = r.waiting[1:]
	return i, true
}

// work does requests with a member until none is left or it fails. Its error
// is that of a request that no member can do.
func (r *poolRun) work(ctx context.Context, member int) error {
	for {
		i, ok := r.take(member)
		if !ok {
			return nil
		}
		req, streamed := r.reqs[i], false
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
		case streamed || ownFault(err):
			r.fail(err)
			return err
		default:
			r.giveBack(i, member, err)
			return nil
		}
	}
}

func (r *poolRun) done(i int, response model.Response) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.responses[i] = response
	if r.left--; r.left == 0 {
		r.changed.Broadcast()
	}
}

// giveBack leaves a request of a member that failed to the others.
func (r *poolRun) giveBack(i, member int, err error) {
	r.mu.Lock()
	first := r.failed[member] == nil
	if first {
		r.failed[member] = err
	}
	r.waiting = append(r.waiting, i)
	r.changed.Broadcast()
	r.mu.Unlock()
	if first {
		r.pool.rest(member, err)
	}
}

// ownFault reports an error that another server would give as well.
func ownFault(err error) bool {
	return errors.Is(err, model.ErrRequest) || errors.Is(err, model.ErrPromptTooLong)
}
