//go:build cgo

package llama

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// A request with many samples leaves the place of one that has ended to a request that came later, and goes on.
func TestRequestsTakeTurns(t *testing.T) {
	m := mustLoad(t, tinyModel(t))
	for i := range m.vocab.flags {
		m.vocab.flags[i] &^= endFlag // no answer ends early
	}
	b := mustBatcher(t, m, BatcherOptions{Queue: 8, Context: ContextOptions{Size: 2048, Sequences: 3}})
	const samples, length = 240, 40
	var tokens atomic.Int64
	begun, done := make(chan struct{}), make(chan error)
	go func() {
		_, err := b.Generate(context.Background(), []Request{{
			Prompt: []Token{1, 2, 3}, Samples: samples, MaxTokens: length,
			OnToken: func(int, ChosenToken) {
				if tokens.Add(1) == 1 {
					close(begun)
				}
			},
		}})
		done <- err
	}()
	<-begun
	for _, n := range []int{1, 2} {
		_, err := b.Generate(context.Background(), []Request{{Prompt: []Token{4, 5}, Samples: n, MaxTokens: 2}})
		require.NoError(t, err)
	}
	require.Less(t, tokens.Load(), int64(samples*length*3/4), "they did not wait for all of the other one's samples")
	require.NoError(t, <-done)
	require.Equal(t, int64(samples*length), tokens.Load())
}
