//go:build cgo

package llama

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// closeTo compares log-probabilities that were computed in batches of different make-up.
func closeTo(t *testing.T, want, got []float32, tolerance float64) {
	t.Helper()
	require.Len(t, got, len(want))
	for i := range want {
		require.InDelta(t, want[i], got[i], tolerance, "token %d", i)
	}
}

func prompts(t *testing.T, m *Model) [][]Token {
	var out [][]Token
	for i := range 6 {
		out = append(out, mustTokenize(t, m, strings.Repeat(fmt.Sprintf("The mill %d stands by the river. ", i*i), 1+i)))
	}
	return out
}

func TestBatchedEqualsSingle(t *testing.T) {
	for _, model := range tinyModels(t) {
		if model.tolerance > 0.01 {
			continue // near ties can fall either way
		}
		t.Run(model.name, func(t *testing.T) {
			m := mustLoad(t, model.path)
			// few sequences and little room, so that requests queue and prompts come in several batches
			c := mustContext(t, m, ContextOptions{Size: 512, Sequences: 3, BatchSize: 32, ExactAttention: true})
			var requests []Request
			for _, p := range prompts(t, m) {
				requests = append(requests, Request{Prompt: p, MaxTokens: 20})
			}
			batched := mustGenerate(t, c, requests...)
			for i, r := range requests {
				single := mustGenerate(t, c, r)[0]
				require.Equal(t, single.Samples[0].Tokens, batched[i].Samples[0].Tokens, "request %d", i)
				require.Equal(t, single.Samples[0].Text, batched[i].Samples[0].Text)
				closeTo(t, single.Samples[0].LogProbs, batched[i].Samples[0].LogProbs, model.tolerance)
				require.Equal(t, len(r.Prompt), batched[i].PromptTokens)
			}
		})
	}
}

// TestSamples checks that samples that share a prompt, at once or one after the other, get what each
// would get alone.
func TestSamples(t *testing.T) {
	m := mustLoad(t, tinyModel(t))
	prompt := mustTokenize(t, m, "Once upon a time there was a mill")
	sampling := Sampling{Temperature: 0.9, TopP: 0.95, Seed: 7}
	var want []Sample
	for _, sequences := range []int{1, 2, 3, 8} {
		c := mustContext(t, m, ContextOptions{Size: 512, Sequences: sequences, BatchSize: 16, ExactAttention: true})
		got := mustGenerate(t, c, Request{Prompt: prompt, Samples: 5, MaxTokens: 12, Sampling: sampling})[0].Samples
		require.Len(t, got, 5)
		if want == nil {
			want = got
		}
		for i := range want {
			require.Equal(t, want[i].Tokens, got[i].Tokens, "sample %d with %d sequences", i, sequences)
			closeTo(t, want[i].LogProbs, got[i].LogProbs, 1e-3)
		}
	}
	texts := map[string]bool{}
	for _, s := range want {
		texts[s.Text] = true
	}
	require.Greater(t, len(texts), 2, "samples must differ")
	sampling.Seed++
	c := mustContext(t, m, ContextOptions{Size: 512})
	other := mustGenerate(t, c, Request{Prompt: prompt, Samples: 5, MaxTokens: 12, Sampling: sampling})[0].Samples
	require.NotEqual(t, want[0].Tokens, other[0].Tokens)
}

// TestSharedPrefix checks prompts that begin alike, in a context that has no room for all of them.
func TestSharedPrefix(t *testing.T) {
	m := mustLoad(t, tinyModel(t))
	c := mustContext(t, m, ContextOptions{Size: 512, Sequences: 4, BatchSize: 64, ExactAttention: true})
	common := strings.Repeat("You answer from the documents. ", 6)
	var requests []Request
	for i := range 9 {
		text := common + strings.Repeat(fmt.Sprintf("Document %d. ", i%4), i)
		requests = append(requests, Request{Prompt: mustTokenize(t, m, text), MaxTokens: 10, Samples: 1 + i%3})
	}
	together := mustGenerate(t, c, requests...)
	for i, r := range requests {
		alone := mustGenerate(t, c, r)[0]
		for j := range alone.Samples {
			require.Equal(t, alone.Samples[j].Tokens, together[i].Samples[j].Tokens, "request %d", i)
			closeTo(t, alone.Samples[j].LogProbs, together[i].Samples[j].LogProbs, 1e-3)
		}
	}
}

func TestStreamingEqualsText(t *testing.T) {
	m := mustLoad(t, tinyModel(t))
	c := mustContext(t, m, ContextOptions{Size: 512, Sequences: 3})
	prompt := mustTokenize(t, m, "Tell")
	var streamed [4]strings.Builder
	samples := mustGenerate(t, c, Request{
		Prompt: prompt, Samples: 4, MaxTokens: 60, Sampling: Sampling{Temperature: 1.5},
		OnText: func(sample int, text string) {
			require.True(t, utf8.ValidString(text))
			streamed[sample].WriteString(text)
		},
	})[0].Samples
	for i, s := range samples {
		require.Equal(t, s.Text, streamed[i].String())
		require.True(t, utf8.ValidString(s.Text))
	}
}

// Each request of a call tells once when it is complete, the short one before the long one.
func TestRequestsTellWhenDone(t *testing.T) {
	m := mustLoad(t, tinyModel(t))
	prompt := mustTokenize(t, m, "Tell")
	var order []int
	done := func(i int) func() { return func() { order = append(order, i) } }
	requests := []Request{
		{Prompt: prompt, Samples: 2, MaxTokens: 40, OnDone: done(0), Sampling: Sampling{LogitBias: map[Token]float32{m.EOS(): -100}}},
		{Prompt: prompt, Samples: 3, MaxTokens: 2, OnDone: done(1)},
	}
	mustGenerate(t, mustContext(t, m, ContextOptions{Size: 512, Sequences: 5}), requests...)
	require.Equal(t, []int{1, 0}, order)

	order = nil
	b, err := m.NewBatcher(BatcherOptions{Context: ContextOptions{Size: 512, Sequences: 5}})
	require.NoError(t, err)
	defer b.Close()
	_, err = b.Generate(t.Context(), requests)
	require.NoError(t, err)
	require.Equal(t, []int{1, 0}, order)
}

func TestStopStrings(t *testing.T) {
	m := mustLoad(t, tinyModel(t))
	c := mustContext(t, m, ContextOptions{Size: 512})
	prompt := mustTokenize(t, m, "The garden")
	free := mustGenerate(t, c, Request{Prompt: prompt, MaxTokens: 40})[0].Samples[0]
	text := []rune(free.Text)
	require.Greater(t, len(text), 8)
	stops := 0
	for at := 0; at+3 <= len(text); at++ {
		stop := string(text[at : at+3])
		if strings.ContainsRune(stop, '\uFFFD') {
			continue // not what the model said
		}
		stops++
		var streamed strings.Builder
		got := mustGenerate(t, c, Request{Prompt: prompt, MaxTokens: 40, Stop: []string{"", "never said", stop},
			OnText: func(_ int, text string) { streamed.WriteString(text) }})[0].Samples[0]
		before, _, found := strings.Cut(free.Text, stop)
		require.True(t, found)
		// bytes that begin a character are dropped before a stop string, but U+FFFD before other text
		require.Equal(t, strings.TrimRight(before, "\uFFFD"), strings.TrimRight(got.Text, "\uFFFD"))
		require.Equal(t, got.Text, streamed.String())
		require.Equal(t, StopString, got.Stop)
		require.Equal(t, free.Tokens[:len(got.Tokens)], got.Tokens)
	}
	require.Greater(t, stops, 3)
}

func TestStopLength(t *testing.T) {
	m := mustLoad(t, tinyModel(t))
	c := mustContext(t, m, ContextOptions{Size: 256})
	require.Equal(t, 256, c.Size())
	long := make([]Token, 250)
	for i := range long {
		long[i] = 40
	}
	s := mustGenerate(t, c, Request{Prompt: long, Samples: 3, MaxTokens: 100})[0].Samples
	for _, one := range s {
		require.Equal(t, StopLength, one.Stop)
		require.Len(t, one.Tokens, 6, "the context ends the sample")
	}
}

func TestBadRequests(t *testing.T) {
	m := mustLoad(t, tinyModel(t))
	c := mustContext(t, m, ContextOptions{Size: 256})
	generate := func(r Request) error {
		_, err := c.Generate(context.Background(), []Request{{Prompt: []Token{5}, MaxTokens: 1}, r})
		return err
	}
	require.ErrorIs(t, generate(Request{}), ErrEmptyPrompt)
	require.ErrorIs(t, generate(Request{Prompt: []Token{-1}}), ErrInvalidToken)
	require.ErrorIs(t, generate(Request{Prompt: []Token{Token(m.VocabSize())}}), ErrInvalidToken)
	var long *PromptTooLongError
	require.ErrorAs(t, generate(Request{Prompt: make([]Token, 256)}), &long)
	require.Equal(t, PromptTooLongError{Request: 1, Tokens: 257, Size: 256}, *long)
	require.ErrorIs(t, long, ErrPromptTooLong)
	for _, s := range []Sampling{
		{Temperature: -1}, {Temperature: float32(math.NaN())}, {TopK: -1}, {TopP: 1.1}, {TopP: -0.1}, {MinP: 2},
		{RepeatPenalty: -1}, {RepeatLast: -1}, {Temperature: float32(math.Inf(1))}, {PresencePenalty: float32(math.NaN())},
		{FrequencyPenalty: float32(math.Inf(1))}, {LogitBias: map[Token]float32{5: float32(math.Inf(-1))}},
		{LogitBias: map[Token]float32{-1: 1}},
	} {
		require.Error(t, generate(Request{Prompt: []Token{5}, Sampling: s}), "%+v", s)
	}
	require.Error(t, generate(Request{Prompt: []Token{5}, Samples: -1}))
	require.Error(t, generate(Request{Prompt: []Token{5}, MaxTokens: -1}))
	_, err := c.Score(context.Background(), nil, nil)
	require.ErrorIs(t, err, ErrEmptyPrompt)
	_, err = c.Score(context.Background(), []Token{5}, [][]Token{make([]Token, 257)})
	require.ErrorIs(t, err, ErrPromptTooLong)
	_, err = c.Score(context.Background(), []Token{5}, [][]Token{{5, -1}})
	require.ErrorIs(t, err, ErrInvalidToken)
	results, err := c.Generate(context.Background(), nil)
	require.NoError(t, err)
	require.Empty(t, results)
	require.NoError(t, generate(Request{Prompt: []Token{5}}), "the context must still work")
}

func TestCancel(t *testing.T) {
	m := mustLoad(t, tinyModel(t))
	c := mustContext(t, m, ContextOptions{Size: 4096, BatchSize: 4096})
	prompt := mustTokenize(t, m, "The")
	want := mustGenerate(t, c, Request{Prompt: prompt, MaxTokens: 10})

	ctx, cancel := context.WithCancel(context.Background())
	said := 0
	_, err := c.Generate(ctx, []Request{{Prompt: prompt, MaxTokens: 2000, OnText: func(int, string) {
		if said++; said == 5 {
			cancel()
		}
	}}})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 5, said, "no batch after the cancellation")

	// within one large batch
	long := make([]Token, 4000)
	for i := range long {
		long[i] = Token(i % 200)
	}
	whole := time.Now()
	_, err = c.Score(context.Background(), long, nil)
	require.NoError(t, err)
	full := time.Since(whole)
	ctx, cancel = context.WithTimeout(context.Background(), full/10)
	defer cancel()
	begin := time.Now()
	_, err = c.Score(ctx, long, nil)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Less(t, time.Since(begin), full*8/10)

	require.Equal(t, want, mustGenerate(t, c, Request{Prompt: prompt, MaxTokens: 10}), "the context must be as new")
	_, err = c.Generate(ctx, []Request{{Prompt: prompt}})
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestPanicInCallback(t *testing.T) {
	m := mustLoad(t, tinyModel(t))
	c := mustContext(t, m, ContextOptions{Size: 256})
	prompt := mustTokenize(t, m, "The")
	require.PanicsWithValue(t, "callback", func() {
		_, _ = c.Generate(context.Background(), []Request{{Prompt: prompt, OnText: func(int, string) { panic("callback") }}})
	})
	mustGenerate(t, c, Request{Prompt: prompt, MaxTokens: 3})
}

// TestConcurrent has goroutines share a context, contexts share a model, and everything end at once.
func TestConcurrent(t *testing.T) {
	m := mustLoad(t, tinyModel(t))
	prompt := mustTokenize(t, m, "The river")
	shared := mustContext(t, m, ContextOptions{Size: 256, Sequences: 2})
	want := mustGenerate(t, shared, Request{Prompt: prompt, MaxTokens: 8})
	var failed atomic.Int32
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			own, err := m.NewContext(ContextOptions{Size: 256, Threads: 1})
			if err != nil {
				failed.Add(1)
				return
			}
			defer func() { _ = own.Close() }()
			for _, c := range []*Context{shared, own, shared} {
				got, err := c.Generate(context.Background(), []Request{{Prompt: prompt, MaxTokens: 8}})
				if err != nil || got[0].Samples[0].Text != want[0].Samples[0].Text {
					failed.Add(1)
				}
				if _, err := m.Tokenize("some text", TokenizeOptions{}); err != nil {
					failed.Add(1)
				}
			}
		})
	}
	wg.Wait()
	require.Zero(t, failed.Load())
}
