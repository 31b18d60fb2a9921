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
	} {
		one, two := startProcess(t, c.args...), startProcess(t, c.args...)
		first, second := one.ended(t), two.ended(t)
		require.True(t, first || second, "%v: neither did it: %s %s", c.args, &one.said, &two.said)
		got := c.result(t)
		requireNoTemporaries(t)
		again := must(t, append(c.args, "--json")...)
		require.Contains(t, again, `"up_to_date":true`, "%v", c.args)
		require.Equal(t, got, c.result(t), "%v", c.args)
	}
}
