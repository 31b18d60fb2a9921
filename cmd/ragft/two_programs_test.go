//go:build cgo && unix

package main

import (
	"bytes"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// running is a command in a process of its own.
type running struct {
	*exec.Cmd
	said bytes.Buffer
	done chan error
}

func startProcess(t *testing.T, args ...string) *running {
	t.Helper()
	r := &running{Cmd: process(t.Context(), args...), done: make(chan error, 1)}
	r.Stderr = &r.said
	require.NoError(t, r.Start())
	go func() { r.done <- r.Wait() }()
	return r
}

// ended waits for the end, and says whether all went well. Otherwise it has to be because of the other program.
func (r *running) ended(t *testing.T) bool {
	t.Helper()
	err := <-r.done
	if err == nil {
		return true
	}
	said := r.said.String()
	require.Equal(t, exitError, r.ProcessState.ExitCode(), "%v: %s", r.Args, said)
	require.Contains(t, said, "another program", "%v", r.Args)
	return false
}

// Two programs do the same step of one project at once: one of them does it, and what is there then is what one alone leaves.
func TestTwoProgramsDoTheSame(t *testing.T) {
	workplace(t)
	oneThread(t)
	for _, c := range []campaign{
		{args: []string{"index"}, result: indexResult},
		{args: []string{"demonstrate"}, result: files("rows.jsonl")},
		{args: []string{"train", "--epochs", "2"}, result: files("adapter.gguf")},
		{args: []string{"tune-search", "--set", "search-tuning.candidates=3"}, result: func(*testing.T) string { return "" }},
		{args: []string{"evaluate"}, result: files("answers.jsonl")},
		{args: []string{"merge"}, result: files("merged.gguf")},
		{args: []string{"export", "peft"}, result: files("peft/adapter_model.safetensors", "peft/adapter_config.json")},
	} {
		one, two := startProcess(t, c.args...), startProcess(t, c.args...)
		first, second := one.ended(t), two.ended(t)
		require.True(t, first || second, "%v: neither did it: %s %s", c.args, &one.said, &two.said)
		got := c.result(t)
		requireNoTemporaries(t)
		again := must(t, append(c.args, "--json")...)
		if c.args[0] != "merge" && c.args[0] != "export" { // which are always done again
			require.Contains(t, again, `"up_to_date":true`, "%v", c.args)
		}
		require.Equal(t, got, c.result(t), "%v", c.args)
	}
}

// What a step recorded is not lost where another program does another one at the same time.
func TestTwoProgramsDoDifferentSteps(t *testing.T) {
	workplace(t)
	oneThread(t)
	must(t, "index")
	must(t, "demonstrate")
	train := startProcess(t, "train", "--epochs", "2")
	for one := true; one; {
		must(t, "index", "--rebuild")
		must(t, "demonstrate", "--force")
		select {
		case err := <-train.done:
			require.NoError(t, err, train.said.String())
			one = false
		default:
		}
	}
	for _, args := range [][]string{{"index"}, {"demonstrate"}, {"train", "--epochs", "2"}} {
		require.Contains(t, must(t, append(args, "--json")...), `"up_to_date":true`, "%v", args)
	}
}

// While one program goes through all steps, another one answers, from a whole index and a whole model.
func TestAskWhileTeaching(t *testing.T) {
	workplace(t)
	oneThread(t)
	must(t, "index")
	teach := startProcess(t, "teach", "--json")
	for asked := 0; ; asked++ {
		answer := object[askResult](t, "ask", "Who is the miller at Tuckle Mill?")
		require.Contains(t, answer.Passages[0].Source, "tuckle-mill.md")
		select {
		case err := <-teach.done:
			require.NoError(t, err, teach.said.String())
			require.Positive(t, asked)
			require.NotContains(t, must(t, "teach", "--plan"), "to do", "all steps are kept")
			return
		default:
		}
	}
}
