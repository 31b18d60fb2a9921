package main

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// A command that prints its result and then fails prints one object.
func TestOneObjectOfAFailure(t *testing.T) {
	t.Chdir(t.TempDir())
	nowhere := "http://127.0.0.1:1"
	listed := failed[modelsResult](t, exitEmpty, "models", "--ollama", nowhere, ".")
	require.NotEmpty(t, listed.Ollama)
	require.NotEqual(t, "ok", listed.Ollama)
	found := failed[diagnosis](t, exitMissing, "doctor", "--ollama", nowhere)
	require.Positive(t, found.Missing)
	require.NotEmpty(t, found.Findings)
}

// What a command prints in parts, as teach does that then serves, is one object in order, printed once.
func TestPartsAreOneObject(t *testing.T) {
	var out bytes.Buffer
	a := &app{out: &out, json: true, progress: &progress{}}
	require.NoError(t, a.printKept())
	require.Empty(t, out.String(), "nothing came out")
	require.NoError(t, a.result(map[string]string{}, nil))
	require.NoError(t, a.result(serving{Address: "a<b", Models: []string{"base"}}, nil))
	require.NoError(t, a.keep(map[string]string{}))
	require.NoError(t, a.keep(failure{"late", 1}))
	require.NoError(t, a.printKept())
	require.Equal(t, `{"address":"a<b","url":"","models":["base"],"error":"late","exit_code":1}`+"\n", out.String())
	require.NoError(t, errors.Join(a.keep(failure{"later", 1}), a.printKept()))
	require.Equal(t, 1, bytes.Count(out.Bytes(), []byte("\n")), "a service that fails later has printed its object")
	require.Error(t, a.keep(func() {}))
}
