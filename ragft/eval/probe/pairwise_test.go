package probe

import (
	"math"
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/figures"
	"github.com/ragft/ragft/internal/pairwise"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/ragft/model"
	"github.com/stretchr/testify/require"
)

// A preference is one where the exact interval of the advantage, which lies in [-1, 1], leaves 0 out, and the sign test
// agrees. Worked by hand: of n pairs that are all won, another outcome has a probability of at most 1 - 0.025^(1/n), and
// at worst it is a loss.
func TestPreferenceOfFewPairs(t *testing.T) {
	j := &fake.Model{Called: "j", Reply: func(req model.Request, _ int) model.Sample {
		first := strings.Split(strings.Split(req.Messages[1].Content, "First answer: ")[1], "\n")[0]
		switch {
		case strings.HasPrefix(first, "equal"):
			return fake.Says("tie")
		case strings.HasPrefix(first, "good"):
			return fake.Says("first")
		}
		return fake.Says("second")
	}}
	compare := func(win, tie, loss int) *pairwise.Result {
		var pairs []pairwise.Pair
		for range win {
			pairs = append(pairs, pairwise.Pair{A: "good", B: "bad"})
		}
		for range tie {
			pairs = append(pairs, pairwise.Pair{A: "equal a", B: "equal b"})
		}
		for range loss {
			pairs = append(pairs, pairwise.Pair{A: "bad", B: "good"})
		}
		r, err := pairwise.Judge{Model: j, Seed: 1}.Compare(t.Context(), pairs)
		require.NoError(t, err)
		require.Equal(t, []int{win, tie, loss}, []int{r.Win, r.Tie, r.Loss})
		return r
	}
	for _, c := range []struct {
		win, tie, loss int
		p, low         float64 // low NaN: that of the bootstrap
		want           pairwise.Outcome
	}{
		{1, 0, 0, 1, -0.95, pairwise.PrefersTie},
		{2, 0, 0, 0.5, 1 - 2*(1-math.Sqrt(0.025)), pairwise.PrefersTie},
		{5, 0, 0, 0.0625, 1 - 2*(1-math.Pow(0.025, 0.2)), pairwise.PrefersTie},
		{6, 0, 0, 0.03125, 1 - 2*(1-math.Pow(0.025, 1.0/6)), pairwise.PrefersA},
		{0, 0, 6, 0.03125, -1, pairwise.PrefersB},
		{3, 3, 0, 0.25, math.NaN(), pairwise.PrefersTie},
		{9, 3, 1, 0.021484375, math.NaN(), pairwise.PrefersA}, // 2 (1 + 10) / 2^10
		{0, 4, 0, 1, -(1 - math.Pow(0.025, 0.25)), pairwise.PrefersTie},
	} {
		r := compare(c.win, c.tie, c.loss)
		require.InDelta(t, c.p, *r.P, 1e-12, "%+v", c)
		if !math.IsNaN(c.low) {
			require.InDelta(t, c.low, r.Advantage.Low, 1e-12, "%+v", c)
		}
		require.Equal(t, c.want, r.Preferred(), "%+v: %+v", c, r.Advantage)
		verdict := ArmVerdict{A: "a", B: "b", Result: r}.Finding()
		var text strings.Builder
		require.NoError(t, r.WriteText(&text))
		require.Contains(t, text.String(), ", p "+figures.FormatP(c.p)+": ")
		switch c.want {
		case pairwise.PrefersTie:
			require.Equal(t, string(stats.NoDifference), verdict)
			require.Contains(t, text.String(), string(stats.NoDifference))
		case pairwise.PrefersA:
			require.Equal(t, "a preferred", verdict)
			require.Contains(t, text.String(), "A is preferred")
		default:
			require.Equal(t, "b preferred", verdict)
			require.Contains(t, text.String(), "B is preferred")
		}
	}
	require.True(t, compare(3, 3, 0).Advantage.Excludes(0), "the interval alone would say so")
}
