package selfdemo

import (
	"testing"

	"github.com/ragft/ragft/internal/stats"
	"github.com/stretchr/testify/require"
)

func TestAllTiesReachToBothSides(t *testing.T) {
	e := stats.MeanEstimate([]float64{0, 0, 0}, -1, 1, 100, 1)
	require.Zero(t, e.Value)
	require.Positive(t, e.High)
	require.Equal(t, -e.High, e.Low)
	require.Equal(t, 0, betterPrompt("start", 1, 1, ScoredPrompt{Text: "start"}, ScoredPrompt{Text: "start"}))
	require.Negative(t, betterPrompt("start", 1, 1, ScoredPrompt{Text: "start"}, ScoredPrompt{Text: "no"}),
		"nothing speaks for another prompt")
}
