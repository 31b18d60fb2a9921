package assistant

import (
	"math"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/internal/signals"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/stretchr/testify/require"
)

func TestAssistantHoldsToItsCalibration(t *testing.T) {
	const q = "Who runs the mill?"
	found := fake.Shelf{q: {"The mill is run by Mara Venn."}}
	m := &fake.Scripted{Called: "m", Answers: map[string]model.Sample{q: fake.Said("Mara Venn", 0.9)}}
	calibration := func(bias float64) *confidence.Calibration {
		return &confidence.Calibration{
			Calibrator: stats.Logistic{
				Names:  []string{signals.LogProb, signals.Consistency},
				Mean:   []float64{0, 0},
				Scale:  []float64{1, 1},
				Weight: []float64{1, 1},
				Bias:   bias,
			},
			Guarantee: confidence.Guarantee{Threshold: 0.5, Answered: 9},
			Conditions: confidence.Conditions{
				Model:    "m",
				Signals:  confidence.SignalOptions{Consistency: 2},
				Setting:  string(eval.SettingRetrieval),
				Passages: 4,
				Prompt:   prompt.Default().Read,
				Layout:   layout.Fingerprint(prompt.Set{}.ReadMessages),
			},
		}
	}
	answer, err := New(m, found, Options{Calibration: calibration(1)}).Answer(t.Context(), q)
	require.NoError(t, err)
	require.False(t, answer.Abstained)
	require.Equal(t, 1.0, answer.Signals[signals.Consistency])
	require.InDelta(t, stats.Sigmoid(1+math.Log(0.9)+1), answer.Confidence, 1e-12)

	shown := ""
	a := New(m, found, Options{Calibration: calibration(-3)})
	answer, err = a.Stream(t.Context(), q, func(piece string) { shown += piece })
	require.NoError(t, err)
	require.True(t, answer.Abstained)
	require.Equal(t, ReasonLowConfidence, answer.Reason)
	require.Equal(t, "Mara Venn", answer.Draft)
	require.Equal(t, answer.Text, shown, "nothing is shown that is taken back")
}

// A confidence that is not known is below any threshold above 0, with a calibration and without.
func TestUnknownConfidenceIsBelowAnyThreshold(t *testing.T) {
	const q = "Who runs the mill?"
	found := fake.Shelf{q: {"The mill is run by Mara Venn."}}
	said := fake.Said("Mara Venn", 0.9)
	said.MeanLogProb = math.NaN() // a server without log probabilities
	m := &fake.Scripted{Called: "m", Answers: map[string]model.Sample{q: said}}
	calibration := &confidence.Calibration{
		Calibrator: stats.Logistic{Names: []string{signals.LogProb}, Mean: []float64{-0.1}, Scale: []float64{1}, Weight: []float64{1}, Bias: 3},
		Guarantee:  confidence.Guarantee{Threshold: 0.01, Answered: 9},
		Conditions: confidence.Conditions{Model: "m", Setting: string(eval.SettingRetrieval), Passages: 4, Prompt: prompt.Default().Read,
			Layout: layout.Fingerprint(prompt.Set{}.ReadMessages)},
	}
	for name, o := range map[string]Options{
		"a least confidence": {MinConfidence: 1e-9}, "a calibration": {Calibration: calibration},
		"both": {MinConfidence: 1e-9, Calibration: calibration},
	} {
		shown := ""
		answer, err := New(m, found, o).Stream(t.Context(), q, func(piece string) { shown += piece })
		require.NoError(t, err, name)
		require.True(t, answer.Abstained, name)
		require.Equal(t, ReasonLowConfidence, answer.Reason, name)
		require.True(t, math.IsNaN(answer.Confidence), name)
		require.Equal(t, answer.Text, shown, name)
	}
	answer, err := New(m, found, Options{}).Answer(t.Context(), q)
	require.NoError(t, err)
	require.False(t, answer.Abstained, "without a threshold it is given")
	require.True(t, math.IsNaN(calibration.Probability(confidence.Signals{signals.LogProb: math.NaN()})))
	require.True(t, math.IsNaN(calibration.Probability(confidence.Signals{signals.LogProb: math.Inf(-1)})))
	require.False(t, math.IsNaN(calibration.Probability(confidence.Signals{signals.LogProb: -1})))
}
