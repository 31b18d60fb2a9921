package searchtune

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
	"github.com/ragft/ragft/retriever/dense"
)

// weighed searches by two scores of passages, of which one is named "right".
type weighed struct {
	weight         float64
	words, meaning map[string]float64
	searched       *int
}

func (s weighed) Search(_ context.Context, query string, k int) (hits []retriever.Hit, _ error) {
	*s.searched++
	total := func(name string) float64 { return s.words[name] + s.weight*s.meaning[name] }
	for _, name := range slices.SortedFunc(maps.Keys(s.words), func(a, b string) int {
		return cmp.Or(cmp.Compare(total(b), total(a)), cmp.Compare(a, b))
	}) {
		text := "nothing"
		if name == "right" {
			text = "It is " + query
		}
		hits = append(hits, retriever.Hit{Chunk: retriever.Chunk{ID: name, Text: text}})
	}
	return hits[:min(len(hits), k)], nil
}

// Where one of the scores is always right, the weight is the one nearest to the usual that makes the passage first.
func TestLearnMeaning(t *testing.T) {
	var questions []question.Question
	for i := range 40 {
		name := fmt.Sprintf("Keeper%03d", i)
		questions = append(questions, question.Question{ID: name, Question: name, Answer: name})
	}
	questions = append(questions, question.Question{ID: "none", Question: "Who?", Unanswerable: true})
	type scores = map[string]float64
	for _, c := range []struct {
		words, meaning scores
		want           float64
		on             bool
		before, after  float64 // MRR
	}{
		// Right where w is above 2/3.
		{scores{"a": 1, "right": 0.4}, scores{"a": 0.1, "right": 1}, 0.75, true, 0.5, 1},
		{scores{"a": 1, "right": 0.01}, scores{"a": 0.4, "right": 1}, 2, true, 0.5, 1},  // from 1.65 on
		{scores{"a": 0.9, "right": 1}, scores{"a": 1, "right": 0.2}, 0.1, true, 0.5, 1}, // below 0.125
		{scores{"a": 0.99, "right": 1}, scores{"a": 1, "right": 0}, 0, true, 0.5, 1},
		{scores{"a": 0.5, "right": 1}, scores{"a": 0.5, "right": 1}, 0.5, false, 1, 1}, // nothing to gain
		{scores{"a": 0.5, "b": 1}, scores{"a": 0.5, "b": 1}, 0.5, false, 0, 0},
	} {
		searched := 0
		m, err := LearnMeaning(t.Context(), func(w float64) (retriever.Searcher, error) {
			return weighed{w, c.words, c.meaning, &searched}, nil
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
	_, err = LearnMeaning(t.Context(), func(float64) (retriever.Searcher, error) { return weighed{}, nil }, questions[40:], 0.5, Options{})
	require.ErrorIs(t, err, question.ErrNone)
}
