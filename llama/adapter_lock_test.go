//go:build cgo

package llama

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/testmodel"
)

// TestAdaptersDuringTokenization does everything with adapters while the model is in use, as by the tokenization of a long text.
func TestAdaptersDuringTokenization(t *testing.T) {
	path := tinyModel(t)
	file := testmodel.NewAdapter(t, path, testmodel.AdapterSpec{})
	m := mustLoad(t, path)
	b := mustBatcher(t, m, BatcherOptions{Context: ContextOptions{Size: 512, Sequences: 2}})
	c := mustContext(t, m, ContextOptions{Size: 256})
	all := func() error {
		a, err := m.LoadAdapter(file)
		if err != nil {
			return err
		}
		requests := []Request{
			{Prompt: []Token{1, 2}, MaxTokens: 3, Adapters: []AdapterScale{{a, 1}}},
			{Prompt: []Token{1, 2}, MaxTokens: 3, Adapters: []AdapterScale{{a, 0.5}}},
		}
		_, err = b.Generate(context.Background(), requests)
		err = errors.Join(err, c.SetAdapters(AdapterScale{a, 1}))
		_, err2 := c.Generate(context.Background(), requests)
		return errors.Join(err, err2, a.Close(), c.SetAdapters(), c.Close())
	}
	release, err := m.use()
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- all() }()
	select {
	case err = <-done:
		release()
	case <-time.After(time.Minute):
		release()
		err = errors.Join(errors.New("it waited for the tokenization"), <-done)
	}
	require.NoError(t, err)
}

// TestAdapterClosedBetweenRequests closes the adapter of a context while a call computes without it, before a request with it.
func TestAdapterClosedBetweenRequests(t *testing.T) {
	path := tinyModel(t)
	m := mustLoad(t, path)
	a, err := m.LoadAdapter(testmodel.NewAdapter(t, path, testmodel.AdapterSpec{}))
	require.NoError(t, err)
	c := mustContext(t, m, ContextOptions{Size: 256, Sequences: 1, ExactAttention: true})
	require.NoError(t, c.SetAdapters(AdapterScale{a, 1}))
	with := Request{Prompt: []Token{50, 60, 70}, MaxTokens: 8}
	want := mustGenerate(t, c, with)[0].Samples[0].Tokens
	without := with
	without.Adapters = []AdapterScale{}
	without.OnToken = func(int, ChosenToken) { require.NoError(t, a.Close()) }
	got := mustGenerate(t, c, without, with)
	require.NotEqual(t, want, got[0].Samples[0].Tokens)
	require.Equal(t, want, got[1].Samples[0].Tokens)
	require.NoError(t, c.SetAdapters())
	require.Nil(t, a.ptr, "freed with its last use")
}

// TestCloseWithAdapters closes contexts, adapters and the model at once, while requests use them.
func TestCloseWithAdapters(t *testing.T) {
	path := tinyModel(t)
	file := testmodel.NewAdapter(t, path, testmodel.AdapterSpec{})
	for range 5 {
		m, err := load(path)
		require.NoError(t, err)
		b, err := m.NewBatcher(BatcherOptions{Context: ContextOptions{Size: 512, Sequences: 3, Threads: 1}})
		require.NoError(t, err)
		c, err := m.NewContext(ContextOptions{Size: 256, Threads: 1})
		require.NoError(t, err)
		var first, second *Adapter
		for _, a := range []**Adapter{&first, &second} {
			*a, err = m.LoadAdapter(file)
			require.NoError(t, err)
		}
		require.NoError(t, c.SetAdapters(AdapterScale{first, 1}))
		var wg sync.WaitGroup
		started := make(chan struct{})
		var once sync.Once
		errs := make(chan error, 8)
		until := func(call func() error) {
			wg.Go(func() {
				var err error
				for err == nil {
					err = call()
				}
				errs <- err
			})
		}
		for _, a := range []*Adapter{first, second} {
			until(func() error {
				_, err := b.Generate(context.Background(), []Request{{Prompt: []Token{1}, MaxTokens: 5, Adapters: []AdapterScale{{a, 1}},
					OnToken: func(int, ChosenToken) { once.Do(func() { close(started) }) }}})
				return err
			})
		}
		until(func() error { return c.SetAdapters(AdapterScale{second, 1}) })
		until(func() error {
			a, err := m.LoadAdapter(file)
			if err != nil {
				return err
			}
			return a.Close()
		})
		<-started
		for _, end := range []func() error{first.Close, c.Close, second.Close, m.Close} {
			wg.Go(func() {
				if err := end(); err != nil {
					errs <- fmt.Errorf("closing: %v", err)
				}
			})
		}
		wg.Wait()
		close(errs)
		for err := range errs {
			require.ErrorIs(t, err, ErrClosed)
		}
		require.Nil(t, first.ptr)
		require.Nil(t, second.ptr)
	}
}
