package pool

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ragft/ragft/internal/layout"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/ragft/model"
	"github.com/stretchr/testify/require"
)

// poolMember answers with what it was asked, and fails when told to.
type poolMember struct {
	name  string
	calls atomic.Int32
	fail  func(call int32, req model.Request) error
	delay time.Duration
}

func (m *poolMember) Name() string { return m.name }

func (m *poolMember) Concurrency() int { return 2 }

func (m *poolMember) Chat(ctx context.Context, reqs []model.Request) ([]model.Response, error) {
	call := m.calls.Add(1)
	select {
	case <-time.After(m.delay):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	out := make([]model.Response, len(reqs))
	for i, req := range reqs {
		if req.OnText != nil {
			req.OnText("piece")
		}
		if m.fail != nil {
			if err := m.fail(call, req); err != nil {
				return nil, err
			}
		}
		out[i].Samples = []model.Sample{fake.Says(fmt.Sprint(req.Messages[0].Content, req.Seed))}
	}
	return out, nil
}

func poolRequests(n int) (reqs []model.Request, want []model.Response) {
	for i := range n {
		reqs = append(reqs, model.Request{Messages: layout.Chat("s", "u"), Seed: uint64(i)})
		want = append(want, model.Response{Samples: []model.Sample{fake.Says(fmt.Sprint("s", i))}})
	}
	return reqs, want
}

// quiet discards what the test logs.
func quiet(t *testing.T) {
	before := slog.Default()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	t.Cleanup(func() { slog.SetDefault(before) })
}

func texts(responses []model.Response) (out []string) {
	for _, r := range responses {
		out = append(out, r.Samples[0].Text)
	}
	return out
}

func TestPoolSpreads(t *testing.T) {
	quiet(t)
	broken := errors.New("the machine is on fire")
	reqs, want := poolRequests(60)

	a, b := &poolMember{name: "m", delay: time.Millisecond}, &poolMember{name: "m", delay: time.Millisecond}
	pool, err := New(a, b)
	require.NoError(t, err)
	got, err := pool.Chat(t.Context(), reqs)
	require.NoError(t, err)
	require.Equal(t, texts(want), texts(got), "in the order of the requests")
	require.Equal(t, int32(60), a.calls.Load()+b.calls.Load())
	require.Greater(t, min(a.calls.Load(), b.calls.Load()), int32(5), "both work")
	require.Equal(t, 4, pool.Concurrency())

	// One fails in the middle: the other does its requests, and it is left alone.
	c := &poolMember{name: "m", delay: time.Millisecond, fail: func(call int32, _ model.Request) error {
		if call > 3 {
			return broken
		}
		return nil
	}}
	pool, err = New(c, b)
	require.NoError(t, err)
	got, err = pool.Chat(t.Context(), reqs)
	require.NoError(t, err)
	require.Equal(t, texts(want), texts(got))
	calls := c.calls.Load()
	_, err = pool.Chat(t.Context(), reqs)
	require.NoError(t, err)
	require.Equal(t, calls, c.calls.Load(), "it rests")
	pool.until[0] = time.Now()
	_, err = pool.Chat(t.Context(), reqs)
	require.NoError(t, err)
	require.Greater(t, c.calls.Load(), calls, "it is tried again")

	// All fail.
	pool, err = New(&poolMember{name: "m", fail: func(int32, model.Request) error { return broken }},
		&poolMember{name: "m", fail: func(int32, model.Request) error { return model.ErrUnavailable }})
	require.NoError(t, err)
	_, err = pool.Chat(t.Context(), reqs)
	require.ErrorIs(t, err, broken)
	require.ErrorIs(t, err, model.ErrUnavailable)
}

func TestPoolErrors(t *testing.T) {
	quiet(t)
	_, err := New()
	require.ErrorContains(t, err, "no members")
	_, err = New(&poolMember{name: "a"}, &poolMember{name: "b"})
	require.ErrorContains(t, err, "different models")

	// A request's own fault ends the call, and nobody has to rest for it.
	a, b := &poolMember{name: "m"}, &poolMember{name: "m"}
	a.fail = func(_ int32, req model.Request) error {
		if req.Seed == 5 {
			return fmt.Errorf("x: %w", model.ErrPromptTooLong)
		}
		return nil
	}
	b.fail = a.fail
	pool, err := New(a, b)
	require.NoError(t, err)
	reqs, _ := poolRequests(20)
	_, err = pool.Chat(t.Context(), reqs)
	require.ErrorIs(t, err, model.ErrPromptTooLong)
	require.Len(t, pool.available(), 2)
	require.True(t, pool.until[0].IsZero())

	// Streamed text is not taken back by another member.
	a.fail = func(int32, model.Request) error { return errors.New("cut off") }
	pieces := 0
	_, err = pool.Chat(t.Context(), []model.Request{{Messages: layout.Chat("s", "u"), OnText: func(string) { pieces++ }}})
	if a.calls.Load() > 0 && err != nil {
		require.ErrorContains(t, err, "cut off")
	}
	require.Equal(t, 1, pieces)

	slow := &poolMember{name: "m", delay: time.Minute}
	pool, err = New(slow, slow)
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err = pool.Chat(ctx, reqs)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	got, err := pool.Chat(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, got)
}
