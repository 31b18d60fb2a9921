package eval

import (
	"testing"

	"github.com/ragft/ragft/internal/words"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/question"
	"github.com/stretchr/testify/require"
)

// The metrics follow the script of SQuAD, verdicts do not.
func TestMetricsFollowSQuAD(t *testing.T) {
	require.True(t, words.SquadExactMatch("12.5", []string{"125"}))
	require.False(t, answer.ExactMatch("12.5", []string{"125"}))
	require.False(t, words.SquadExactMatch("well known", []string{"well-known"}))
	require.True(t, answer.ExactMatch("well known", []string{"well-known"}))
	require.InDelta(t, 0.4, words.SquadF1("the well-known inn", []string{"well known inn"}), 1e-12)
	require.Equal(t, 1.0, answer.F1("the well-known inn", []string{"well known inn"}))

	q := question.Question{Question: "Q?", Answer: "well-known"}
	r := Record{Answer: "well known"}
	r.Verdict = decide(t, r.Answer, q).Verdict
	r.score(q)
	require.Equal(t, answer.Correct, r.Verdict)
	require.False(t, r.ExactMatch)
	require.Zero(t, r.F1)
}
