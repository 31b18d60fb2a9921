// Package handback runs callbacks on the goroutine of the caller while other
// goroutines do the work.
package handback

import "github.com/ragft/ragft/ragft/model"

// Caller takes callbacks of workers to the goroutine that called [Run].
type Caller struct {
	calls chan func()
	gone  chan struct{} // closed when nobody takes calls any more
}

// Run calls work on another goroutine, and on this one, one at a time, what work
// and the goroutines that it starts give to the caller by [Caller.Do]. It returns
// when work has returned.
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

// Do has the caller call f, and returns when it has. If the caller is gone, f is
// not called.
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
