package eval

import (
	"math"
	"testing"

	"github.com/ragft/ragft/internal/stats"
	"github.com/stretchr/testify/require"
)

func TestFinding(t *testing.T) {
	p := func(x float64) *float64 { return &x }
	for _, c := range []struct {
		d    Difference
		want stats.Finding
	}{
		{Difference{Estimate: stats.Estimate{Value: 0.2, Low: 0.1, High: 0.3, N: 9}, P: p(0.04), Direction: 1}, stats.Better},
		{Difference{Estimate: stats.Estimate{Value: 0.2, Low: 0.1, High: 0.3, N: 9}, P: p(0.04), Direction: -1}, stats.Worse},
		{Difference{Estimate: stats.Estimate{Value: -0.2, Low: -0.3, High: -0.1, N: 9}, P: p(0.04), Direction: -1}, stats.Better},
		{Difference{Estimate: stats.Estimate{Value: -0.2, Low: -0.3, High: -0.1, N: 9}, P: p(0.04), Direction: 1}, stats.Worse},
		{Difference{Estimate: stats.Estimate{Value: -0.2, Low: -0.3, High: -0.1, N: 9}, P: p(0.04)}, stats.Lower},
		{Difference{Estimate: stats.Estimate{Value: 0.2, Low: 0.1, High: 0.3, N: 9}, P: p(0.04)}, stats.Higher},
		{Difference{Estimate: stats.Estimate{Value: 0.2, Low: 0, High: 0.3, N: 9}, P: p(0.04), Direction: 1}, stats.NoDifference},
		{Difference{Estimate: stats.Estimate{Value: 0.2, Low: 0.1, High: 0.3, N: 9}, P: p(0.05), Direction: 1}, stats.NoDifference},
		{Difference{Estimate: stats.Estimate{Value: 0.2, Low: 0.1, High: 0.3, N: 9}, Direction: 1}, stats.NoDifference},
		// The bootstrap repeats one value, as AURC 1 against 0: the test alone decides.
		{Difference{Estimate: stats.Estimate{Value: 1, Low: math.NaN(), High: math.NaN(), N: 9}, P: p(0.01), Direction: 1}, stats.Better},
	} {
		require.Equal(t, c.want, c.d.finding(), "%+v", c.d)
	}
}
