package ragft

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// sure is an evaluation of one system in which every second question is refused, and of the answers those with a
// high retrieval score are right.
func sure(n int) *Evaluation {
	e := &Evaluation{Systems: []SystemResult{{Name: "s", Model: "m"}}, Signals: SignalOptions{Consistency: 3}}
	for i := range n {
		e.Questions = append(e.Questions, EvalQuestion{Question: Question{ID: fmt.Sprint(i), Question: fmt.Sprint("question ", i)}})
		r := Record{Verdict: Refused}
		if i%2 == 0 {
			good := i%4 == 0
			r = Record{Verdict: Incorrect, Signals: Signals{SignalRetrieval: float64(i % 3), SignalLogProb: -0.1}}
			if good {
				r.Verdict, r.Signals[SignalRetrieval] = Correct, 5+float64(i%3)
			}
		}
		e.Systems[0].Records = append(e.Systems[0].Records, r)
	}
	return e
}

func pointsOf(t *testing.T, e *Evaluation, system string) Points {
	t.Helper()
	points, err := e.Points(system)
	require.NoError(t, err)
	return points
}

func TestCalibrate(t *testing.T) {
	c, err := Calibrate(pointsOf(t, sure(2000), "s"), CalibrationOptions{Risk: 0.1})
	require.NoError(t, err)
	require.Equal(t, []string{SignalLogProb, SignalRetrieval}, c.Calibrator.Names)
	require.Equal(t, 1.0, *c.After.AUROC)
	require.Equal(t, 0.5, *c.Before.AUROC, "the log probability is always the same")
	require.InDelta(t, 0.5, c.Guarantee.Coverage, 0.05)
	require.Zero(t, c.Guarantee.Wrong)
	require.Equal(t, 3, c.Signals.Consistency)
	require.InDelta(t, 1000, c.Calibrator.N+c.Guarantee.N, 0, "refusals take no part")

	path := filepath.Join(t.TempDir(), "calibration.json")
	require.NoError(t, c.WriteFile(path))
	back, err := ReadCalibrationFile(path)
	require.NoError(t, err)
	require.Equal(t, c, back)
}

func TestCalibrateNeedsEnough(t *testing.T) {
	_, err := sure(8).Points("none")
	require.ErrorIs(t, err, ErrCalibration)
	_, err = Calibrate(Points{System: "s"}, CalibrationOptions{})
	require.ErrorIs(t, err, ErrCalibration)
	c, err := Calibrate(pointsOf(t, sure(60), "s"), CalibrationOptions{Risk: 0.01})
	require.ErrorIs(t, err, ErrNoGuarantee)
	require.NotNil(t, c)
}

// Answers of one kind alone calibrate nothing; why stands in the report, and nobody answers by it.
func TestCalibrateWithoutWrongAnswers(t *testing.T) {
	e := sure(60)
	for i := range e.Systems[0].Records {
		if r := &e.Systems[0].Records[i]; r.Verdict == Incorrect {
			r.Verdict = Correct
		}
	}
	c, err := Calibrate(pointsOf(t, e, "s"), CalibrationOptions{Risk: 0.05})
	require.ErrorIs(t, err, ErrCalibration)
	require.Contains(t, c.Unfit, "it needs right and wrong answers")
	require.Equal(t, []float64{0.05, 0.1}, []float64{c.Guarantee.Risk, c.Guarantee.Delta})
	for _, minimum := range []float64{0, 0.3} {
		_, err = NewAssistant(&scripted{name: "m"}, shelf{}, AssistantOptions{Calibration: c, MinConfidence: minimum}).Answer(t.Context(), "Who?")
		require.ErrorIs(t, err, ErrCalibration)
	}
	require.ErrorIs(t, c.Test(pointsOf(t, e, "s")), ErrCalibration)
	require.Nil(t, c.Gate)
	path := filepath.Join(t.TempDir(), "calibration.json")
	require.NoError(t, c.WriteFile(path))
	back, err := ReadCalibrationFile(path)
	require.NoError(t, err)
	require.Equal(t, c, back, "it says why there is none")

	reported := measured(t)
	reported.Calibration = c
	page := writtenReport(t, reported, ReportInfo{})
	var table strings.Builder
	require.NoError(t, c.WriteTable(&table))
	for _, text := range []string{table.String(), page} {
		require.Contains(t, strings.Join(strings.Fields(text), " "), "Calibration of s: none (cannot calibrate confidence: ")
		require.Contains(t, strings.Join(strings.Fields(text), " "), "Nothing keeps the share of wrong answers at or below 5.0 %.")
	}
	require.NotContains(t, page, "of the confidence")
}

func TestBrokenCalibrationFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "calibration.json")
	for _, text := range []string{"", "{}", `{"calibrator": {"names": ["x"], "mean": [], "scale": [1], "weight": [1]}}`} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err := ReadCalibrationFile(path)
		require.ErrorContains(t, err, path)
	}
	_, err := ReadCalibrationFile(path + "x")
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestAssistantHoldsToItsCalibration(t *testing.T) {
	const q = "Who runs the mill?"
	found := shelf{q: {"The mill is run by Mara Venn."}}
	m := &scripted{name: "m", answers: map[string]ChatSample{q: said("Mara Venn", 0.9)}}
	calibration := func(bias float64) *Calibration {
		return &Calibration{
			Calibrator: Calibrator{Names: []string{SignalLogProb, SignalConsistency}, Mean: []float64{0, 0}, Scale: []float64{1, 1}, Weight: []float64{1, 1}, Bias: bias},
			Guarantee:  Guarantee{Threshold: 0.5, Answered: 9}, Signals: SignalOptions{Consistency: 2}, Model: "m",
			Conditions: Conditions{Setting: string(SettingRetrieval), Passages: 4, Prompt: DefaultRead, Layout: layoutOf(Prompts{}.ReadMessages)},
		}
	}
	answer, err := NewAssistant(m, found, AssistantOptions{Calibration: calibration(1)}).Answer(t.Context(), q)
	require.NoError(t, err)
	require.False(t, answer.Abstained)
	require.Equal(t, 1.0, answer.Signals[SignalConsistency])
	require.InDelta(t, sigmoid(1+math.Log(0.9)+1), answer.Confidence, 1e-12)

	shown := ""
	a := NewAssistant(m, found, AssistantOptions{Calibration: calibration(-3)})
	answer, err = a.Stream(t.Context(), q, func(piece string) { shown += piece })
	require.NoError(t, err)
	require.True(t, answer.Abstained)
	require.Equal(t, ReasonLowConfidence, answer.Reason)
	require.Equal(t, "Mara Venn", answer.Draft)
	require.Equal(t, answer.Text, shown, "nothing is shown that is taken back")
}
