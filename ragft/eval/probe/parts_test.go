package probe

import (
	"fmt"
	"testing"

	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/question"
	"github.com/stretchr/testify/require"
)

// Thirty questions about three passages are evidence like three.
func TestPartsTakeGroupsTogether(t *testing.T) {
	e := &eval.Evaluation{Resamples: 2000, Systems: []eval.SystemResult{{Name: armBefore}, {Name: armTuned}}}
	part := &Part{}
	for i := range 32 {
		q := question.Question{ID: fmt.Sprint(i), Group: fmt.Sprint(i / 10)}
		e.Questions = append(e.Questions, eval.Question{Question: q})
		for s, verdict := range []answer.Verdict{answer.Incorrect, answer.Correct} {
			e.Systems[s].Records = append(e.Systems[s].Records, eval.Record{QuestionID: q.ID, Verdict: verdict})
		}
		if i < 30 {
			part.Questions = append(part.Questions, q.ID)
		}
	}
	part.measure(e)
	low, _ := stats.SameScores(1, 0, 1, 3)
	require.Equal(t, low, part.Correct[armTuned].Low)
	require.Equal(t, 30, part.Correct[armTuned].N)
	require.Equal(t, stats.ByRandomisation, part.Learned.Test)
	require.InDelta(t, 0.25, *part.Learned.P, 0.04)
	require.Equal(t, stats.NoDifference, part.Learned.Finding)

	for i := range e.Questions {
		e.Questions[i].Group = ""
	}
	part.measure(e)
	require.Equal(t, stats.ByMcNemar, part.Learned.Test)
	require.Equal(t, stats.Better, part.Learned.Finding)
}
