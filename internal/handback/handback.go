// Package handback runs callbacks on the goroutine of the caller while other
// goroutines do the work.
package handback

import "github.com/ragft/ragft/ragft/model"

// Caller takes callbacks of workers to the goroutine that called [Run].
type Caller struct {
	calls chan func()
	gone  chan struct{} // closed when nobody takes calls any more
}

// Run calls work on another goroutine. The functions that work, and goroutines that
// it starts, pass to [Caller.Do] are called on this goroutine, one at a time. Run
// returns when work has returned.
func Run(work func(c *Caller)) {
	c := &Caller{calls: make(chan func()), gone: make(chan struct{})}
	defer close(c.gone) // a callback may panic: workers must not wait for it
	done := make(chan struct{})
	go func() {
		defer close(done)
		work(c)
	}()
	for {
		select {
		case call := <-c.calls:
			call()
		case <-done:
			return
		}
	}
}

// Do calls f on the caller's goroutine, and returns after that. If the caller is gone,
// f is not called.
func (c *Caller) Do(f func()) {
	called := make(chan struct{})
	call := func() {
		defer close(called)
		f()
	}
	select {
	case c.calls <- call:
		<-called
	case <-c.gone:
	}
}

// Request returns a request whose callbacks are called by the caller.
func (c *Caller) Request(r model.Request) model.Request {
	if onText := r.OnText; onText != nil {
		r.OnText = func(piece string) { c.Do(func() { onText(piece) }) }
	}
	if onDone := r.OnDone; onDone != nil {
		r.OnDone = func() { c.Do(onDone) }
	}
	if onFirst := r.OnFirst; onFirst != nil {
		r.OnFirst = func(excluded float64) (goesOn bool) {
			c.Do(func() { goesOn = onFirst(excluded) })
			return goesOn
		}
	}
	return r
}
