package selfdemo

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBetterPrompt(t *testing.T) {
	require.Equal(t, 0, betterPrompt("start", 1, 1, ScoredPrompt{Text: "start"}, ScoredPrompt{Text: "start"}))
	require.Negative(t, betterPrompt("start", 1, 1, ScoredPrompt{Text: "start"}, ScoredPrompt{Text: "no"}),
		"nothing speaks for another prompt")
}
