//go:build cgo

package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft"
	"github.com/ragft/ragft/ragft/rows"
)

// The layout that rows are made in is one flag, or one line of the project file, away from what asks the adapter.
func TestTemplate(t *testing.T) {
	workplace(t)
	must(t, "index")
	require.NoError(t, os.WriteFile("layout.txt", []byte("Known: {context}\nAsked: {query}\n"), 0o600))
	require.NoError(t, os.WriteFile("bad.txt", []byte("Asked: {query}\n"), 0o600))
	made := object[ragft.DemonstrateResult](t, "demonstrate", "--recipe", "ralt", "--set", "prompts.template=layout.txt")
	rows, err := rows.ReadFile(made.File)
	require.NoError(t, err)
	require.Regexp(t, `^Known: (?s).*\nAsked: `, rows[0].Messages[0].Content)
	require.Equal(t, "layout.txt", rows[0].Provenance.Template)
	require.Equal(t, []string{"layout.txt"}, object[ragft.TrainResult](t, "train", "--rank", "2").Layouts)

	question := "Who is the miller at Tuckle Mill?"
	commands := [][]string{{"ask", question}, {"evaluate", "--evidence", "retrieval"}, {"chat"}}
	for _, args := range commands {
		code, _, stderr := ragftRun(t, question, args...)
		require.Equal(t, exitOK, code, stderr)
		require.Contains(t, stderr, "another layout", args)
		code, _, stderr = ragftRun(t, question, append(args, "--set", "prompts.template=layout.txt")...)
		require.Equal(t, exitOK, code, stderr)
		require.NotContains(t, stderr, "another layout", args)
		code, _, stderr = ragftRun(t, "", append(args, "--adapter", "none")...)
		require.Equal(t, exitOK, code, stderr)
		require.NotContains(t, stderr, "another layout", args)
	}
	code, _, stderr := ragftRun(t, "", "ask", "--set", "prompts.template=bad.txt", question)
	require.Equal(t, exitInput, code, stderr)
	require.Contains(t, stderr, "{context}")
	code, _, stderr = ragftRun(t, "", "demonstrate", "--set", "prompts.template=fedrog")
	require.Equal(t, exitMissing, code, stderr)
}
