package searchtune

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
	"github.com/ragft/ragft/retriever/dense"
)

// fused searches by two rankings of passages, each named "right" or otherwise.
type fused struct {
	weight         float64
	words, meaning []string
	searched       *int
}

func (f fused) Search(_ context.Context, query string, k int) (hits []retriever.Hit, _ error) {
	*f.searched++
	for _, name := range dense.Fuse([]float64{1, f.weight}, f.words, f.meaning) {
		text := "nothing"
		if name == "right" {
			text = "It is " + query
		}
		hits = append(hits, retriever.Hit{Chunk: retriever.Chunk{ID: name, Text: text}})
	}
	return hits[:min(len(hits), k)], nil
}

// Where one ranking is always right, the weight of meaning is the smallest that makes the passage first, or none.
func TestLearnMeaning(t *testing.T) {
	var questions []question.Question
	for i := range 40 {
		name := fmt.Sprintf("Keeper%03d", i)
		questions = append(questions, question.Question{ID: name, Question: name, Answer: name})
	}
	questions = append(questions, question.Question{ID: "none", Question: "Who?", Unanswerable: true})
	for _, c := range []struct {
		words, meaning []string
		want           float64
		on             bool
		before, after  float64 // MRR
	}{
		// 1/63 + w/61 is above 1/61 + w/62 from w = 1.97 on.
		{[]string{"a", "b", "right"}, []string{"right", "a", "b"}, 2, true, 0.5, 1},
		// 1/62 + w/61 is above 1/61 + w/62 where w is above 1.
		{[]string{"a", "right"}, []string{"right", "a"}, 1.5, true, 0.5, 1},
		// 1/61 is above 1/62 + w/61 up to w = 0.016.
		{[]string{"right", "a"}, []string{"a", "b"}, 0, true, 0.5, 1},
		// Nothing to gain: the weight stays.
		{[]string{"right", "a"}, []string{"right", "b"}, 0.5, false, 1, 1},
		{[]string{"a", "b"}, []string{"b", "a"}, 0.5, false, 0, 0},
	} {
		searched := 0
		m, err := LearnMeaning(t.Context(), func(w float64) (retriever.Searcher, error) {
			return fused{w, c.words, c.meaning, &searched}, nil
		}, questions, dense.DefaultWeight, Options{Seed: 1})
		require.NoError(t, err)
		require.Equal(t, c.want, m.Weight, c.words)
		require.Equal(t, c.on, m.On)
		require.Equal(t, []int{20, 20}, []int{m.Train, m.HeldOut})
		require.InDelta(t, c.before, m.MRR.Before, 1e-9)
		require.InDelta(t, c.after, m.MRR.After, 1e-9)
		require.Equal(t, 40*len(meaningWeights), searched)
	}
	_, err := LearnMeaning(t.Context(), nil, questions, 0.5, Options{})
	require.Error(t, err)
	_, err = LearnMeaning(t.Context(), func(float64) (retriever.Searcher, error) { return nil, fmt.Errorf("no vectors") },
		questions, 0.5, Options{})
	require.ErrorContains(t, err, "no vectors")
	_, err = LearnMeaning(t.Context(), func(w float64) (retriever.Searcher, error) { return fused{}, nil }, questions[40:], 0.5, Options{})
	require.ErrorIs(t, err, question.ErrNone)
}
