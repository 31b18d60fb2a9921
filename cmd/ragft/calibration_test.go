//go:build cgo

package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/report"
)

// A calibration is used under the conditions that it was made under, and nowhere else.
func TestCalibrationHoldsForWhatItWasMadeOf(t *testing.T) {
	tuned(t)
	const path = ".ragft/calibration.json"
	must(t, "evaluate", "--evidence", "retrieval")
	e, err := report.ReadFile(".ragft/evaluation.json")
	require.NoError(t, err)
	s := e.System("tuned")
	require.NotEmpty(t, e.Index)
	k := &confidence.Calibration{
		Calibrator: stats.Logistic{Names: []string{"log_prob"}, Mean: []float64{0}, Scale: []float64{1}, Weight: []float64{1}},
		Guarantee:  confidence.Guarantee{Threshold: 0.999, Answered: 9, Risk: 0.1},
		Conditions: confidence.Conditions{System: "tuned", Model: s.Model, Setting: string(s.Setting), Passages: e.Passages, Prompt: s.Prompt,
			Layout: s.Layout, Drafts: s.Drafts, ScoresTrue: s.ScoresTrue, Index: e.Index},
	}
	require.NoError(t, k.WriteFile(path))
	ask := func(args ...string) (int, string, string) {
		return ragftRun(t, "", append([]string{"ask", "Who is the miller at Tuckle Mill?"}, args...)...)
	}
	code, stdout, stderr := ask()
	require.Equal(t, exitOK, code, stderr)
	require.NotContains(t, stderr, "calibration")
	require.Contains(t, stdout, "low-confidence", "no confidence is as high as 0.999")

	for what, args := range map[string][]string{
		" passages, not 1": {"--passages", "1"}, "the instruction": {"--decline-prompt"}, "not a vote": {"--set",
			"assistant.ensemble=true"}, "temperature": {"--set", "assistant.temperature=0.5"},
		"the whole text": {"--set", "assistant.final-answer=true"}, "8 drafts, not 0": {"--set", "assistant.drafts=0"},
	} {
		code, stdout, stderr = ask(args...)
		require.Equal(t, exitOK, code, stderr)
		require.Contains(t, stderr, "nothing bounds the share of wrong answers", "%q", args)
		require.Contains(t, stderr, what)
		require.NotContains(t, stdout, "low-confidence")
		code, _, stderr = ask(append(args, "--set", "assistant.calibration="+path)...)
		require.Equal(t, exitInput, code, stderr)
		require.Contains(t, stderr, what)
	}

	// P(True) is found by scores here, and neither where the model is served nor on a server.
	k.Conditions.Signals.True = true
	require.NoError(t, k.WriteFile(path))
	code, _, stderr = ask("--set", "assistant.calibration="+path)
	require.Equal(t, exitOK, code, stderr)
	url, asked := openAIServer(t, "")
	for _, args := range [][]string{{"serve", "--address", "127.0.0.1:0"}, {"ask", "-m", "openai:teacher@" + url, "Who?"}, {"chat",
		"-m", "openai:teacher@" + url}} {
		code, _, stderr = ragftRun(t, "Who?\n", append(args, "--set", "assistant.calibration="+path)...)
		require.Equal(t, exitInput, code, stderr)
		require.Contains(t, stderr, "p_true from scores, which servers do not return")
		require.Contains(t, stderr, "evaluate.self-check")
	}
	require.Zero(t, asked.Load(), "said before anything is asked")
	k.Conditions.Signals.True = false

	k.Guarantee = confidence.Guarantee{Risk: 0.1}
	require.NoError(t, k.WriteFile(path))
	_, _, stderr = ask()
	require.Contains(t, stderr, "nothing bounds the share of wrong answers")
	code, _, _ = ask("--set", "assistant.calibration="+path)
	require.Equal(t, exitInput, code)

	k.Calibrator, k.Unfit = stats.Logistic{}, "there are no wrong answers"
	require.NoError(t, k.WriteFile(path))
	code, _, stderr = ask()
	require.Equal(t, exitOK, code, stderr)
	require.Contains(t, stderr, "nothing bounds the share of wrong answers")
	require.Contains(t, stderr, "there are no wrong answers")
	code, _, stderr = ask("--set", "assistant.calibration="+path)
	require.Equal(t, exitInput, code, stderr)
	require.Contains(t, stderr, "there are no wrong answers")
}

// Where the answers are all wrong no confidence can be calibrated; everything else is measured and written.
func TestCalibrateNeedsRightAnswers(t *testing.T) {
	workplace(t)
	must(t, "index")
	require.NoError(t, os.WriteFile(".ragft/calibration.json", []byte("{}"), 0o600))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(
			w,
			`{"choices":[{"message":{"role":"assistant","content":"Nonsense"},"finish_reason":"stop"}],`+
				`"usage":{"prompt_tokens":9,"completion_tokens":3}}`,
		)
	}))
	defer server.Close()
	code, stdout, stderr := ragftRun(
		t,
		"",
		"evaluate",
		"-m",
		"openai:teacher@"+server.URL+"/v1",
		"--evidence",
		"retrieval",
		"--max-wrong",
		"0.1",
		"--robustness",
		"--set",
		"evaluate.robustness-distractors=1",
	)
	require.Equal(t, exitBudget, code, stderr)
	require.Contains(t, stderr, "it takes right and wrong answers")
	require.Contains(t, stdout, "No confidence could be fitted for base")
	kept, err := os.ReadFile(".ragft/calibration.json")
	require.NoError(t, err)
	require.Equal(t, "{}", string(kept), "one without a threshold replaces none")
	e, err := report.ReadFile(".ragft/evaluation.json")
	require.NoError(t, err)
	require.Contains(t, e.Calibration.Unfit, "0 of 3 answers are right")
	require.Len(t, e.Robustness, 1)
	page, err := os.ReadFile(".ragft/report.html")
	require.NoError(t, err)
	require.Contains(t, string(page), "No confidence could be fitted for base")
}
