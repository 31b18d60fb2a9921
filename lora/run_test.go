//go:build cgo

package lora

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/lora/internal/engine"
	"github.com/ragft/ragft/ragft/opt"
)

// otherCounting counts in steps of two: learning to count by one makes its loss rise sooner or later.
func otherCounting(n int) []Example {
	examples := counting(n)
	for _, e := range examples {
		for i := range e.Tokens {
			e.Tokens[i] = e.Tokens[0] + Token(2*i)
		}
	}
	return examples
}

// A run with everything that is remembered between steps: it stops early, keeps the best, and skips spikes.
func eventfulConfig() Config {
	c := testConfig()
	c.Epochs, c.EvaluateEvery, c.CheckpointEvery = 10, 2, opt.Of(2)
	c.WindowsPerStep = 1
	c.Patience, c.KeepBest, c.SpikeFactor = 4, true, 1.15
	return c
}

func TestEarlyStopKeepsTheBest(t *testing.T) {
	model := testmodel.New(t, testSpec("llama", gguf.F32))
	adapter := filepath.Join(t.TempDir(), "adapter.gguf")
	c := eventfulConfig()
	var losses []float64
	var refused int
	c.Progress = func(p Progress) {
		if p.Evaluated {
			losses = append(losses, p.HeldOutLoss)
		}
		if p.Skipped {
			refused++
		}
	}
	r, err := Train(context.Background(), model, adapter, c, counting(60), otherCounting(10))
	require.NoError(t, err)
	require.True(t, r.Stopped)
	require.Less(t, r.Steps, 60)
	require.Equal(t, refused, r.Skipped)
	require.Positive(t, r.Skipped)
	best := 0
	for i, l := range losses {
		if l < losses[best] {
			best = i
		}
	}
	require.Equal(t, losses[best], r.HeldOutLoss)
	require.Equal(t, 2*(best+1), r.BestStep)
	require.Len(t, losses, best+1+c.Patience)
	require.Equal(t, losses[len(losses)-1], r.HeldOut.Loss)

	// the file is that of the best step: a run that ends there by its number of steps is told by its losses only, so
	// the file itself is evaluated
	e := openTest(t, engine.Options{Model: model, Adapter: adapter})
	held := otherCounting(10)
	loss, weight := 0.0, 0.0
	for i := range held {
		l, err := e.Forward(context.Background(), &testWindowOf(e, held[i:i+1]).Batch)
		require.NoError(t, err)
		loss, weight = loss+l, weight+held[i].weight()
	}
	require.InEpsilon(t, r.HeldOutLoss, loss/weight, 1e-4)
}

func TestWorking(t *testing.T) {
	model := testmodel.New(t, testSpec("llama", gguf.F32))
	c := testConfig()
	c.Epochs, c.WindowsPerStep = 1, 2
	var got []Work
	c.Working = func(w Work) { got = append(got, w) }
	r, err := Train(context.Background(), model, filepath.Join(t.TempDir(), "adapter.gguf"), c, counting(60), otherCounting(10))
	require.NoError(t, err)
	require.Greater(t, r.Steps, 1)
	held, step := 0, 1
	for held < len(got) && got[held].Evaluating {
		held++
		require.Equal(t, Work{Steps: r.Steps, Window: held, Windows: got[0].Windows, Evaluating: true}, got[held-1])
	}
	require.Equal(t, got[0].Windows, held)
	rest := got[held:]
	for ; step <= r.Steps; step++ {
		windows := rest[0].Windows
		require.LessOrEqual(t, windows, 2)
		for window := range windows {
			require.Equal(t, Work{Step: step, Steps: r.Steps, Window: window + 1, Windows: windows}, rest[window])
		}
		rest = rest[windows:]
	}
	require.Len(t, rest, held, "the evaluation at the end")
	require.Equal(t, Work{Step: r.Steps, Steps: r.Steps, Window: 1, Windows: held, Evaluating: true}, rest[0])
}

// Cancelled at every step and in every evaluation, the eventful run must end with the same bytes.
func TestEventfulResumeEqualsUninterrupted(t *testing.T) {
	model := testmodel.New(t, testSpec("llama", gguf.F32))
	whole, parts := filepath.Join(t.TempDir(), "whole.gguf"), filepath.Join(t.TempDir(), "parts.gguf")
	c := eventfulConfig()
	want, err := Train(context.Background(), model, whole, c, counting(60), otherCounting(10))
	require.NoError(t, err)
	var got *Result
	for runs := 0; got == nil; runs++ {
		require.Less(t, runs, 100)
		ctx, cancel := context.WithCancel(context.Background())
		c.Progress = func(Progress) { cancel() }
		got, err = Train(ctx, model, parts, c, counting(60), otherCounting(10))
		cancel()
		if err != nil {
			require.ErrorIs(t, err, context.Canceled)
		}
	}
	requireSameFile(t, whole, parts)
	require.Equal(t, want.BestStep, got.BestStep)
	require.Equal(t, want.Skipped, got.Skipped)
	require.Equal(t, want.Steps, got.Steps)
	require.Equal(t, want.Loss, got.Loss)
	require.Equal(t, want.HeldOut, got.HeldOut)
}

func requireSameFile(t *testing.T, want, got string) {
	t.Helper()
	a, err := os.ReadFile(want)
	require.NoError(t, err)
	b, err := os.ReadFile(got)
	require.NoError(t, err)
	require.True(t, string(a) == string(b), "the files differ")
}

func TestGuard(t *testing.T) {
	g := guard{factor: 3}
	step := func(loss, norm float64) bool {
		return g.refuses(StepResult{Losses: Losses{Loss: loss}, GradientNorm: norm})
	}
	for i := range guardNeeds {
		require.False(t, step(2+float64(i%2), 1), "too early to tell a spike")
	}
	require.False(t, step(7.4, 2.9), "the median loss is 2.5")
	require.True(t, step(9.1, 1), "the median is 3 now")
	require.True(t, step(2, 3.1))
	require.Equal(t, 2, g.inRow)
	require.False(t, step(2, 1))
	require.Zero(t, g.inRow)
	for range 100 {
		require.False(t, step(1, 1))
	}
	require.Len(t, g.losses, guardMemory)
	require.True(t, step(3.1, 1), "what is long ago is forgotten")
	g.factor = 0
	require.False(t, step(1e9, 1e9))
}

// A training at an absurd rate ends with a report, and keeps what was good.
func TestDivergenceIsReported(t *testing.T) {
	model := testmodel.New(t, testSpec("llama", gguf.F32))
	adapter := filepath.Join(t.TempDir(), "adapter.gguf")
	c := testConfig()
	c.LearningRate, c.Schedule, c.Warmup, c.ClipNorm = 1e25, Constant, opt.Of(0.0), opt.Of(0.0)
	c.EvaluateEvery, c.KeepBest, c.Epochs = 1, true, 20
	_, err := Train(context.Background(), model, adapter, c, counting(60), counting(5))
	var d *DivergedError
	require.ErrorAs(t, err, &d)
	require.ErrorIs(t, err, ErrDiverged)
	require.False(t, stats.IsFinite(d.Loss) && stats.IsFinite(d.GradientNorm))
	require.Equal(t, 1e25, d.LearningRate)
	require.NotEmpty(t, d.Before)
	require.ErrorContains(t, err, "lower learning rate")
	require.NoFileExists(t, adapter)

	// after good steps there is something to keep
	c.LearningRate = 1e-2
	ctx, cancel := context.WithCancel(context.Background())
	c.Progress = func(p Progress) {
		if p.Step == 4 {
			cancel()
		}
	}
	_, err = Train(ctx, model, adapter, c, counting(60), counting(5))
	require.ErrorIs(t, err, context.Canceled)
	tr, err := NewTrainer(context.Background(), model, c)
	require.NoError(t, err)
	defer tr.Close()
	f, err := gguf.Open(adapter + ".checkpoint")
	require.NoError(t, err)
	of, _ := f.Text("ragft.run")
	require.NoError(t, f.Close())
	values, best, err := tr.loadState(adapter+".checkpoint", of)
	require.NoError(t, err)
	require.NotNil(t, best)
	v, err := tr.engine.Get(0, engine.Value)
	require.NoError(t, err)
	v[0] = float32(math.NaN())
	require.NoError(t, tr.engine.Set(0, engine.Value, v))
	require.NoError(t, tr.saveState(adapter+".checkpoint", of, values, best))
	c.Progress = nil
	_, err = Train(context.Background(), model, adapter, c, counting(60), counting(5))
	require.ErrorAs(t, err, &d)
	require.Equal(t, 5, d.Step)
	require.NotEmpty(t, d.Tensors)
	require.Equal(t, adapter+".best", d.Kept)
	require.ErrorContains(t, err, "kept in "+d.Kept)
	kept, err := gguf.Open(d.Kept)
	require.NoError(t, err)
	defer kept.Close()
	for i, p := range tr.engine.Params() {
		got, err := kept.ReadFloats(p.Name)
		require.NoError(t, err)
		require.Equal(t, best[i], got)
	}
}

// While a training is paused its checkpoint lies on the disk and no processor time goes by.
func TestPause(t *testing.T) {
	model := testmodel.New(t, testSpec("llama", gguf.F32))
	whole, paused := filepath.Join(t.TempDir(), "whole.gguf"), filepath.Join(t.TempDir(), "paused.gguf")
	c := testConfig()
	_, err := Train(context.Background(), model, whole, c, counting(60), nil)
	require.NoError(t, err)

	c.Control = &Control{}
	c.Progress = func(p Progress) {
		if p.Step == 3 {
			c.Control.Pause()
			c.Control.Pause() // once is enough
		}
	}
	ended := make(chan error)
	var r *Result
	go func() {
		var err error
		r, err = Train(context.Background(), model, paused, c, counting(60), nil)
		ended <- err
	}()
	require.Eventually(t, c.Control.Paused, time.Minute, time.Millisecond)
	require.FileExists(t, paused+".checkpoint")
	time.Sleep(time.Second) // native threads look for work for a moment before they sleep, longer on a slow processor
	before := cpuTime(t)
	const stood = 500 * time.Millisecond
	time.Sleep(stood)
	require.Less(t, cpuTime(t)-before, 100*time.Millisecond)
	c.Control.Resume()
	c.Control.Resume()
	require.NoError(t, <-ended)
	require.False(t, c.Control.Paused())
	requireSameFile(t, whole, paused)
	require.Positive(t, r.TrainSeconds)

	// a paused training keeps another one away from its adapter, and can be cancelled
	c.Control.Pause()
	ctx, cancel := context.WithCancel(context.Background())
	go func() { _, err := Train(ctx, model, paused, c, counting(60), nil); ended <- err }()
	require.Eventually(t, c.Control.Paused, time.Minute, time.Millisecond)
	_, err = Train(context.Background(), model, paused, Config{}, counting(60), nil)
	require.ErrorIs(t, err, ErrBusy)
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
	require.NoFileExists(t, paused+".lock")
}

// cpuTime is what this process has used.
func cpuTime(t *testing.T) time.Duration {
	var u syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func TestTooLittleDisk(t *testing.T) {
	c := testConfig()
	tr, err := NewTrainer(context.Background(), testmodel.New(t, testSpec("llama", gguf.F32)), c)
	require.NoError(t, err)
	defer tr.Close()
	free := uint64(0)
	r := run{Trainer: tr, path: filepath.Join(t.TempDir(), "adapter.gguf"), free: func(string) (uint64, bool) { return free, true }}
	err = r.checkDisk()
	require.ErrorIs(t, err, ErrNoSpace)
	require.ErrorContains(t, err, "0 MiB are free")
	values := uint64(0)
	for _, p := range tr.engine.Params() {
		values += 4 * uint64(p.Size())
	}
	free = 2*3*values + 2<<20
	require.NoError(t, r.checkDisk())
	free--
	require.ErrorIs(t, r.checkDisk(), ErrNoSpace)
	r.free = func(string) (uint64, bool) { return 0, false }
	require.NoError(t, r.checkDisk(), "what is not known is no error")

	known, ok := freeSpace(t.TempDir())
	if ok {
		require.Positive(t, known)
	}
}

// What is learnt makes other text less likely: the training ends where that goes too far, with the adapter from before.
func TestMaxRise(t *testing.T) {
	model := testmodel.New(t, testSpec("llama", gguf.F32))
	general := otherCounting(6)
	for i := range general {
		general[i].Source = "general"
	}
	var losses []float64
	adapter := filepath.Join(t.TempDir(), "adapter.gguf")
	train := func(rise float64, cancelAt int) (*Result, error) {
		losses = nil
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		c := Config{Rank: 4, LearningRate: 2e-2, Seed: 3, Epochs: 6, EvaluateEvery: 2, KeepBest: true,
			MaxRise: map[string]float64{"general": rise}}
		c.Progress = func(p Progress) {
			if p.Evaluated {
				losses = append(losses, p.HeldOutLoss)
			}
			if p.Step == cancelAt {
				cancel()
			}
		}
		return Train(ctx, model, adapter, c, counting(60), general)
	}
	free, err := train(1e9, 0)
	require.NoError(t, err)
	require.Empty(t, free.Rose)
	all := losses
	bound := (free.BaseLoss + slices.Max(all)) / 2
	over := slices.IndexFunc(all, func(l float64) bool { return l > bound })
	if bound <= free.BaseLoss || over <= 0 {
		t.Fatalf("the losses %v do not rise over %v within the training", all, free.BaseLoss)
	}
	r, err := train(bound-free.BaseLoss, 0)
	require.NoError(t, err)
	require.True(t, r.Stopped)
	require.Equal(t, "general", r.Rose)
	require.Equal(t, 2*(over+1), r.Steps)
	require.Equal(t, slices.Min(all[:over]), r.HeldOutLoss)
	require.InDelta(t, r.HeldOutLoss, r.HeldOutBySource["general"], 1e-12, "of the adapter that was written, not of the last evaluation")
	require.InDelta(t, r.BaseLoss, r.BaseBySource["general"], 1e-12)
	want, err := os.ReadFile(adapter)
	require.NoError(t, err)

	// Interrupted before it, or between it and the evaluation before, it goes on to the same end.
	for _, at := range []int{2*over - 1, 2*over + 1} {
		require.NoError(t, os.Remove(adapter))
		_, err = train(bound-free.BaseLoss, at)
		require.ErrorIs(t, err, context.Canceled)
		resumed, err := train(bound-free.BaseLoss, 0)
		require.NoError(t, err)
		require.Equal(t, at, resumed.Resumed)
		require.Equal(t, []any{"general", r.Steps, r.HeldOutLoss, r.BaseLoss, r.HeldOutBySource, r.BaseBySource},
			[]any{resumed.Rose, resumed.Steps, resumed.HeldOutLoss, resumed.BaseLoss, resumed.HeldOutBySource, resumed.BaseBySource})
		got, err := os.ReadFile(adapter)
		require.NoError(t, err)
		require.True(t, bytes.Equal(want, got), "interrupted at %d", at)
	}

	_, err = Train(context.Background(), model, "", Config{MaxRise: map[string]float64{"general": 1}}, counting(4), general)
	require.ErrorContains(t, err, "KeepBest")
	_, err = Train(context.Background(), model, "", Config{KeepBest: true, MaxRise: map[string]float64{"web": 1}}, counting(4), general)
	require.ErrorIs(t, err, ErrNoExamples)
}
