//go:build cgo

package ragft_test

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft"
)

// Another adapter in the place of the trained one is noticed, whatever the file is called.
func TestReplacedAdapterOfAnyName(t *testing.T) {
	c := tiny(t)
	c.Adapter = filepath.Join(filepath.Dir(c.Dir), "tuned.lora")
	p := trained(t, c)
	requireState(t, p, ragft.StepTrain, ragft.StateCurrent, "")
	other := filepath.Join(t.TempDir(), "other.gguf")
	require.NoError(t, os.Rename(c.Adapter, other))
	requireState(t, p, ragft.StepTrain, ragft.StateStale, "tuned.lora is gone")
	c.Train.Rate, c.Force = 2e-3, true
	p = open2(t, p, c)
	_, err := p.Train(t.Context())
	require.NoError(t, err)
	requireState(t, p, ragft.StepTrain, ragft.StateCurrent, "")
	require.NoError(t, os.Rename(other, c.Adapter))
	requireState(t, p, ragft.StepTrain, ragft.StateStale, "tuned.lora was replaced")
}

// A call for a project at work ends with its context.
func TestWaitingForAStepEndsWithTheContext(t *testing.T) {
	c := tiny(t)
	inside := make(chan struct{})
	release := make(chan struct{})
	var once sync.Once
	c.Progress = func(ragft.Progress) {
		once.Do(func() {
			close(inside)
			<-release
		})
	}
	p := open(t, c)
	done := make(chan error, 1)
	go func() {
		_, err := p.Index(t.Context())
		done <- err
	}()
	<-inside
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := p.Index(ctx)
	require.ErrorIs(t, err, context.Canceled)
	close(release)
	require.NoError(t, <-done)
}
