//go:build cgo

package llama

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/testmodel"
)

func TestEmbed(t *testing.T) {
	plain := testmodel.New(t, testmodel.Spec{Pre: "qwen2"})
	m := mustLoad(t, plain)
	require.Empty(t, m.Pooling())
	_, err := m.NewContext(ContextOptions{Embeddings: true})
	require.ErrorIs(t, err, ErrUnsupported)
	_, err = mustContext(t, m, ContextOptions{Size: 256}).Embed(t.Context(), nil)
	require.ErrorIs(t, err, ErrUnsupported)

	for number, name := range map[uint32]string{1: "mean", 2: "cls", 3: "last"} {
		t.Run(name, func(t *testing.T) {
			m := mustLoad(t, rewrite(t, plain, map[string]any{"llama.pooling_type": number}))
			require.Equal(t, name, m.Pooling())
			c := mustContext(t, m, ContextOptions{Size: 512, Sequences: 5, BatchSize: 100, Embeddings: true, ExactAttention: number == 3})
			var texts [][]Token
			for _, text := range []string{"The mill", "stands by the river", "The mill", "The inn of the old town", "Ann"} {
				texts = append(texts, mustTokenize(t, m, text))
			}
			got, err := c.Embed(context.Background(), texts)
			require.NoError(t, err)
			require.Len(t, got, len(texts))
			dot := func(a, b []float32) (sum float64) {
				for i := range a {
					sum += float64(a[i]) * float64(b[i])
				}
				return sum
			}
			for i, text := range texts {
				require.InDelta(t, 1, dot(got[i], got[i]), 1e-5)
				alone, err := c.Embed(context.Background(), [][]Token{text})
				require.NoError(t, err)
				require.InDelta(t, 1, dot(got[i], alone[0]), 1e-3, "text %d", i)
			}
			require.InDelta(t, 1, dot(got[0], got[2]), 1e-3)
			require.Less(t, dot(got[0], got[4]), 0.99)
			_, err = c.Generate(context.Background(), []Request{{Prompt: texts[0]}})
			require.ErrorIs(t, err, ErrUnsupported)
			_, err = c.Embed(context.Background(), [][]Token{make([]Token, 97)})
			require.ErrorIs(t, err, ErrPromptTooLong)
		})
	}
}

// hookedContext calls a function each time that it is asked whether it has ended.
type hookedContext struct {
	context.Context
	asked func()
}

func (c hookedContext) Err() error {
	c.asked()
	return nil
}

// TestEmbedTakesTurns embeds one text while a call with many is between its batches.
func TestEmbedTakesTurns(t *testing.T) {
	m := mustLoad(t, rewrite(t, testmodel.New(t, testmodel.Spec{Pre: "qwen2"}), map[string]any{"llama.pooling_type": uint32(1)}))
	c := mustContext(t, m, ContextOptions{Size: 256, Sequences: 1, BatchSize: 16, Embeddings: true, ExactAttention: true})
	texts := [][]Token{{1, 2, 3}, {4, 5}, {6, 7, 8, 9}}
	want, err := c.Embed(t.Context(), texts)
	require.NoError(t, err)

	asked := 0
	var between [][]float32
	var turnErr error
	got, err := c.Embed(hookedContext{context.Background(), func() {
		if asked++; asked != 2 {
			return
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second) // ends where the long call keeps the context
		defer cancel()
		between, turnErr = c.Embed(ctx, texts[1:2])
	}}, texts)
	require.NoError(t, err)
	require.NoError(t, turnErr)
	require.Equal(t, want, got)
	require.Equal(t, want[1:2], between)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.Embed(ctx, nil)
	require.ErrorIs(t, err, context.Canceled)
}
