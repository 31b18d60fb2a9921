package handback

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft/model"
)

// The race detector sees a callback that does not run on the caller's goroutine.
func TestCallbacksRunOnTheCaller(t *testing.T) {
	said, done := map[string]int{}, 0
	request := model.Request{
		OnText:  func(piece string) { said[piece]++ },
		OnDone:  func() { done++ },
		OnFirst: func(excluded float64) bool { said["first"]++; return excluded < 0.5 },
	}
	Run(func(c *Caller) {
		var workers sync.WaitGroup
		for range 8 {
			workers.Go(func() {
				r := c.Request(request)
				for range 100 {
					r.OnText("x")
				}
				require.True(t, r.OnFirst(0.1))
				require.False(t, r.OnFirst(0.9))
				r.OnDone()
			})
		}
		workers.Wait()
	})
	require.Equal(t, map[string]int{"x": 800, "first": 16}, said)
	require.Equal(t, 8, done)
	Run(func(c *Caller) { require.Nil(t, c.Request(model.Request{}).OnText, "nobody listens") })
}

func TestWorkersDoNotWaitForACallerThatPanicked(t *testing.T) {
	finished := make(chan struct{})
	require.PanicsWithValue(t, "callback", func() {
		Run(func(c *Caller) {
			defer close(finished)
			c.Do(func() { panic("callback") })
			c.Do(func() { t.Error("nobody is there to call it") })
		})
	})
	<-finished
}
