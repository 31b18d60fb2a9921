//go:build cgo

package llama

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/testmodel"
)

// staggered are requests whose first sample ends at once, so that the second ones of later requests start while the first are at
// work. With a recurrent state a sample that starts so computes its prompt again.
func staggered(t *testing.T, m *Model, requests int) []Request {
	prompt := mustTokenize(t, m, strings.Repeat("a ", 20))
	out := make([]Request, requests)
	for i := range out {
		out[i] = Request{
			Prompt: append(mustTokenize(t, m, strings.Repeat("b", i+1)), prompt...), Samples: 3, MaxTokens: 4 + i%3,
			OnFirst: func(sample int, _ []float32) bool { return sample != i%2 },
		}
	}
	return out
}

// TestCellsOfStaggeredSamples counts the cells after samples of a request have started one by one.
func TestCellsOfStaggeredSamples(t *testing.T) {
	for _, arch := range []string{"llama", "mamba"} {
		m := mustLoad(t, testmodel.New(t, testmodel.Spec{Arch: arch, Pre: "qwen2"}))
		goOn(m)
		c := mustContext(t, m, ContextOptions{Size: 256, Sequences: 3})
		end, err := c.begin(t.Context(), c.whole)
		require.NoError(t, err)
		s := newScheduler(c, 0)
		s.queue, err = c.newJobs(staggered(t, m, 20))
		require.NoError(t, err)
		require.NoError(t, end(s.run(t.Context())), arch)
		require.Equal(t, s.layout.size, s.cells.free, arch)
		require.Empty(t, s.cells.holdings, arch)
	}
}

// TestStaggeredSamples has so many requests that cells that are lost would leave none for the last ones.
func TestStaggeredSamples(t *testing.T) {
	m := mustLoad(t, testmodel.New(t, testmodel.Spec{Arch: "mamba", Pre: "qwen2"}))
	goOn(m)
	requests := staggered(t, m, 20)
	b := mustBatcher(t, m, BatcherOptions{Context: ContextOptions{Size: 256, Sequences: 3}})
	batched, err := b.Generate(t.Context(), requests)
	require.NoError(t, err)
	for i, r := range mustGenerate(t, mustContext(t, m, ContextOptions{Size: 256, Sequences: 3}), requests...) {
		for sample := range r.Samples {
			want := requests[i].MaxTokens
			if sample == i%2 {
				want = 0 // StopFirst
			}
			require.Len(t, r.Samples[sample].Tokens, want, "%d %d", i, sample)
			require.Len(t, batched[i].Samples[sample].Tokens, want, "%d %d", i, sample)
		}
	}
}

// TestNoRoomIsAnError has a scheduler that has lost all its cells: its request ends, and the next ones go on.
func TestNoRoomIsAnError(t *testing.T) {
	c := smallContext(t)
	q := newQueued(t, c)
	prompt := mustTokenize(t, c.model, "a b c")
	q.cells.free = 0
	jobs, err := c.newJobs([]Request{{Prompt: prompt}})
	require.NoError(t, err)
	q.queue = jobs
	require.ErrorIs(t, q.run(t.Context()), errNoRoom)

	q.cells.free, q.queue = 0, nil
	lost := q.add("lost", prompt, 4)
	lost.ended = func(err error) { require.ErrorIs(t, err, errNoRoom) }
	q.add("next", prompt, 4)
	q.finish()
	require.Equal(t, []string{"next"}, q.ended)
}
