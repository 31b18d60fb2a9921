package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestProgressLines(t *testing.T) {
	var out bytes.Buffer
	a := &app{err: &out}
	b := a.bar("training", "steps")
	b.set(1, 100, "")
	require.Empty(t, out.String(), "not before there is something to tell")
	b.started = b.started.Add(-20 * time.Second)
	b.printed = b.started
	b.first = 20 // by an earlier run
	b.set(60, 100, "loss 1")
	require.Equal(t, "training: 60 of 100 steps, 2/s, 20s left; loss 1\n", out.String())
	b.set(61, 100, "loss 1")
	b.set(100, 100, "loss 0.5")
	b.set(100, 100, "loss 0.5")
	b.done()
	require.Equal(t, 2, bytes.Count(out.Bytes(), []byte("\n")), "now and then, and the end once")
	require.NotContains(t, out.String(), "\r")

	out.Reset()
	b = a.bar("searching", "questions")
	b.set(10, 10, "")
	require.Empty(t, out.String(), "what is done at once need not be told")
	a.quiet = true
	b = a.bar("training", "steps")
	b.started = b.started.Add(-time.Hour)
	b.set(1, 2, "")
	require.Empty(t, out.String())
}

func TestProgressBar(t *testing.T) {
	var out bytes.Buffer
	b := (&app{err: &out, terminal: true}).bar("training", "steps")
	b.set(1, 4, "loss 2")
	time.Sleep(2 * barEvery)
	b.set(2, 4, "loss 1")
	require.Contains(t, out.String(), "training: loss 1")
	require.Contains(t, out.String(), "(2/4")
	require.Contains(t, out.String(), "steps/s")
	b.done()
}
