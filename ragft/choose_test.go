//go:build cgo

package ragft_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/question"
)

// The adapter that answers best is kept, by questions that neither a row asks nor the rule is fitted on.
func TestCheckpointByAnswers(t *testing.T) {
	c := tiny(t)
	all, err := question.ReadFile("../examples/quickstart/questions.jsonl")
	require.NoError(t, err)
	require.NoError(t, question.WriteFile(c.Questions, all))
	c.TestShare, c.Train.Epochs, c.Train.Keep = opt.Of(0.2), 2, "answers"
	p := open(t, c)
	_, err = p.Index(t.Context())
	require.NoError(t, err)
	_, err = p.Demonstrate(t.Context())
	require.NoError(t, err)
	r, err := p.Train(t.Context())
	require.NoError(t, err)
	require.Empty(t, r.NoChoice)
	require.NotNil(t, r.Choice)
	require.GreaterOrEqual(t, r.Choice.Held, 10)
	require.GreaterOrEqual(t, r.Choice.Without, 10)
	require.LessOrEqual(t, r.Choice.Held+r.Choice.Without, 40)
	require.Positive(t, r.Choice.Seconds)
	require.Len(t, r.Choice.Scores, 2)
	best := 0
	for i, s := range r.Choice.Scores {
		require.Equal(t, (i+1)*r.Steps/2, s.Step)
		require.NotNil(t, s.HeldOut)
		if b := r.Choice.Scores[best]; s.Score > b.Score || s.Score == b.Score && *s.HeldOut < *b.HeldOut {
			best = i
		}
	}
	require.Equal(t, r.Choice.Scores[best].Step, r.BestStep)
	require.NotNil(t, r.Rule, r.NoRule)

	chosen := r.Rule.Calibration
	again, err := p.Train(t.Context())
	require.NoError(t, err)
	require.True(t, again.UpToDate)
	require.Equal(t, r.Choice, again.Choice)
	for key, value := range map[string]string{
		"test-share": "0.3", "decide.share": "0.5", "passages": "1", "prompts.read": "Read.", "search-tuning.file": "none", "context": "512",
	} {
		other := c
		require.NoError(t, other.Set(key, value))
		p = open2(t, p, other)
		requireState(t, p, ragft.StepTrain, ragft.StateStale, key)
	}
	c.Train.Keep = "last"
	p = open2(t, p, c)
	last, err := p.Train(t.Context())
	require.NoError(t, err)
	require.Nil(t, last.Choice)
	require.Greater(t, last.Rule.Calibration.Held+last.Rule.Calibration.Without, chosen.Held+chosen.Without, "all are for the rule")
}
