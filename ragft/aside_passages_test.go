package ragft

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
)

// everything finds the same passages for each question.
type everything []retriever.Hit

func (e everything) Search(context.Context, string, int) ([]retriever.Hit, error) { return e, nil }

func TestSetAside(t *testing.T) {
	passage := func(id, text string) retriever.Hit { return retriever.Hit{Chunk: retriever.Chunk{ID: id, Text: text}} }
	search := everything{
		passage("mill", "The mill was built in 1923."), passage("inn", "The inn was built in 1950."),
		passage("barn", "The barn was burnt in 1923."), passage("well", "The well was dug by Ann Lee."),
	}
	ask := func(id, answer string, parts ...[]string) question.Question {
		return question.Question{ID: id, Question: id + "?", Answer: answer, Parts: parts}
	}
	none := question.Question{ID: "none", Question: "What of it?", Unanswerable: true}
	for name, c := range map[string]struct {
		learn, kept []question.Question
		want        []string
	}{
		"nothing kept":            {[]question.Question{ask("a", "1923")}, nil, nil},
		"the first that holds it": {nil, []question.Question{ask("a", "1923"), none}, []string{"mill"}},
		"needed by a row":         {[]question.Question{ask("b", "1923")}, []question.Question{ask("a", "1923")}, nil},
		"held by chance":          {[]question.Question{ask("b", "1923")}, []question.Question{ask("a", "was burnt")}, []string{"barn"}},
		"needed by a row for a part": {
			[]question.Question{ask("b", "both", []string{"1923"}, []string{"1950"})}, []question.Question{ask("a", "1950")}, nil,
		},
		"parts":         {nil, []question.Question{ask("a", "x", []string{"1950"}, []string{"Ann Lee"})}, []string{"inn", "well"}},
		"found by none": {nil, []question.Question{ask("a", "2001")}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			aside, err := setAside(t.Context(), search, nil, c.learn, c.kept)
			require.NoError(t, err)
			var got []string
			for _, hit := range search {
				if aside[hit.ID] {
					got = append(got, hit.ID)
				}
			}
			require.Equal(t, c.want, got)
		})
	}
	evidence := map[string][]retriever.Hit{"a": {search[2]}}
	aside, err := setAside(t.Context(), search, evidence, nil, []question.Question{ask("a", "in that year")})
	require.NoError(t, err)
	require.Equal(t, map[string]bool{"barn": true}, aside, "by the evidence that is named")
}
