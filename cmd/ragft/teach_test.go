//go:build cgo

package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft"
)

// teach goes from a folder to a tuned assistant, and does nothing twice.
func TestTeach(t *testing.T) {
	workplace(t)
	type plan struct{ Steps []ragft.StepStatus }
	states := func(p plan) map[string]string {
		states := map[string]string{}
		for _, s := range p.Steps {
			states[s.Step] = s.State
		}
		return states
	}
	before := states(object[plan](t, "teach", "notes", "--plan"))
	require.Equal(t, ragft.StateMissing, before[ragft.StepIndex])
	require.Equal(t, ragft.StateMissing, before[ragft.StepTrain])
	require.NoFileExists(t, ".ragft/adapter.gguf", "a plan does nothing")
	text := must(t, "teach", "notes", "--plan")
	require.Regexp(t, `(?m)^demonstrate +to do +`, text)
	require.NotContains(t, text, "map[")
	require.NotContains(t, text, "{")

	code, stdout, stderr := ragftRun(t, "", "teach", "notes")
	require.Equal(t, exitOK, code, stderr)
	require.Contains(t, stderr, "step", "the plan comes first")
	require.Contains(t, stdout, "Report: .ragft/report.html; 'ragft report' prints the tables")
	require.FileExists(t, ".ragft/adapter.gguf")
	for step, state := range states(object[plan](t, "teach", "--plan")) {
		if step != ragft.StepSearch {
			require.Equal(t, ragft.StateCurrent, state, step)
		}
	}
	require.NotEmpty(t, object[evaluateResult](t, "teach").Headline)
	unbound := failed[evaluateResult](t, exitBudget, "teach", "--set", "evaluate.max-wrong=0.001")
	require.NotEmpty(t, unbound.Headline, "what came out although a bound is not kept")
	require.FileExists(t, unbound.Report)
	t.Setenv("RAGFT_TOKEN", "")
	both := failed[evaluateResult](t, exitUsage, "teach", "--serve", "--set", "serve.address=0.0.0.0:0")
	require.NotEmpty(t, both.Headline, "what came out before the service failed for want of a token")
	require.Len(t, object[askResult](t, "ask", "Who is the miller at Tuckle Mill?").Passages, 2)
	require.Equal(t, ragft.StateStale, states(object[plan](t, "teach", "--plan", "--set", "train.epochs=2"))[ragft.StepTrain])

	code, _, stderr = ragftRun(t, "", "teach", "--plan", "--serve")
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, "use one of them")
	code, _, stderr = ragftRun(t, "", "teach", "nowhere")
	require.Equal(t, exitMissing, code, stderr)
}
