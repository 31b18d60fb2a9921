package report

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/assistant"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/stretchr/testify/require"
)

// Answers that are all right cannot be calibrated. The report says why, and no assistant answers with the result.
func TestCalibrateWithoutWrongAnswers(t *testing.T) {
	e := fixture.Sure(60)
	for i := range e.Systems[0].Records {
		if r := &e.Systems[0].Records[i]; r.Verdict == answer.Incorrect {
			r.Verdict = answer.Correct
		}
	}
	points, conditions := fixture.PointsOf(t, e, "s")
	c, err := confidence.Calibrate(points, conditions, confidence.Options{Risk: 0.05})
	require.ErrorIs(t, err, confidence.ErrUncalibrated)
	require.Contains(t, c.Unfit, "it takes right and wrong answers")
	require.Equal(t, []float64{0.05, 0.1}, []float64{c.Guarantee.Risk, c.Guarantee.Delta})
	for _, minimum := range []float64{0, 0.3} {
		_, err = assistant.New(&fake.Scripted{Called: "m"}, fake.Shelf{}, assistant.Options{Calibration: c, MinConfidence: minimum}).
			Answer(t.Context(), "Who?")
		require.ErrorIs(t, err, confidence.ErrUncalibrated)
	}
	require.ErrorIs(t, c.Test(points, conditions), confidence.ErrUncalibrated)
	require.Nil(t, c.ThresholdTest)
	path := filepath.Join(t.TempDir(), "calibration.json")
	require.NoError(t, c.WriteFile(path))
	back, err := confidence.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, c, back, "it says why there is none")

	reported := measured(t)
	reported.Calibration = c
	page := writtenReport(t, reported, Info{})
	var table strings.Builder
	require.NoError(t, c.WriteTable(&table))
	for _, text := range []string{table.String(), page} {
		require.Contains(t, strings.Join(strings.Fields(text), " "), "No confidence could be fitted for s: ")
		require.Contains(t, strings.Join(strings.Fields(text), " "), "There is no bound of 5.0 % on the share of wrong answers.")
	}
	require.NotContains(t, page, "quality of the confidence")
}
