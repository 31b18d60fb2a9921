package confidence_test

import (
	"math"
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/internal/signals"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/stretchr/testify/require"
)

// gated is an evaluation of "tuned" with answers of the given probabilities; negative = refused, odd places wrong.
func gated(probabilities ...float64) *eval.Evaluation {
	e := &eval.Evaluation{
		Passages: 4,
		Systems: []eval.SystemResult{
			{
				Name:    "tuned",
				Model:   "m",
				Setting: eval.SettingRetrieval,
				Prompt:  prompt.Default().Read,
				Layout:  layout.Fingerprint(prompt.Set{}.ReadMessages),
			},
		},
	}
	for i, p := range probabilities {
		r := eval.Record{Verdict: answer.Refused}
		if p > 0 {
			r = eval.Record{
				Verdict:    []answer.Verdict{answer.Correct, answer.Incorrect}[i%2],
				Confidence: &p,
				Signals:    confidence.Signals{signals.LogProb: math.Log(p)},
			}
		}
		e.Systems[0].Records = append(e.Systems[0].Records, r)
		e.Questions = append(e.Questions, eval.Question{})
	}
	return e
}

func TestThresholdOnOtherQuestions(t *testing.T) {
	c := fixture.Calibrated()
	// sigmoid(log p) = p / (1 + p) is at least 0.4 from p = 2/3 on: of the five answers, the first, the third and the fourth.
	e := gated(0.9, 0.5, 0.7, 0.8, 0.2, -1)
	require.NoError(t, c.Test(fixture.PointsOf(t, e, "tuned")))
	require.Equal(t, 6, c.ThresholdTest.N)
	require.Equal(t, []int{5, 3}, []int{c.ThresholdTest.Before.Answered, c.ThresholdTest.Before.Correct})
	require.Equal(t, []int{3, 2}, []int{c.ThresholdTest.After.Answered, c.ThresholdTest.After.Correct})
	require.Equal(t, 0.5, c.ThresholdTest.After.Coverage.Value)
	require.InDelta(t, 2.0/3, c.ThresholdTest.After.SelectiveAccuracy.Value, 1e-12)
	require.InDelta(t, 0.0943, c.ThresholdTest.After.SelectiveAccuracy.Low, 1e-4) // Clopper-Pearson for 2 of 3
	require.InDelta(t, 0.9916, c.ThresholdTest.After.SelectiveAccuracy.High, 1e-4)
	require.Len(t, c.ThresholdTest.Curve, 5)
	require.InDelta(t, 5.0/6, c.ThresholdTest.Curve[4].Coverage, 1e-12, "of all questions")
	require.InDelta(t, 0.4, c.ThresholdTest.Curve[4].Risk, 1e-12)
	require.Contains(t, c.ThresholdTest.String(), "With it: 50.0 % (11.8..88.2) answered, 66.7 % (9.4..99.2) of the answers right.")
	var table strings.Builder
	require.NoError(t, c.WriteTable(&table))
	require.Contains(t, strings.Join(strings.Fields(table.String()), " "), c.ThresholdTest.String())

	c.Guarantee = confidence.Guarantee{}
	require.NoError(t, c.Test(fixture.PointsOf(t, e, "tuned")))
	require.Nil(t, c.ThresholdTest.After, "no threshold")

	require.ErrorIs(t, c.Test(nil, confidence.Conditions{}), confidence.ErrUncalibrated)
	e.Passages = 8
	require.ErrorIs(t, c.Test(fixture.PointsOf(t, e, "tuned")), confidence.ErrConditions)
}
