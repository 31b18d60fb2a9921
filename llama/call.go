//go:build cgo

package llama

import (
	"context"
	"sync"
)

// call is one call of a batcher that waits for its jobs. It gets callbacks by a list, which is at most as long as the
// answers.
type call struct {
	signal chan struct{}
	nudge  func() // makes the scheduler look for what it waited for

	mu     sync.Mutex
	events []func()
	left   int // jobs
	err    error
}

func newCall(jobs int, nudge func()) *call {
	return &call{left: jobs, signal: make(chan struct{}, 1), nudge: nudge}
}

// attend makes a job report to the call.
func (c *call) attend(ctx context.Context, j *job) {
	j.ctx = ctx
	j.grammars.tell(c.nudge)
	if onText := j.onText; onText != nil {
		j.onText = func(sample int, text string) { c.post(func() { onText(sample, text) }) }
	}
	if onToken := j.onToken; onToken != nil {
		j.onToken = func(sample int, token ChosenToken) { c.post(func() { onToken(sample, token) }) }
	}
	if onFirst := j.onFirst; onFirst != nil {
		j.onFirst = func(sample int, first []float32, answer func(bool)) {
			c.post(func() { onFirst(sample, first, answer) })
		}
	}
	if onDone := j.onDone; onDone != nil {
		j.onDone = func() { c.post(onDone) }
	}
	j.ended = func(err error) {
		j.release()
		c.mu.Lock()
		c.left--
		if c.err == nil {
			c.err = err
		}
		c.mu.Unlock()
		c.wake()
	}
}

func (c *call) post(event func()) {
	c.mu.Lock()
	c.events = append(c.events, event)
	c.mu.Unlock()
	c.wake()
}

func (c *call) wake() {
	select {
	case c.signal <- struct{}{}:
	default:
	}
}

// wait runs the callbacks until all jobs have ended, one has failed, or ctx ends.
func (c *call) wait(ctx context.Context) error {
	for {
		select {
		case <-c.signal:
		case <-ctx.Done():
			return ctx.Err()
		}
		c.mu.Lock()
		events, left, err := c.events, c.left, c.err
		c.events = nil
		c.mu.Unlock()
		for _, event := range events {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			event()
		}
		c.nudge()
		if err != nil || left == 0 {
			return err
		}
	}
}
