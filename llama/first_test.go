//go:build cgo

package llama

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The first token of a sample is asked about on the goroutine of the caller, whom alone it delays and whom alone a panic meets.
func TestFirstOfABatcher(t *testing.T) { inBothLayouts(t, testFirstOfABatcher) }

func testFirstOfABatcher(t *testing.T, separate bool) {
	m := mustLoad(t, tinyModel(t))
	b := mustBatcher(t, m, BatcherOptions{Context: ContextOptions{Size: 512, Sequences: 4}, SeparateCaches: separate})
	prompt := mustTokenize(t, m, "The mill")
	plain := Request{Prompt: prompt, Samples: 3, MaxTokens: 6, First: []Token{7, 9}}
	want, err := b.Generate(t.Context(), []Request{plain})
	require.NoError(t, err)

	asked := plain
	var calls []string
	asked.OnFirst = func(sample int, first []float32) bool {
		calls = append(calls, "first") // without a lock: the race detector knows if this is another goroutine
		require.Len(t, first, 2)
		return sample != 1
	}
	asked.OnToken = func(int, ChosenToken) { calls = append(calls, "token") }
	got, err := b.Generate(t.Context(), []Request{asked})
	require.NoError(t, err)
	require.Equal(t, "first", calls[0])
	for i, s := range got[0].Samples {
		if i == 1 {
			require.Equal(t, Sample{First: s.First, Stop: StopFirst, Tokens: []Token{}, LogProbs: []float32{}}, s)
			continue
		}
		require.Equal(t, want[0].Samples[i].Tokens, s.Tokens)
	}

	// One caller takes its time, and others do not wait for it.
	slow, others := asked, asked
	slow.OnToken, others.OnToken = nil, nil
	begun, end := make(chan struct{}), make(chan struct{})
	slow.Samples, slow.OnFirst = 1, func(int, []float32) bool { close(begun); <-end; return true }
	others.OnFirst = func(int, []float32) bool { return true }
	done := make(chan error)
	go func() {
		_, err := b.Generate(t.Context(), []Request{slow})
		done <- err
	}()
	<-begun
	others.Sampling.Grammar, others.First = `root ::= [a-z]+`, nil
	_, err = b.Generate(t.Context(), []Request{others, plain})
	require.NoError(t, err)
	close(end)
	require.NoError(t, <-done)

	// A caller who is gone leaves nothing behind, however it went.
	require.PanicsWithValue(t, "callback", func() {
		broken := asked
		broken.OnFirst = func(int, []float32) bool { panic("callback") }
		_, _ = b.Generate(context.Background(), []Request{broken})
	})
	ctx, cancel := context.WithCancel(t.Context())
	gone := asked
	gone.OnFirst = func(int, []float32) bool { cancel(); return true }
	_, err = b.Generate(ctx, []Request{gone})
	require.ErrorIs(t, err, context.Canceled)
	require.Eventually(t, func() bool { return b.Stats().Running == 0 }, 10*time.Second, time.Millisecond)
	got, err = b.Generate(t.Context(), []Request{plain})
	require.NoError(t, err)
	require.True(t, slices.Equal(want[0].Samples[0].Tokens, got[0].Samples[0].Tokens))
}
