//go:build cgo

package llama

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/ragft/opt"
)

// mustBatcher makes a batcher and closes it with the test.
func mustBatcher(t testing.TB, m *Model, options BatcherOptions) *Batcher {
	t.Helper()
	if options.Context.Threads == 0 {
		options.Context.Threads = 1 // two that wait for each other are slow where other packages' tests run
	}
	b, err := m.NewBatcher(options)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	return b
}

// inBothLayouts runs a test with a cache that all sequences share, and with one for each.
func inBothLayouts(t *testing.T, test func(t *testing.T, separate bool)) {
	t.Run("shared", func(t *testing.T) { test(t, false) })
	t.Run("separate", func(t *testing.T) { test(t, true) })
}

// TestBatcherEqualsGenerate has many callers at once in a batcher with little room, so that requests queue,
// prompts are shared and kept sequences are forgotten, and compares each answer with that of a context.
func TestBatcherEqualsGenerate(t *testing.T) {
	inBothLayouts(t, testBatcherEqualsGenerate)
}

func testBatcherEqualsGenerate(t *testing.T, separate bool) {
	m := mustLoad(t, tinyModel(t))
	c := mustContext(t, m, ContextOptions{Size: 512, ExactAttention: true})
	options := ContextOptions{Size: 512, Sequences: 3, BatchSize: 64, ExactAttention: true}
	b := mustBatcher(t, m, BatcherOptions{Context: options, Kept: opt.Of(4), SeparateCaches: separate})
	common := strings.Repeat("You answer from the documents. ", 6)
	var wg sync.WaitGroup
	type done struct {
		request   Request
		got, want Result
		err       error
	}
	all := make([]done, 40)
	for i := range all {
		text := common + strings.Repeat(fmt.Sprintf("Document %d. ", i%4), i%9)
		all[i].request = Request{Prompt: mustTokenize(t, m, text), MaxTokens: 1 + i%20, Samples: 1 + i%3, TopLogProbs: i % 4}
		all[i].want = mustGenerate(t, c, all[i].request)[0]
	}
	for i := range all {
		wg.Go(func() {
			var streamed strings.Builder
			var tokens []Token
			all[i].request.OnText = func(sample int, text string) {
				if sample == 0 {
					streamed.WriteString(text)
				}
			}
			all[i].request.OnToken = func(sample int, token ChosenToken) {
				if sample == 0 {
					tokens = append(tokens, token.Token)
				}
			}
			results, err := b.Generate(context.Background(), []Request{all[i].request})
			if all[i].err = err; err != nil {
				return
			}
			all[i].got = results[0]
			if results[0].Samples[0].Text != streamed.String() || len(tokens) != len(results[0].Samples[0].Tokens) {
				all[i].err = errors.New("what was streamed is not the answer")
			}
		})
	}
	wg.Wait()
	reused := 0
	for i, d := range all {
		require.NoError(t, d.err)
		reused += d.got.ReusedTokens
		for k, want := range d.want.Samples {
			got := d.got.Samples[k]
			require.Equal(t, want.Tokens, got.Tokens, "request %d", i)
			require.Equal(t, want.Text, got.Text)
			closeTo(t, want.LogProbs, got.LogProbs, 1e-3)
			require.Len(t, got.Top, len(want.Top))
		}
	}
	require.Positive(t, reused)
	// An answer is handed over a moment before its lane is counted as free.
	require.Eventually(t, func() bool { return b.Stats().Waiting == 0 && b.Stats().Running == 0 }, 5*time.Second, time.Millisecond)
	stats := b.Stats()
	require.EqualValues(t, reused, stats.Reused)
	require.Greater(t, stats.Prompt, stats.Reused)
}

// TestKeptPrefix asks one question after the other with the same beginning.
func TestKeptPrefix(t *testing.T) {
	inBothLayouts(t, testKeptPrefix)
}

func testKeptPrefix(t *testing.T, separate bool) {
	m := mustLoad(t, tinyModel(t))
	b := mustBatcher(t, m, BatcherOptions{Context: ContextOptions{Size: 1024, Sequences: 2}, Kept: opt.Of(2), SeparateCaches: separate})
	system := mustTokenize(t, m, strings.Repeat("You answer from the documents. ", 10))
	ask := func(prompt []Token) Result {
		results, err := b.Generate(context.Background(), []Request{{Prompt: prompt, MaxTokens: 8}})
		require.NoError(t, err)
		return results[0]
	}
	first := ask(append(system[:len(system):len(system)], 7, 8, 9))
	require.Zero(t, first.ReusedTokens)
	second := ask(append(system[:len(system):len(system)], 17, 18, 19))
	require.Equal(t, len(system), second.ReusedTokens)

	// a conversation that goes on has its own answer again
	said := append(append(system[:len(system):len(system)], 7, 8, 9), first.Samples[0].Tokens...)
	require.Equal(t, len(said)-1, ask(append(said, 30, 31)).ReusedTokens)

	other := make([]Token, len(system))
	for i := range other {
		other[i] = Token(100 + i%50)
	}
	for i := range 2 { // two others take the place of what was kept
		other[0] = Token(i)
		ask(other)
	}
	require.Zero(t, ask(append(system[:len(system):len(system)], 40)).ReusedTokens)
}

// TestKeptNeverInTheWay fills the context with kept sequences and then asks for all of it.
func TestKeptNeverInTheWay(t *testing.T) {
	inBothLayouts(t, testKeptNeverInTheWay)
}

func testKeptNeverInTheWay(t *testing.T, separate bool) {
	m := mustLoad(t, tinyModel(t))
	b := mustBatcher(t, m, BatcherOptions{Context: ContextOptions{Size: 256, Sequences: 2}, SeparateCaches: separate})
	c := mustContext(t, m, ContextOptions{Size: 256})
	random := rand.New(rand.NewPCG(1, 2))
	for range 30 {
		prompt := make([]Token, 20+random.IntN(200))
		for i := range prompt {
			prompt[i] = Token(random.IntN(3))
		}
		r := Request{Prompt: prompt, MaxTokens: 1 + random.IntN(255-len(prompt))}
		got, err := b.Generate(context.Background(), []Request{r})
		require.NoError(t, err)
		require.Len(t, got[0].Samples[0].Tokens, len(mustGenerate(t, c, r)[0].Samples[0].Tokens))
	}
}

// TestAdaptersTakeTurns runs requests for the base and two adapters at once.
func TestAdaptersTakeTurns(t *testing.T) {
	inBothLayouts(t, testAdaptersTakeTurns)
}

func testAdaptersTakeTurns(t *testing.T, separate bool) {
	path := tinyModel(t)
	m := mustLoad(t, path)
	var sets [][]AdapterScale
	sets = append(sets, []AdapterScale{})
	for i := range 2 {
		a, err := m.LoadAdapter(testmodel.NewAdapter(t, path, testmodel.AdapterSpec{Seed: uint64(i)}))
		require.NoError(t, err)
		sets = append(sets, []AdapterScale{{a, 1}})
	}
	b := mustBatcher(t, m, BatcherOptions{SeparateCaches: separate,
		Context: ContextOptions{Size: 1024, Sequences: 5, ExactAttention: true}})
	c := mustContext(t, m, ContextOptions{Size: 1024, ExactAttention: true})
	prompt := mustTokenize(t, m, strings.Repeat("The mill stands by the river. ", 5))
	var want [][]Token
	for _, set := range sets {
		require.NoError(t, c.SetAdapters(set...))
		want = append(want, mustGenerate(t, c, Request{Prompt: prompt, MaxTokens: 30})[0].Samples[0].Tokens)
	}
	require.NotEqual(t, want[0], want[1])
	require.NotEqual(t, want[1], want[2])

	// one call of a context may mix them too; nil is what the context has
	mixed := mustGenerate(t, c, Request{Prompt: prompt, MaxTokens: 30}, Request{Prompt: prompt, MaxTokens: 30, Adapters: sets[1]},
		Request{Prompt: prompt, MaxTokens: 30, Adapters: sets[0]})
	for i, k := range []int{2, 1, 0} {
		require.Equal(t, want[k], mixed[i].Samples[0].Tokens)
	}
	require.Equal(t, want[2], mustGenerate(t, c, Request{Prompt: prompt, MaxTokens: 30})[0].Samples[0].Tokens)

	got := make([][]Token, 12)
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() {
			results, err := b.Generate(context.Background(), []Request{{Prompt: prompt, MaxTokens: 30, Adapters: sets[i%3]}})
			if err == nil {
				got[i] = results[0].Samples[0].Tokens
			}
		})
	}
	wg.Wait()
	for i := range got {
		require.Equal(t, want[i%3], got[i], "adapter set %d", i%3)
	}
	require.NoError(t, sets[1][0].Adapter.Close())
	_, err := b.Generate(context.Background(), []Request{{Prompt: prompt, Adapters: sets[1]}})
	require.ErrorIs(t, err, ErrClosed)
	other := mustLoad(t, path)
	_, err = mustBatcher(t, other, BatcherOptions{}).Generate(context.Background(), []Request{{Prompt: prompt, Adapters: sets[2]}})
	require.ErrorIs(t, err, ErrAdapterMismatch)
}

// TestVanishingCallers cancels requests at any time while others go on.
func TestVanishingCallers(t *testing.T) {
	inBothLayouts(t, testVanishingCallers)
}

func testVanishingCallers(t *testing.T, separate bool) {
	m := mustLoad(t, tinyModel(t))
	b := mustBatcher(t, m, BatcherOptions{Queue: math.MaxInt, SeparateCaches: separate,
		Context: ContextOptions{Size: 512, Sequences: 4, BatchSize: 32, ExactAttention: true}})
	prompt := mustTokenize(t, m, strings.Repeat("The mill stands by the river. ", 8))
	want := mustGenerate(t, mustContext(t, m, ContextOptions{Size: 512, ExactAttention: true}),
		Request{Prompt: prompt, MaxTokens: 20})[0].Samples[0].Text
	var wg sync.WaitGroup
	errs := make(chan error, 200)
	for i := range 100 {
		wg.Go(func() {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			r := Request{Prompt: prompt, MaxTokens: 20, Samples: 1 + i%2}
			if i%3 > 0 {
				r.Prompt = prompt[:len(prompt)-i%7]
				time.AfterFunc(time.Duration(rand.IntN(60))*time.Millisecond, cancel)
				if i%3 == 2 {
					r.OnText = func(int, string) { cancel() }
				}
			}
			results, err := b.Generate(ctx, []Request{r})
			switch {
			case i%3 > 0:
				if err != nil && !errors.Is(err, context.Canceled) {
					errs <- err
				}
			case err != nil:
				errs <- err
			case results[0].Samples[0].Text != want:
				errs <- fmt.Errorf("%q, not %q", results[0].Samples[0].Text, want)
			}
		})
	}
	wg.Wait()
	close(errs)
	for err := range errs {
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool { s := b.Stats(); return s.Running == 0 && s.Waiting == 0 }, time.Minute, time.Millisecond)
	// everything is free again
	_, err := b.Generate(context.Background(), []Request{{Prompt: prompt, MaxTokens: 512 - len(prompt)}})
	require.NoError(t, err)
}

// TestSeparateCachesHoldSize has as many requests at once as there are sequences, each of which takes all of Size.
func TestSeparateCachesHoldSize(t *testing.T) {
	m := mustLoad(t, tinyModel(t))
	for i := range m.vocab.flags {
		m.vocab.flags[i] &^= endFlag // no answer ends early
	}
	b := mustBatcher(t, m, BatcherOptions{Context: ContextOptions{Size: 256, Sequences: 3, ExactAttention: true}, SeparateCaches: true})
	c := mustContext(t, m, ContextOptions{Size: 256, ExactAttention: true})
	require.Equal(t, 256, b.Size())
	var requests []Request
	for i := range 3 {
		requests = append(requests, Request{Prompt: slices.Repeat([]Token{Token(10 + i)}, 200), MaxTokens: 100})
	}
	results, err := b.Generate(context.Background(), requests)
	require.NoError(t, err)
	for i, result := range results {
		require.Len(t, result.Samples[0].Tokens, 56)
		require.Equal(t, mustGenerate(t, c, requests[i])[0].Samples[0].Tokens, result.Samples[0].Tokens)
	}
	require.Less(t, b.Stats().Batches, uint64(2*56), "they ran one after the other")

	_, err = b.Generate(context.Background(), []Request{{Prompt: make([]Token, 256)}})
	var tooLong *PromptTooLongError
	require.ErrorAs(t, err, &tooLong)
	require.Equal(t, 256, tooLong.Size)
}

// TestBatcherQueue has three callers that ask again and again, of which one is answered and two wait.
func TestBatcherQueue(t *testing.T) {
	m := mustLoad(t, tinyModel(t))
	for i := range m.vocab.flags {
		m.vocab.flags[i] &^= endFlag // no answer ends early
	}
	b := mustBatcher(t, m, BatcherOptions{Queue: 2, Context: ContextOptions{Size: 2048, Sequences: 1}})
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	for range 3 {
		wg.Go(func() {
			for ctx.Err() == nil {
				_, _ = b.Generate(ctx, []Request{{Prompt: []Token{1}, MaxTokens: 2000}})
			}
		})
	}
	require.Eventually(t, func() bool {
		s := b.Stats()
		return s.Running == 1 && s.Waiting == 2
	}, time.Minute, time.Millisecond)
	_, err := b.Generate(ctx, []Request{{Prompt: []Token{1}}})
	require.ErrorIs(t, err, ErrBusy)
	require.Positive(t, b.Stats().Refused)
}

// TestSlowCaller has a callback that does not return while another caller generates.
func TestSlowCaller(t *testing.T) {
	m := mustLoad(t, tinyModel(t))
	b := mustBatcher(t, m, BatcherOptions{Context: ContextOptions{Size: 512, Sequences: 2}})
	stuck, release := make(chan struct{}), make(chan struct{})
	done := make(chan error)
	go func() {
		_, err := b.Generate(context.Background(), []Request{{Prompt: []Token{1}, MaxTokens: 3, OnToken: func(int, ChosenToken) {
			select {
			case <-stuck:
			default:
				close(stuck)
				<-release
			}
		}}})
		done <- err
	}()
	<-stuck
	_, err := b.Generate(context.Background(), []Request{{Prompt: []Token{1, 2}, MaxTokens: 30}})
	require.NoError(t, err)
	close(release)
	require.NoError(t, <-done)
	require.PanicsWithValue(t, "callback", func() {
		_, _ = b.Generate(context.Background(), []Request{{Prompt: []Token{1}, OnToken: func(int, ChosenToken) { panic("callback") }}})
	})
}

func TestBatcherClose(t *testing.T) {
	before := runtime.NumGoroutine()
	m := mustLoad(t, tinyModel(t))
	b := mustBatcher(t, m, BatcherOptions{Context: ContextOptions{Size: 4096, Sequences: 2}})
	errs := make(chan error)
	for range 5 {
		go func() {
			_, err := b.Generate(context.Background(), []Request{{Prompt: []Token{1}, MaxTokens: 2000}})
			errs <- err
		}()
	}
	require.Eventually(t, func() bool { return b.Stats().Running == 2 }, time.Minute, time.Millisecond)
	require.NoError(t, m.Close())
	for range 5 {
		require.ErrorIs(t, <-errs, ErrClosed)
	}
	require.NoError(t, b.Close())
	_, err := b.Generate(context.Background(), []Request{{Prompt: []Token{1}}})
	require.ErrorIs(t, err, ErrClosed)
	for deadline := time.Now().Add(time.Minute); runtime.NumGoroutine() > before && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	require.LessOrEqual(t, runtime.NumGoroutine(), before)
}
