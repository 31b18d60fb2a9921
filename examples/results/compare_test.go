//go:build cgo

package main

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/ragft/abstain"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/question"
	"github.com/stretchr/testify/require"
)

// some are ten questions with an answer and ten altered ones; the first right are answered correctly, the first made up.
func some(right, made int) records {
	var out records
	for i := range 10 {
		a := answered{ID: string(rune('a' + i)), Group: string(rune('A' + i/2)), Held: true, Verdict: answer.Incorrect}
		if i < right {
			a.Verdict = answer.Correct
		}
		b := answered{ID: string(rune('k' + i)), Group: a.Group, Gap: question.GapAltered, Verdict: answer.Refused}
		if i < made {
			b.Verdict = answer.Incorrect
		}
		out = append(out, a, b)
	}
	return out
}

func TestDifferencesAreOfTheSameQuestions(t *testing.T) {
	d, ok := foundShares[0].difference(some(6, 0), some(2, 0), 1)
	require.True(t, ok)
	require.InDelta(t, 0.4, d.Value, 1e-9, "6 of 10 less 2 of 10")
	require.Less(t, d.Low, 0.4)
	require.Greater(t, d.High, 0.4)
	d, _ = foundShares[2].difference(some(6, 1), some(6, 9), 1)
	require.InDelta(t, -0.8, d.Value, 1e-9)
	d, _ = foundShares[0].difference(some(6, 0), some(6, 0), 1)
	require.Zero(t, d.Value)
	require.Less(t, d.Low, 0.0, "few equal answers do not show that there is no difference")
	half := some(6, 0)[:8] // the first four with an answer, all right
	d, _ = foundShares[0].difference(half, some(2, 0), 1)
	require.InDelta(t, 0.5, d.Value, 1e-9, "4 of 4 less 2 of 4: the others were not asked")
	_, ok = foundShares[1].difference(some(1, 1), some(2, 2), 1)
	require.False(t, ok, "no question is of the kind (a)")
}

func TestDecisionAgainstItsParts(t *testing.T) {
	o := &outcome{Seed: 1, Rule: &abstain.Rule{Chance: stats.Logistic{Names: []string{"bad", "good"}, Weight: []float64{1, -1}}}}
	o.Asked.Found = some(5, 5)
	for i := range o.Asked.Found {
		a := &o.Asked.Found[i]
		chance, good := 0.2, 1.0
		if a.Held {
			chance, good = 0.8, -1
		}
		if i < 2 { // the signal is wrong about the first two
			good = -good
		}
		a.Chance, a.Signals = &chance, map[string]float64{"bad": 0, "good": good}
	}
	whole, best, name, d := parts(o)
	require.InDelta(t, 1, whole, 1e-9)
	require.Equal(t, "good", name)
	require.InDelta(t, 0.9, best, 1e-9, "81 of 100 pairs in order, and 18 alike")
	require.InDelta(t, 0.1, d.Value, 1e-9)
	require.Equal(t, 10, d.N)
}

func TestMeanOfSeeds(t *testing.T) {
	of := func(seed uint64, right int) *outcome {
		o := &outcome{Model: "m", Arm: "default", Seed: seed, Found: map[string]metric{"correct": {Value: float64(right) / 10, N: 10}},
			Given: map[string]metric{"f1": {Value: float64(right), N: 10}}}
		o.Asked.Found, o.Asked.Given = some(right, 0), some(right, 0)
		return o
	}
	require.Nil(t, mean([]*outcome{of(1, 2)}))
	m := mean([]*outcome{of(1, 2), of(2, 6)})
	require.InDelta(t, 0.4, m.Found["correct"].Value, 1e-9)
	require.Less(t, m.Found["correct"].Low, 0.4)
	require.InDelta(t, 4, m.Given["f1"].Value, 1e-9)
	require.Equal(t, "mean", m.seedText())
}

func TestRecordsAreKept(t *testing.T) {
	want := askedAll{Found: some(3, 4)}
	data, err := json.Marshal(want)
	require.NoError(t, err)
	var got askedAll
	require.NoError(t, json.Unmarshal(data, &got))
	require.Equal(t, want, got)
}

// Values without an interval have none on the page, and means count the paragraphs of the questions that count.
func TestTextOfMetrics(t *testing.T) {
	flat := func(v float64) metric { return metric{v, v, v, 1} }
	require.Equal(t, "100.0", flat(1).text(false))
	require.Equal(t, "0.0", flat(0).text(false))
	require.Equal(t, "-92.0", flat(-0.92).text(false))
	require.Equal(t, "0.87", flat(0.87).text(true))
	require.Equal(t, "6.5", flat(6.54).text(true))
	require.Equal(t, "50.0 (40.0 to 60.0)", metric{0.5, 0.4, 0.6, 9}.text(false))

	into := map[string]metric{}
	foundShares[0].over(slices.Concat(some(10, 0), records{{ID: "z", Group: "Z", Gap: question.GapAbsent}}), into)
	low, _ := stats.SameScores(1, 0, 1, 5)
	require.InDelta(t, low, into["correct"].Low, 1e-12, "five paragraphs")
	foundShares[1].over(some(10, 0), into)
	require.NotContains(t, into, "made_up_absent", "no question is of the kind (a)")
}
