package ragft

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/ragft/ragft/internal/plural"
)

// tick is how often a step that is at work is heard of, whatever it does.
const tick = 500 * time.Millisecond

// rateAfter is how long a phase has to run before its rate is told.
const rateAfter = time.Second

// work is a step at work: it tells [Config.Progress] how far it is. Its methods
// may be called from several goroutines.
type work struct {
	project *Project
	unlock  func() // of the step
	stop    chan struct{}
	ended   sync.WaitGroup
	started time.Time
	now     func() time.Time

	mu     sync.Mutex
	over   bool // what is still at work, such as an answer of an assistant, is not heard of
	state  Progress
	begun  time.Time // the phase, or its round
	first  int       // done before that, by an earlier run or from the cache
	last   time.Time // when Done last moved
	calls  int       // of models, in this phase
	tokens int       // about how many were generated in this phase, as far as models stream
	read   int       // tokens of prompts that models read in this step
	reused int       // those that they did not have to read again

	relayed Progress // what a worker said last, and when
	heard   time.Time
}

// begin takes the project for a step, once no other step is at work. End it with end.
func (p *Project) begin(ctx context.Context, step string) (*work, error) {
	for !p.mu.TryLock() { // a step may be at work for hours
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
	if p.closed {
		p.mu.Unlock()
		return nil, errClosed
	}
	unlock, err := p.alone(ctx, step)
	if err != nil {
		p.mu.Unlock()
		return nil, err
	}
	w := &work{project: p, unlock: unlock, stop: make(chan struct{}), started: time.Now(), now: time.Now, state: Progress{Step: step}}
	p.current.Store(w)
	if p.config.Progress != nil {
		w.ended.Go(func() {
			t := time.NewTicker(tick)
			defer t.Stop()
			for {
				select {
				case <-w.stop:
					return
				case <-t.C:
					w.mu.Lock()
					w.tell()
					w.repeat()
					w.mu.Unlock()
				}
			}
		})
	}
	return w, nil
}

// end gives the project back.
func (w *work) end() {
	w.mu.Lock()
	read, reused := w.read, w.reused
	w.mu.Unlock()
	if read > 0 {
		w.say("%s of prompts %s read, %d more %s shared with other prompts", plural.N(read, "token"), plural.Pick(read, "was", "were"),
			reused, plural.Pick(reused, "was", "were"))
	}
	w.mu.Lock()
	w.over = true
	w.mu.Unlock()
	close(w.stop)
	w.ended.Wait()
	w.project.current.Store(nil)
	w.unlock()
	w.project.mu.Unlock()
}

// phase begins something that is counted in a unit.
func (w *work) phase(name, unit string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state = Progress{Step: w.state.Step, Phase: name, Unit: unit}
	w.restart(0)
}

// restart begins to measure the rate.
func (w *work) restart(first int) {
	w.begun, w.last, w.first = w.now(), w.now(), first
	w.calls, w.tokens = 0, 0
}

// set tells how far the phase is. A smaller number than before is another round.
func (w *work) set(done, total int, note string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if done < w.state.Done {
		w.restart(0)
	}
	if done != w.state.Done {
		w.last = w.now()
	}
	w.state.Done, w.state.Total, w.state.Note = done, total, note
	w.tell()
}

// skip leaves what is done so far, by an earlier run or the cache, out of the rate.
func (w *work) skip(done int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.restart(done)
}

// called counts requests that a model answered, or tokens that it is generating.
func (w *work) called(requests, tokens int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls, w.tokens = w.calls+requests, w.tokens+tokens
	if requests > 0 {
		w.tell()
	}
}

// prompt counts a prompt of so many tokens, some of which were read for another one.
func (w *work) prompt(cached bool, tokens, reused int) {
	if cached {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.read, w.reused = w.read+tokens-reused, w.reused+reused
}

// listener is who is told; nil is nobody, as once the step has ended. w.mu is held.
func (w *work) listener() func(Progress) {
	if w.over {
		return nil
	}
	return w.project.config.Progress
}

// say shows a message.
func (w *work) say(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if tell := w.listener(); tell != nil {
		tell(Progress{Step: w.state.Step, Phase: w.state.Phase, Note: fmt.Sprintf(format, args...)})
	}
}

// tell gives the state on, with the rate where it is known. w.mu is held.
func (w *work) tell() {
	tell := w.listener()
	if tell == nil || w.state.Phase == "" {
		return
	}
	s := w.state
	s.Total = max(s.Total, 1)
	if took := w.last.Sub(w.begun); s.Done > w.first && took >= rateAfter {
		s.Rate = float64(s.Done-w.first) / took.Seconds()
		left := time.Duration(float64(s.Total-s.Done)/s.Rate*float64(time.Second)) - w.now().Sub(w.last)
		s.Remaining = max(left, 0)
	}
	if w.calls > 0 || w.tokens > 0 {
		counted := plural.N(w.calls, "request")
		if w.calls == 1 {
			counted = "1 request"
		}
		if w.tokens > 0 {
			counted += ", about " + plural.N(w.tokens, "token")
		}
		if s.Note != "" {
			counted = s.Note + ", " + counted
		}
		s.Note = counted
	}
	tell(s)
}

// relay tells what a worker says.
func (w *work) relay(p Progress) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p.Total > 0 {
		w.relayed, w.heard = p, w.now()
	}
	if tell := w.listener(); tell != nil {
		tell(p)
	}
}

// repeat tells again what a worker said that has been silent since. w.mu is held.
func (w *work) repeat() {
	if tell := w.listener(); tell != nil && w.relayed.Phase != "" && w.now().Sub(w.heard) > tick {
		tell(w.relayed)
	}
}

// atWork is the step that runs, or nil.
func (p *Project) atWork() *work { return p.current.Load() }

// took is how long the step has run.
func (w *work) took() time.Duration { return cmp.Or(w.now().Sub(w.started), 1) }
