//go:build cgo

package llama

import (
	"context"
	"math"
	"slices"
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

// TestScoreAll has prompts that begin alike: the scores are those of each prompt alone, and what is alike is computed once.
func TestScoreAll(t *testing.T) {
	for _, model := range tinyModels(t) {
		t.Run(model.name, func(t *testing.T) {
			m := mustLoad(t, model.path)
			c := mustContext(t, m, ContextOptions{Size: 512, Sequences: 3, BatchSize: 32, ExactAttention: true})
			long := mustTokenize(t, m, strings.Repeat("The lighthouse keeper lived on the island. ", 6))
			requests := []ScoreRequest{
				{slices.Concat(long, []Token{7, 8}), [][]Token{{3, 4}, {5}}},
				{[]Token{9, 10}, [][]Token{{3, 4, 5}}},
				{long, [][]Token{{6}, nil}},
				{slices.Concat(long, []Token{7, 9, 11}), [][]Token{{3}}},
				{slices.Concat(long, []Token{7, 8}), [][]Token{{3, 4}}},
			}
			var order, reused []int
			got, err := c.ScoreAll(t.Context(), requests, func(i, known int) { order, reused = append(order, i), append(reused, known) })
			require.NoError(t, err)
			if bool(m.info.recurrent) {
				require.Equal(t, make([]int, 5), reused)
			} else {
				require.Equal(t, []int{0, 0, len(long), len(long) + 1, len(long) + 1}, reused, "the last token is always computed")
			}
			require.Equal(t, []int{1, 2, 0, 4, 3}, order, "each prompt follows the one with which it has most in common")
			for i, r := range requests {
				alone, err := c.Score(t.Context(), r.Prompt, r.Continuations)
				require.NoError(t, err)
				for k := range alone {
					closeTo(t, alone[k], got[i][k], model.tolerance)
				}
			}
		})
	}
}

func TestScoreAllRefuses(t *testing.T) {
	c := mustContext(t, mustLoad(t, tinyModel(t)), ContextOptions{Size: 64})
	good := ScoreRequest{[]Token{5}, [][]Token{{6}}}
	_, err := c.ScoreAll(t.Context(), []ScoreRequest{good, {}}, nil)
	require.ErrorIs(t, err, ErrEmptyPrompt)
	_, err = c.ScoreAll(t.Context(), []ScoreRequest{good, {make([]Token, 1000), [][]Token{{6}}}}, nil)
	var long *PromptTooLongError
	require.ErrorAs(t, err, &long)
	require.Equal(t, 1, long.Request)
	ctx, cancel := context.WithCancel(t.Context())
	_, err = c.ScoreAll(ctx, []ScoreRequest{good, {[]Token{5, 7}, [][]Token{{6}}}}, func(int, int) { cancel() })
	require.ErrorIs(t, err, context.Canceled)
	out, err := c.ScoreAll(t.Context(), nil, nil)
	require.NoError(t, err)
	require.Empty(t, out)
}
