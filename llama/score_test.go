//go:build cgo

package llama

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestScoreEqualsGenerate(t *testing.T) {
	for _, model := range tinyModels(t) {
		t.Run(model.name, func(t *testing.T) {
			m := mustLoad(t, model.path)
			c := mustContext(t, m, ContextOptions{Size: 512, Sequences: 3, BatchSize: 32, ExactAttention: true})
			prompt := mustTokenize(t, m, "The lighthouse keeper lived on the island")
			samples := mustGenerate(t, c, Request{Prompt: prompt, Samples: 7, MaxTokens: 25,
				Sampling: Sampling{Temperature: 1, RepeatPenalty: 1.2, TopK: 50}})[0].Samples
			continuations := [][]Token{nil, {3}}
			for _, s := range samples {
				continuations = append(continuations, s.Tokens)
			}
			scores, err := c.Score(context.Background(), prompt, continuations)
			require.NoError(t, err)
			require.Empty(t, scores[0])
			require.Len(t, scores[1], 1)
			for i, s := range samples {
				closeTo(t, s.LogProbs, scores[i+2], model.tolerance)
			}
		})
	}
}

// TestScoreIsADistribution sums the probabilities of all tokens.
func TestScoreIsADistribution(t *testing.T) {
	m := mustLoad(t, tinyModel(t))
	c := mustContext(t, m, ContextOptions{Size: 512})
	all := make([][]Token, m.VocabSize())
	for i := range all {
		all[i] = []Token{Token(i)}
	}
	scores, err := c.Score(context.Background(), mustTokenize(t, m, "The ship"), all)
	require.NoError(t, err)
	sum, best := 0.0, 0
	for i, s := range scores {
		sum += math.Exp(float64(s[0]))
		if s[0] > scores[best][0] {
			best = i
		}
	}
	require.InDelta(t, 1, sum, 1e-4)
	first := mustGenerate(t, c, Request{Prompt: mustTokenize(t, m, "The ship"), MaxTokens: 1})[0].Samples[0]
	require.Equal(t, []Token{Token(best)}, first.Tokens)
	require.Equal(t, scores[best][0], first.LogProbs[0])
}

// Logits must be those that Score turns into probabilities, over several batches.
func TestLogitsEqualScore(t *testing.T) {
	m := mustLoad(t, tinyModel(t))
	c := mustContext(t, m, ContextOptions{Size: 256, BatchSize: 32, ExactAttention: true})
	tokens := mustTokenize(t, m, strings.Repeat("The ship sails at noon. ", 4))
	require.Greater(t, len(tokens), 40)
	scores, err := c.Score(context.Background(), tokens[:1], [][]Token{tokens[1:]})
	require.NoError(t, err)
	next := 0
	err = c.Logits(context.Background(), tokens, func(i int, logits []float32) {
		require.Equal(t, next, i)
		require.Len(t, logits, m.VocabSize())
		next++
		if i+1 == len(tokens) {
			return
		}
		sum := 0.0
		for _, l := range logits {
			sum += math.Exp(float64(l))
		}
		require.InDelta(t, float64(scores[0][i]), float64(logits[tokens[i+1]])-math.Log(sum), 1e-3)
	})
	require.NoError(t, err)
	require.Equal(t, len(tokens), next)
	require.ErrorIs(t, c.Logits(context.Background(), nil, nil), ErrEmptyPrompt)
	require.ErrorIs(t, c.Logits(context.Background(), []Token{-1}, nil), ErrInvalidToken)
	require.ErrorIs(t, c.Logits(context.Background(), make([]Token, 257), nil), ErrPromptTooLong)
}
