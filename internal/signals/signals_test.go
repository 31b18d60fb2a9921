package signals

import (
	"context"
	"math"
	"path/filepath"
	"testing"

	"github.com/ragft/ragft/internal/layout"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/model/cache"
	"github.com/stretchr/testify/require"
)

// doubting is a model that scores the words of a reply by their probability, and the end of it by another.
type doubting struct {
	fake.Model
	words  map[string]float64
	end    map[string]float64
	scored int
}

func (m *doubting) Score(_ context.Context, pairs []model.Completion) ([]model.Score, error) {
	m.scored += len(pairs)
	var out []model.Score
	for _, p := range pairs {
		word, end := math.Log(m.words[p.Response]), math.Log(m.end[p.Response])
		out = append(out, model.Score{Sum: word + end, Last: end, Tokens: 2})
	}
	return out, nil
}

func (m *doubting) ScoreTexts(context.Context, []string) ([]model.Score, error) { return nil, nil }

func (m *doubting) probability(t *testing.T, lm model.Model) float64 {
	t.Helper()
	out, err := Ask(
		t.Context(),
		lm,
		confidence.SignalOptions{True: true},
		[]Answer{{model.Request{Messages: layout.Chat("s", "Who?")}, "Tom"}},
		nil,
		1,
	)
	require.NoError(t, err)
	return out[0][True]
}

// Yes against no: .15 + .45 of .15 + .45 + .1 + .1. That a "No" is hardly ever the whole reply changes nothing.
func TestTrueIsYesAgainstNo(t *testing.T) {
	m := &doubting{
		words: map[string]float64{"yes": 0.15, "Yes": 0.45, "no": 0.1, "No": 0.1},
		end:   map[string]float64{"yes": 0.9, "Yes": 0.9, "no": 0.001, "No": 0.001},
	}
	require.InDelta(t, 0.75, m.probability(t, m), 1e-9)
	m.words = map[string]float64{"yes": 0.1, "Yes": 0.1, "no": 0.15, "No": 0.45}
	require.InDelta(t, 0.25, m.probability(t, m), 1e-9)
	m.words["No"], m.words["no"], m.words["yes"] = 0, 0, 0 // a logarithm of minus infinity
	require.InDelta(t, 1, m.probability(t, m), 1e-9)
	require.Zero(t, m.Calls, "nothing is generated")

	m.words = map[string]float64{"yes": 0.15, "Yes": 0.45, "no": 0.1, "No": 0.1}
	folder, scored := filepath.Join(t.TempDir(), "cache"), m.scored
	for range 2 { // the second time from the file
		cached, err := cache.Open(m, folder)
		require.NoError(t, err)
		require.InDelta(t, 0.75, m.probability(t, cached), 1e-9)
		require.NoError(t, cached.Close())
	}
	require.Equal(t, scored+4, m.scored)
}

// Without scores it is the first token alone that counts: all replies here have tokens of the same probability.
func TestTrueOfTheFirstToken(t *testing.T) {
	reply := ""
	m := &fake.Model{Reply: func(req model.Request, _ int) model.Sample {
		require.Equal(t, 1, req.MaxTokens)
		return model.Sample{Text: reply, Tokens: 1, MeanLogProb: math.Log(0.8)}
	}}
	for said, want := range map[string]float64{"Yes": 0.8, "No": 0.2, "no,": 0.2, "true": 0.8, "Well": math.NaN(), "": math.NaN()} {
		reply = said
		p, err := readTrue(t.Context(), m, [][]model.Message{layout.Chat("s", "Who?")})
		require.NoError(t, err)
		if math.IsNaN(want) {
			require.True(t, math.IsNaN(p[0]), said)
		} else {
			require.InDelta(t, want, p[0], 1e-9, said)
		}
	}
	require.True(t, math.IsNaN(yesProbability(model.Sample{Text: "yes", MeanLogProb: math.NaN()})), "a server that tells no probabilities")
}
