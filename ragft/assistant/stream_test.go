package assistant

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/ragft/abstain"
	"github.com/ragft/ragft/ragft/model"
)

// A short answer is shown once it is known which draft is given; a long one while it is generated, as no draft can take its place.
func TestDraftsAndStreaming(t *testing.T) {
	long := strings.TrimSpace(strings.Repeat("Ann Lee opened it. ", 6))
	for name, c := range map[string]struct {
		first  string
		want   string
		pieces int
	}{
		"a draft":    {"Bob", "Ann Lee", 1},
		"a long one": {long, long, 24 - 16},
	} {
		t.Run(name, func(t *testing.T) {
			m := &fake.Model{Reply: func(req model.Request, i int) model.Sample {
				if req.Temperature == 0 {
					s := fake.Says(c.first)
					s.MeanLogProb = -1
					return s
				}
				return model.Sample{Text: []string{"Cid", "Ann Lee", "Dan"}[i], Tokens: 2, MeanLogProb: -[]float64{3, 0.1, 2}[i]}
			}}
			var pieces []string
			a := New(m, fake.Search{All: fake.InnHits()}, Options{Drafts: 3})
			got, err := a.Stream(t.Context(), "Who opened the Blue Inn?", func(piece string) { pieces = append(pieces, piece) })
			require.NoError(t, err)
			require.Equal(t, c.want, got.Text)
			require.Equal(t, c.want, strings.Join(pieces, ""))
			require.Len(t, pieces, c.pieces)
			if name == "a draft" {
				require.InDelta(t, math.Exp(-0.1), got.Confidence, 1e-9, "of the answer that is given")
			}
		})
	}
}

// What is drawn has no drafts, so that it is shown from its first token on.
func TestDrawnAnswersStreamAtOnce(t *testing.T) {
	m := fake.AlwaysSays("Ann Lee opened it.")
	var pieces []string
	a := New(m, fake.Search{All: fake.InnHits()}, Options{Drafts: 3, Temperature: 0.5})
	_, err := a.Stream(t.Context(), "Who opened the Blue Inn?", func(piece string) { pieces = append(pieces, piece) })
	require.NoError(t, err)
	require.Equal(t, []string{"Ann ", "Lee ", "opened ", "it."}, pieces)
	require.Len(t, m.Requests, 1)
}

// The rule goes by the answer of the likeliest tokens. A long answer has no certainty, so that it is decided before it is shown.
func TestRuleAndDrafts(t *testing.T) {
	long := strings.TrimSpace(strings.Repeat("Ann Lee opened it. ", 6))
	for _, c := range []struct {
		first     string
		mean      float64
		threshold float64
		want      string
		pieces    int
	}{
		{"Bob", -0.1, 0.5, "Ann Lee", 1},
		{"Bob", -3, 0.5, fake.Decline, 1}, // although the draft is certain
		{long, -0.1, 0.4, long, 24 - 16},
		{long, -0.1, 0.6, fake.Decline, 1},
	} {
		t.Run(fmt.Sprint(len(c.first), c.mean, c.threshold), func(t *testing.T) {
			m := &fake.Model{Reply: func(req model.Request, _ int) model.Sample {
				s := fake.Says("Ann Lee")
				if s.MeanLogProb = -0.05; req.Temperature == 0 {
					s = fake.Says(c.first)
					s.MeanLogProb = c.mean
				}
				s.Excluded = math.Log(0.5)
				return s
			}}
			rule := ruleFor(m, 4)
			rule.Threshold = c.threshold
			rule.Chance = stats.Logistic{Names: []string{abstain.Certainty}, Mean: []float64{-1}, Scale: []float64{1}, Weight: []float64{1}}
			var pieces []string
			a := New(m, fake.Search{All: fake.InnHits()}, Options{Rule: rule, Drafts: 2})
			got, err := a.Stream(t.Context(), "Who opened the Blue Inn?", func(piece string) { pieces = append(pieces, piece) })
			require.NoError(t, err)
			require.Equal(t, c.want, got.Text)
			require.Equal(t, c.want, strings.Join(pieces, ""))
			require.Len(t, pieces, c.pieces)
		})
	}
}
