package judge

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseBest(t *testing.T) {
	for text, want := range map[string]int{
		"Best: Prediction 2": 2, "**Best:** Prediction 3": 3, "best: #1": 1, "2": 2, "Prediction 1.": 1,
		"Best: Prediction 1 is tempting.\nBest: Prediction 2": 2,
		"Best: Prediction 4": 0, "Best: Prediction 0": 0, "": 0, "Prediction 1 or 2": 0, "the best": 0, "Best: 99999999999999999999": 0,
	} {
		n, ok := parseBest(text, 3)
		if !ok {
			n = 0
		}
		require.Equal(t, want, n, text)
	}
}
