//go:build cgo

package ragft_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft"
)

// edit changes a file as a user does, and returns what is in it then.
func edit(t *testing.T, file, more string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	data = append(data, more...)
	require.NoError(t, os.WriteFile(file, data, 0o600))
	return string(data)
}

// requireText asserts what a file holds.
func requireText(t *testing.T, want, file string) {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, want, string(data))
}

// Rows that were edited twice are both kept, and an audit that fails has none taken for edited.
func TestEditedRowsAreNeverLost(t *testing.T) {
	c := tiny(t)
	p, made := demonstrated(t, c)
	first := edit(t, made.File, "\n")

	c.Passages, c.Demonstrate.Audit = 1, true
	p = open2(t, p, c)
	_, err := p.Demonstrate(t.Context())
	require.ErrorContains(t, err, "audit")
	requireText(t, first, made.File+".before")
	requireState(t, p, ragft.StepDemonstrate, ragft.StateStale, "audit")

	c.Demonstrate.Audit = false
	p = open2(t, p, c)
	_, err = p.Demonstrate(t.Context())
	require.NoError(t, err)
	requireText(t, first, made.File+".before")
	require.NoFileExists(t, made.File+".before-2")

	second := edit(t, made.File, "\n\n")
	c.Passages = 2
	p = open2(t, p, c)
	_, err = p.Demonstrate(t.Context())
	require.NoError(t, err)
	requireText(t, first, made.File+".before")
	requireText(t, second, made.File+".before-2")
	r, err := p.Forget(t.Context(), "bald-hill.md")
	require.NoError(t, err)
	require.Subset(t, r.Files, []string{made.File + ".before", made.File + ".before-2"})
}

// An adapter that was not trained here is kept.
func TestTrainingKeepsAnAdapterOfSomebodyElse(t *testing.T) {
	c := tiny(t)
	p, _ := demonstrated(t, c)
	require.NoError(t, os.WriteFile(p.Path("adapter.gguf"), []byte("theirs"), 0o600))
	_, err := p.Train(t.Context())
	require.NoError(t, err)
	requireText(t, "theirs", p.Path("adapter.gguf.before"))
	c.Force = true
	p = open2(t, p, c)
	_, err = p.Train(t.Context())
	require.NoError(t, err)
	require.NoFileExists(t, p.Path("adapter.gguf.before-2"), "the project's own is replaced")
}

// Verdicts that were corrected by hand are kept, and answers that are gone are written again.
func TestCorrectedAnswersAreKept(t *testing.T) {
	c := tiny(t)
	p := open(t, c)
	_, err := p.Index(t.Context())
	require.NoError(t, err)
	_, err = p.Evaluate(t.Context())
	require.NoError(t, err)
	answers := p.Path("answers.jsonl")
	corrected := edit(t, answers, "\n")
	c.Force = true
	p = open2(t, p, c)
	for range 2 {
		_, err = p.Evaluate(t.Context())
		require.NoError(t, err)
		requireText(t, corrected, answers+".before")
		require.NoFileExists(t, answers+".before-2")
	}
	require.NoError(t, os.Remove(answers))
	requireState(t, p, ragft.StepEvaluate, ragft.StateStale, "answers.jsonl is gone")
}
