//go:build cgo

package lora

import (
	"context"
	"sync"
)

// Control pauses and resumes a training from another goroutine; a context cancels it. The zero value is ready, and the
// methods may be called at any time from any goroutine.
type Control struct {
	mu       sync.Mutex
	resume   chan struct{} // closed by Resume; nil while nothing is asked
	standing bool
}

// Pause has the training stand still after the step under way. It then writes a checkpoint, and takes no processor time
// until Resume, though it keeps its memory. Pause does not wait for that; see Paused.
func (c *Control) Pause() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.resume == nil {
		c.resume = make(chan struct{})
	}
}

// Resume lets a paused training go on.
func (c *Control) Resume() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.resume != nil {
		close(c.resume)
		c.resume = nil
	}
}

// Paused says whether the training stands still, its checkpoint written.
func (c *Control) Paused() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.standing
}

// wait blocks while a pause is asked for, after paused has been called.
func (c *Control) wait(ctx context.Context, paused func() error) error {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	resume := c.resume
	c.mu.Unlock()
	if resume == nil {
		return nil
	}
	if err := paused(); err != nil {
		return err
	}
	c.setStanding(true)
	defer c.setStanding(false)
	select {
	case <-resume:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *Control) setStanding(is bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.standing = is
}
