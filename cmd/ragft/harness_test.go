package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// lengthy are the commands that compute for long.
var lengthy = []string{"questions", "demonstrate", "train", "evaluate", "teach", "tune-search", "convert"}

// ragftRun runs a command line in this process. Models this small gain nothing from a second thread, and threads of packages
// that are tested at the same time would wait for each other.
func ragftRun(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	if len(args) > 0 && slices.Contains(lengthy, args[0]) && !strings.Contains(strings.Join(args, " "), "threads=") {
		args = append(slices.Clone(args), "--set", "threads=1")
	}
	var out, errs bytes.Buffer
	code = run(context.Background(), args, strings.NewReader(stdin), &out, &errs)
	return code, out.String(), errs.String()
}

// must runs a command line that has to work, and returns its standard output.
func must(t *testing.T, args ...string) string {
	t.Helper()
	code, stdout, stderr := ragftRun(t, "", args...)
	require.Equal(t, exitOK, code, "%v: %s", args, stderr)
	return stdout
}

// only returns the object of a standard output that has one and nothing else.
func only[T any](t *testing.T, stdout string) (v T) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(stdout))
	require.NoError(t, d.Decode(&v), stdout)
	require.ErrorIs(t, d.Decode(new(any)), io.EOF, "one object and nothing else: %s", stdout)
	return v
}

// object runs a command line with --json and returns its result.
func object[T any](t *testing.T, args ...string) T {
	t.Helper()
	return only[T](t, must(t, append(args, "--json")...))
}

// failed runs a command line with --json that has to fail, and returns what it prints beside that.
func failed[T any](t *testing.T, code int, args ...string) T {
	t.Helper()
	got, stdout, stderr := ragftRun(t, "", append(args, "--json")...)
	require.Equal(t, code, got, "%v: %s", args, stderr)
	said := only[failure](t, stdout)
	require.Equal(t, code, said.ExitCode)
	require.NotEmpty(t, said.Error)
	require.Contains(t, stderr, said.Error)
	return only[T](t, stdout)
}
