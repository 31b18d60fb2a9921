//go:build cgo

package ragft_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft"
	"github.com/ragft/ragft/ragft/opt"
)

// interrupted begins the training of a config and cancels it after two steps.
func interrupted(t *testing.T, p *ragft.Project, c ragft.Config) *ragft.Project {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c.Progress = func(s ragft.Progress) {
		if s.Phase == "training" && s.Done >= 2 {
			cancel()
		}
	}
	p = open2(t, p, c)
	_, err := p.Train(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.FileExists(t, p.Path("adapter.gguf.checkpoint"))
	return p
}

// A training that was begun although one is up to date resumes by the same command, and by one without force.
func TestForcedTrainingResumes(t *testing.T) {
	c := tiny(t)
	c.Train.CheckpointEvery = opt.Of(1)
	p := trained(t, c)
	for name, change := range map[string]func(*ragft.Config){
		"force":   func(c *ragft.Config) { c.Force = true },
		"restart": func(c *ragft.Config) { c.Force, c.Train.Restart = true, true },
	} {
		begun := c
		change(&begun)
		for _, next := range []ragft.Config{begun, c} {
			p = interrupted(t, p, begun)
			requireState(t, p, ragft.StepTrain, ragft.StateStale, "unfinished")
			p = open2(t, p, next)
			r, err := p.Train(t.Context())
			require.NoError(t, err, name)
			require.Positive(t, r.Resumed, name)
			require.NoFileExists(t, p.Path("adapter.gguf.checkpoint"))
			requireState(t, p, ragft.StepTrain, ragft.StateCurrent, "")
		}
	}
}

// What other settings have begun stays until it is resumed, or something else is begun in its place.
func TestCheckpointOfAnotherTrainingStays(t *testing.T) {
	c := tiny(t)
	c.Train.CheckpointEvery = opt.Of(1)
	p := trained(t, c)
	other := c
	other.Train.Rank = 2
	p = interrupted(t, p, other)
	p = open2(t, p, c)
	r, err := p.Train(t.Context())
	require.NoError(t, err)
	require.True(t, r.UpToDate)
	require.FileExists(t, p.Path("adapter.gguf.checkpoint"))
	third := c
	third.Train.Rank = 3
	p = open2(t, p, third)
	_, err = p.Train(t.Context())
	require.ErrorContains(t, err, "train.restart")

	other.Force = true
	p = open2(t, p, other)
	r, err = p.Train(t.Context())
	require.NoError(t, err)
	require.Positive(t, r.Resumed, "it is still what was begun")

	p = interrupted(t, p, c)
	c.Train.Restart = true
	p = open2(t, p, c)
	r, err = p.Train(t.Context())
	require.NoError(t, err)
	require.Zero(t, r.Resumed)
}

// How fast a training computes does not make its adapter another one.
func TestAdapterStaysWhateverItWasTrainedOn(t *testing.T) {
	c := tiny(t)
	p := trained(t, c)
	c.Threads, c.GPULayers, c.Train.GPULayers, c.RPC = 2, opt.Value[int]{}, opt.Of(0), []string{"127.0.0.1:1"}
	p = open2(t, p, c)
	requireState(t, p, ragft.StepTrain, ragft.StateCurrent, "")
}
