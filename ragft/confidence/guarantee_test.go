package confidence

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/ragft/ragft/internal/stats"
	"github.com/stretchr/testify/require"
)

func TestControlRiskTakesTheWidestCoverage(t *testing.T) {
	// 200 answers: the upper half is right, the lower half wrong.
	var outcomes []stats.Outcome
	for i := range 200 {
		outcomes = append(outcomes, stats.Outcome{Confidence: float64(i) / 200, Correct: i >= 100})
	}
	g, err := controlRisk(outcomes, 0.1, 0.1)
	require.NoError(t, err)
	// At 50 % coverage none of 100 is wrong; at 55 % ten of 110 are, whose bound is above 10 %.
	require.Equal(t, 100, g.Answered)
	require.Equal(t, 0.5, g.Threshold)
	require.Zero(t, g.Wrong)
	require.InDelta(t, 1-math.Pow(0.1/20, 1.0/100), g.Bound, 1e-9)
	require.Equal(t, 0.5, g.Coverage)
}

func TestControlRiskTies(t *testing.T) {
	// All confidences are equal: all are answered, or none.
	outcomes := make([]stats.Outcome, 100)
	for i := range outcomes {
		outcomes[i] = stats.Outcome{Confidence: 0.5, Correct: i%2 == 0}
	}
	_, err := controlRisk(outcomes, 0.2, 0.1)
	require.ErrorIs(t, err, ErrNoGuarantee)
	g, err := controlRisk(outcomes, 0.8, 0.1)
	require.NoError(t, err)
	require.Equal(t, 100, g.Answered)
}

func TestControlRiskRefuses(t *testing.T) {
	_, err := controlRisk(nil, 0.1, 0.1)
	require.ErrorIs(t, err, ErrNoGuarantee)
	_, err = controlRisk([]stats.Outcome{{Confidence: 1, Correct: true}}, 0.05, 0.1)
	require.ErrorContains(t, err, "about 104 without a wrong one") // log(0.005) / log(0.95) = 103.3
	for _, bad := range []float64{0, 1, math.NaN(), -1} {
		_, err = controlRisk([]stats.Outcome{{Confidence: 1, Correct: true}}, bad, 0.1)
		require.Error(t, err)
		_, err = controlRisk([]stats.Outcome{{Confidence: 1, Correct: true}}, 0.1, bad)
		require.Error(t, err)
	}
	_, err = controlRisk([]stats.Outcome{{Confidence: math.NaN(), Correct: true}}, 0.5, 0.1)
	require.ErrorIs(t, err, ErrNoGuarantee)
}

// The guarantee itself: over many samples from a known law, the true risk at the threshold is above the bound in at most a
// share delta of them. Here the confidence says nothing and every answer is wrong with a probability just above the risk
// asked for, so that each threshold that is found breaks the promise. The best of 20 coverages, each tested at the whole
// delta, does so several times too often.
func TestControlRiskHolds(t *testing.T) {
	const risk, delta, samples = 0.25, 0.04, 300
	rng := rand.New(rand.NewPCG(1, 1))
	broken, uncorrected := 0, 0
	for range samples {
		outcomes := make([]stats.Outcome, 200)
		for i := range outcomes {
			outcomes[i] = stats.Outcome{Confidence: rng.Float64(), Correct: rng.Float64() >= risk+0.001}
		}
		if _, err := controlRisk(outcomes, risk, delta); err == nil {
			broken++
		}
		// The same as delta for every coverage, not divided among them.
		if _, err := controlRisk(outcomes, risk, delta*riskLevels); err == nil {
			uncorrected++
		}
	}
	require.LessOrEqual(t, float64(broken)/samples, delta)
	require.Greater(t, float64(uncorrected)/samples, 2*delta, "the law tells the two apart")
}

// Where the confidence is right, a threshold is found, and the risk at it is what was promised.
func TestControlRiskFindsAThreshold(t *testing.T) {
	const risk, delta, samples = 0.25, 0.2, 150
	rng := rand.New(rand.NewPCG(1, 1))
	broken, found := 0, 0
	for range samples {
		outcomes := make([]stats.Outcome, 400)
		for i := range outcomes {
			c := rng.Float64()
			outcomes[i] = stats.Outcome{Confidence: c, Correct: rng.Float64() < c} // P(wrong | c) = 1 - c
		}
		g, err := controlRisk(outcomes, risk, delta)
		if err != nil {
			continue
		}
		found++
		if trueRisk := (1 - g.Threshold) / 2; trueRisk > risk { // mean of 1 - c over [threshold, 1]
			broken++
		}
	}
	require.Greater(t, found, samples/2)
	require.LessOrEqual(t, float64(broken)/samples, delta)
}
