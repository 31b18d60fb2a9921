//go:build cgo

package ragft_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft"
	"github.com/ragft/ragft/ragft/opt"
)

// Rows are taught by the model itself if asked for, and another share trains again.
func TestSoftTraining(t *testing.T) {
	c := tiny(t)
	c.Train.Soft = 0.5
	phases := map[string]int{}
	c.Progress = func(p ragft.Progress) { phases[p.Phase] = max(phases[p.Phase], p.Done) }
	p, made := demonstrated(t, c)
	r, err := p.Train(t.Context())
	require.NoError(t, err)
	require.Equal(t, made.Rows, r.Soft)
	require.Positive(t, r.Anchors)
	require.Equal(t, made.Rows+r.Anchors, phases["reading"])
	require.Equal(t, r.Steps, phases["training"])
	require.Less(t, *r.ValidationLoss, *r.BaseLoss)
	require.NoFileExists(t, p.Path("adapter.gguf.soft"))

	again, err := p.Train(t.Context())
	require.NoError(t, err)
	require.True(t, again.UpToDate)
	c.Train.Soft = 0
	p = open2(t, p, c)
	requireState(t, p, ragft.StepTrain, ragft.StateStale, "train.soft was 0.5 and is 0")
	without, err := p.Train(t.Context())
	require.NoError(t, err)
	require.False(t, without.UpToDate)
	require.Zero(t, without.Soft)
	require.Equal(t, r.Anchors, without.Anchors)
	c.Train.AnchorShare = opt.Of(0.0)
	p = open2(t, p, c)
	requireState(t, p, ragft.StepTrain, ragft.StateStale, "train.anchor-share")
	without, err = p.Train(t.Context())
	require.NoError(t, err)
	require.Zero(t, without.Anchors)

	c.Train.Soft, c.Train.Loss = 0.5, "all"
	_, err = ragft.Open(t.Context(), c)
	require.ErrorIs(t, err, ragft.ErrConfig)
	require.ErrorContains(t, err, "train.soft needs train.loss last")
}
