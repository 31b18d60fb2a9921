//go:build cgo

package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/eval"
)

// Five questions: what is shown holds the answer of three, of which one is answered exactly, one otherwise, and one is
// declined; of the other two one is declined.
func TestTrust(t *testing.T) {
	records := []eval.Record{
		{Context: answer.Present, Verdict: answer.Correct, ExactMatch: true},
		{Context: answer.Present, Verdict: answer.Correct},
		{Context: answer.Present, Verdict: answer.Refused},
		{Context: answer.Absent, Verdict: answer.Refused},
		{Context: answer.Absent, Verdict: answer.Incorrect},
	}
	const declined, answered, exact = 1.0 / 2, 2.0 / 3, 1.0 / 3
	require.InDelta(t, ((declined+answered)/2+exact)/2, trust(records).Value, 1e-12)
	require.Zero(t, trust(nil).Value)
}

func TestChanged(t *testing.T) {
	asked := func(ids string) (out records) {
		for _, id := range ids {
			out = append(out, answered{ID: string(id)})
		}
		return out
	}
	untuned := &outcome{
		Right: right{Given: []string{"a", "b", "x"}, Closed: []string{"b", "c"}}, Asked: askedAll{Given: asked("abcdefxyz")},
	}
	tuned := &outcome{Right: right{Given: []string{"b", "d", "e"}}, Asked: askedAll{Given: asked("abcdef")}} // of fewer questions
	learnt, destroyed := changed(untuned, tuned)
	require.Equal(t, "2 of 4", learnt)    // d and e, of all but a and b
	require.Equal(t, "2 of 3", destroyed) // a and c, of a, b and c
}
