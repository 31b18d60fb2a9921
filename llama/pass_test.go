//go:build cgo

package llama

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// queued is a scheduler in a cache of 256 tokens that a test moves on batch by batch, with requests that can pass each other.
type queued struct {
	*scheduler
	t     *testing.T
	ended []string // names of requests, in the order in which they ended
}

func newQueued(t *testing.T, c *Context) *queued {
	end, err := c.begin(context.Background(), c.whole)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, end(nil)) })
	return &queued{scheduler: newScheduler(c, c.kept()), t: t}
}

// add queues a request.
func (q *queued) add(name string, prompt []Token, maxTokens int) *job {
	jobs, err := q.newJobs([]Request{{Prompt: prompt, MaxTokens: maxTokens}})
	require.NoError(q.t, err)
	jobs[0].ended = func(err error) {
		require.NoError(q.t, err)
		q.ended = append(q.ended, name)
	}
	q.queue = append(q.queue, jobs[0])
	return jobs[0]
}

// next computes one batch, and reports whether there was one.
func (q *queued) next() bool {
	working, err := q.step()
	require.NoError(q.t, err)
	return working
}

func (q *queued) finish() {
	for q.next() {
	}
	require.Empty(q.t, q.queue)
}

// smallContext has a cache of 256 tokens, in which no answer ends early.
func smallContext(t *testing.T) *Context {
	m := mustLoad(t, tinyModel(t))
	for i := range m.vocab.flags {
		m.vocab.flags[i] &^= endFlag
	}
	return mustContext(t, m, ContextOptions{Size: 256, Sequences: 3, ExactAttention: true})
}

// prompt has n tokens and begins like no other with another first token.
func prompt(first Token, n int) []Token {
	tokens := slices.Repeat([]Token{40}, n)
	tokens[0] = first
	return tokens
}

// A short request that comes after a long one that does not fit is answered first.
func TestShortPassesLong(t *testing.T) {
	c := smallContext(t)
	running, long, short := prompt(1, 100), prompt(2, 100), prompt(3, 5)
	want := mustGenerate(t, c, Request{Prompt: long, MaxTokens: 100})[0].Samples[0].Tokens
	q := newQueued(t, c)
	q.add("running", running, 100)
	j := q.add("long", long, 100)
	q.add("short", short, 5)
	q.finish()
	require.Equal(t, []string{"short", "running", "long"}, q.ended)
	require.Equal(t, want, j.samples[0].Tokens)
}

// Short requests without end do not starve a long one.
func TestLongIsNotStarved(t *testing.T) {
	q := newQueued(t, smallContext(t))
	q.add("running", prompt(1, 100), 40)
	long := q.add("long", prompt(2, 150), 50)
	for long.started == 0 {
		for len(q.queue) < 4 {
			q.add("short", prompt(Token(3+q.turn%30), 5), 60) // beside one of them the long one does not fit
		}
		require.True(t, q.next())
		require.Less(t, q.turn, uint64(patience+80))
	}
	require.GreaterOrEqual(t, q.turn, uint64(patience))
	require.Contains(t, q.ended, "short")
	q.finish()
	require.Contains(t, q.ended, "long")
}

// What is kept of the prompt of a long request that waits for room is there when it starts.
func TestPassingKeepsWhatTheFirstNeeds(t *testing.T) {
	q := newQueued(t, smallContext(t))
	q.add("kept", prompt(1, 60), 4)
	q.finish()
	q.add("running", prompt(2, 100), 50)
	long := q.add("long", append(prompt(1, 60), 50, 51, 52), 100)
	q.add("too long without what is kept", prompt(3, 30), 30)
	q.add("short", prompt(4, 20), 10) // is not kept in place of the other
	for long.started == 0 {
		require.True(t, q.next())
	}
	require.Equal(t, []string{"kept", "short", "running"}, q.ended)
	require.Equal(t, 60, long.reused)
	q.finish()
	require.Len(t, q.ended, 5)
}
