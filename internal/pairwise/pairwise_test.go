package pairwise

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/model"
	"github.com/stretchr/testify/require"
)

// Worked by hand: A better twice, B better once, one tie said, one judge that
// goes by the place, equal answers, one unread.
func TestPairwiseJudge(t *testing.T) {
	m := &fake.Model{Called: "j", Reply: func(req model.Request, _ int) model.Sample {
		require.NotEmpty(t, req.Schema)
		user := req.Messages[1].Content
		first := strings.Split(strings.Split(user, "First answer: ")[1], "\n")[0]
		switch {
		case strings.Contains(user, "place"):
			return fake.Says(`"first"`)
		case strings.Contains(user, "mumble"):
			return fake.Says("first or second")
		case strings.Contains(user, "equal"):
			return fake.Says("tie")
		case strings.HasPrefix(first, "good"):
			return fake.Says(`"first"`)
		}
		return fake.Says("The second answer.")
	}}
	pairs := []Pair{
		{Question: "1", A: "good", B: "bad"}, {Question: "2", A: "good", B: "bad"}, {Question: "3", A: "bad", B: "good"},
		{Question: "4", A: "equal a", B: "equal b"}, {Question: "5", A: "place a", B: "place b"}, {Question: "6", A: "same", B: "same"},
		{Question: "7", A: "mumble", B: "x"},
	}
	r, err := Judge{Model: m, Batch: 3}.Compare(t.Context(), pairs)
	require.NoError(t, err)
	require.Equal(t, []Outcome{PrefersA, PrefersA, PrefersB, PrefersTie, PrefersTie, PrefersTie, NoVerdict}, r.Outcomes)
	require.Equal(t, []int{2, 3, 1, 1, 1}, []int{r.Win, r.Tie, r.Loss, r.Unread, r.Inconsistent})
	require.Len(t, m.Requests, 12)
	require.InDelta(t, 2.0/6, r.WinRate.Value, 1e-12)
	require.InDelta(t, 1.0/6, r.Advantage.Value, 1e-12)
	require.False(t, r.Advantage.Excludes(0))
	require.InDelta(t, 5.0/8, r.FirstShown.Value, 1e-12)
	var text strings.Builder
	require.NoError(t, r.WriteText(&text))
	require.Contains(t, text.String(), "2 won, 3 tied (1 of them by contradicting itself), 1 lost, 1 unread")
	require.Contains(t, text.String(), "no difference shown")
	_, err = json.Marshal(r)
	require.NoError(t, err)

	_, err = Judge{Model: fake.AlwaysSays("well"), Batch: 2}.Compare(t.Context(), pairs)
	require.ErrorIs(t, err, judge.ErrUnread)
	_, err = Judge{Model: m}.Compare(context.Background(), nil)
	require.ErrorContains(t, err, "no pairs of answers")
}

// Twelve pairs about two passages, all won, are evidence like two; and the two replies about a pair, of a judge that goes by the
// place, are one.
func TestPairsOfAGroupCountAsOne(t *testing.T) {
	m := &fake.Model{Called: "j", Reply: func(req model.Request, _ int) model.Sample {
		first := strings.Split(strings.Split(req.Messages[1].Content, "First answer: ")[1], "\n")[0]
		if strings.HasPrefix(first, "good") {
			return fake.Says("first")
		}
		return fake.Says("second")
	}}
	pairs := make([]Pair, 12)
	for i := range pairs {
		pairs[i] = Pair{A: "good", B: "bad", Group: []string{"p", "q"}[i%2]}
	}
	r, err := Judge{Model: m}.Compare(t.Context(), pairs)
	require.NoError(t, err)
	low, _ := stats.SameScores(1, -1, 1, 2)
	require.Equal(t, low, r.Advantage.Low)
	require.InDelta(t, 0.5, *r.P, 0.05, "of four ways to exchange two passages, two are as uneven")
	require.Equal(t, PrefersTie, r.Preferred())
	require.Contains(t, r.Test(), "randomisation")

	for i := range pairs {
		pairs[i].Group = ""
	}
	r, err = Judge{Model: m}.Compare(t.Context(), pairs)
	require.NoError(t, err)
	require.InDelta(t, 2/4096.0, *r.P, 1e-12)
	require.Equal(t, PrefersA, r.Preferred())
	require.Contains(t, r.Test(), "sign test")

	byPlace, err := Judge{Model: fake.AlwaysSays("first")}.Compare(t.Context(), pairs)
	require.NoError(t, err)
	low, _ = stats.SameScores(1, 0, 1, 12)
	require.Equal(t, low, byPlace.FirstShown.Low, "24 replies about 12 pairs")
}
