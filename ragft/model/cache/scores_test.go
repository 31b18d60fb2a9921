package cache

import (
	"context"
	"math"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/scoring"
	"github.com/ragft/ragft/ragft/model"
	"github.com/stretchr/testify/require"
)

// counter scores a text by its length, and counts what it is asked for.
type counter struct {
	fake.Model
	scored int
	size   int // of the context
}

func (m *counter) CountTokens([]model.Message) (int, error) { return 1, nil }
func (m *counter) CountText(string) (int, error)            { return 1, nil }
func (m *counter) ContextTokens() int                       { return m.size }

func (m *counter) Score(_ context.Context, completions []model.Completion) (out []model.Score, err error) {
	for _, c := range completions {
		out = append(out, model.Score{Sum: math.Inf(-1), Last: -float64(len(c.Response)), Tokens: 2})
	}
	m.scored += len(completions)
	return out, nil
}

func (m *counter) ScoreTexts(_ context.Context, texts []string) (out []model.Score, err error) {
	for _, text := range texts {
		out = append(out, model.Score{Sum: -float64(len(text)), Tokens: len(text)})
	}
	m.scored += len(texts)
	return out, nil
}

func TestCacheKeepsScores(t *testing.T) {
	dir := t.TempDir()
	m := &counter{}
	completions := []model.Completion{{Messages: ask("a").Messages, Response: "x"}, {Messages: ask("a").Messages, Response: "yy"},
		{Messages: ask("a").Messages, Response: "x"}}
	texts := []string{"a", "", "bb", "a"}
	for run := range 2 {
		c := openCache(t, m, dir)
		scores, err := scoring.Completions(t.Context(), c, completions)
		require.NoError(t, err)
		inf := math.Inf(-1)
		require.Equal(t, []model.Score{
			{
				Sum:    inf,
				Last:   -1,
				Tokens: 2,
				Cached: run > 0,
			}, {Sum: inf, Last: -2, Tokens: 2, Cached: run > 0}, {Sum: inf, Last: -1, Tokens: 2, Cached: true},
		}, scores)
		scores, err = scoring.Texts(t.Context(), c, texts)
		require.NoError(t, err)
		require.Equal(t, []model.Score{
			{
				Sum:    -1,
				Tokens: 1,
				Cached: run > 0,
			}, {Cached: run > 0}, {Sum: -2, Tokens: 2, Cached: run > 0}, {Sum: -1, Tokens: 1, Cached: true},
		}, scores)
		require.Equal(t, 5, m.scored, "each is scored once")
		require.NoError(t, c.Close())
	}
	m.size = 100 // texts are cut elsewhere
	scores, err := scoring.Texts(t.Context(), openCache(t, m, dir), texts[:1])
	require.NoError(t, err)
	require.False(t, scores[0].Cached)
	_, err = scoring.Texts(t.Context(), openCache(t, echo(), dir), texts)
	require.ErrorIs(t, err, model.ErrNoScores, "the cache does not score by itself")
}
