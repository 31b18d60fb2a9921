//go:build cgo

package lora

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/ragft/opt"
)

// scoredConfig has one thread: two that wait for each other are slow on a machine that is busy.
func scoredConfig() Config {
	c := testConfig()
	c.Threads = 1
	return c
}

// firstTensor is the first trained tensor of an adapter file.
func firstTensor(t *testing.T, path string) []float32 {
	t.Helper()
	f, err := gguf.Open(path)
	require.NoError(t, err)
	defer f.Close()
	v, err := f.ReadFloats(f.Tensors()[0].Name)
	require.NoError(t, err)
	return v
}

func TestScoreChoosesTheAdapter(t *testing.T) {
	model := testmodel.New(t, testSpec("llama", gguf.F32))
	tests := []struct {
		name    string
		scores  []float64 // in turn
		heldOut int
		best    int // of the scores
	}{
		{"highest", []float64{1, 5, 4}, 5, 1},
		{"negative", []float64{-3, -7, -9}, 5, 0},
		{"equal: the lower loss", []float64{2, 2, 1}, 5, 1},
		{"equal, nothing held out: the later one", []float64{2, 2, 2}, 0, 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			adapter := filepath.Join(t.TempDir(), "adapter.gguf")
			c := scoredConfig()
			c.Epochs = 3
			var seen [][]float32
			c.Score = func(_ context.Context, path string) (float64, error) {
				seen = append(seen, firstTensor(t, path))
				return test.scores[len(seen)-1], nil
			}
			var steps []int
			c.Progress = func(p Progress) {
				if !math.IsNaN(p.Score) {
					require.Equal(t, test.scores[len(steps)], p.Score)
					steps = append(steps, p.Step)
				}
			}
			r, err := Train(context.Background(), model, adapter, c, counting(60), counting(test.heldOut))
			require.NoError(t, err)
			require.Len(t, r.Scores, 3)
			for i, s := range r.Scores {
				require.Equal(t, (i+1)*r.Steps/3, s.Step, "the end of an epoch")
				require.Equal(t, []any{steps[i], test.scores[i]}, []any{s.Step, s.Score})
				require.Equal(t, test.heldOut == 0, math.IsNaN(s.HeldOutLoss))
			}
			require.Equal(t, r.Scores[test.best].Step, r.BestStep)
			require.Equal(t, seen[test.best], firstTensor(t, adapter))
			if test.heldOut > 0 {
				require.Less(t, r.Scores[1].HeldOutLoss, r.Scores[0].HeldOutLoss)
				require.Equal(t, r.Scores[test.best].HeldOutLoss, r.HeldOutLoss)
			}
			require.Positive(t, r.ScoreSeconds)
			require.NoFileExists(t, adapter+scoredSuffix)
		})
	}
}

func TestScorePoints(t *testing.T) {
	score := func(context.Context, string) (float64, error) { return 0, nil }
	points := func(epochs, steps int) (list []int) {
		r := run{steps: make([][][]int, epochs*steps), epochEnds: map[int]int{}, Trainer: &Trainer{config: Config{Epochs: epochs, Score: score}}}
		for e := 1; e <= epochs; e++ {
			r.epochEnds[e*steps] = e
		}
		r.planScores()
		for step := range len(r.steps) + 1 {
			if r.scorePoints[step] {
				list = append(list, step)
			}
		}
		return list
	}
	require.Equal(t, []int{5, 10}, points(1, 10))
	require.Equal(t, []int{2, 3}, points(1, 3))
	require.Empty(t, points(1, 1), "nothing to choose from")
	require.Equal(t, []int{10, 20}, points(2, 10))
	require.Equal(t, []int{10, 20, 30, 40}, points(4, 10))
	require.Equal(t, []int{10, 20, 30, 50}, points(5, 10))
	require.Equal(t, []int{20, 40, 60, 80}, points(8, 10))
}

// Cancelled in every score and after every step, a run must end with the same bytes and scores.
func TestScoredResumeEqualsUninterrupted(t *testing.T) {
	model := testmodel.New(t, testSpec("llama", gguf.F32))
	whole, parts := filepath.Join(t.TempDir(), "whole.gguf"), filepath.Join(t.TempDir(), "parts.gguf")
	c := scoredConfig()
	c.Epochs, c.CheckpointEvery = 3, opt.Of(0)
	of := func(path string) float64 { return -math.Abs(float64(firstTensor(t, path)[0]) - 0.01) }
	c.Score = func(_ context.Context, path string) (float64, error) { return of(path), nil }
	want, err := Train(context.Background(), model, whole, c, counting(60), counting(5))
	require.NoError(t, err)
	var got *Result
	cut := map[float64]bool{}
	for runs := 0; got == nil; runs++ {
		require.Less(t, runs, 100)
		ctx, cancel := context.WithCancel(context.Background())
		c.Progress = func(Progress) { cancel() }
		c.Score = func(ctx context.Context, path string) (float64, error) {
			if score := of(path); cut[score] {
				return score, nil
			} else {
				cut[score] = true
			}
			cancel()
			return 0, ctx.Err()
		}
		got, err = Train(ctx, model, parts, c, counting(60), counting(5))
		cancel()
		if err != nil {
			require.ErrorIs(t, err, context.Canceled)
		}
	}
	requireSameFile(t, whole, parts)
	require.Equal(t, want.Scores, got.Scores)
	require.Equal(t, want.BestStep, got.BestStep)
	require.Positive(t, got.ScoreSeconds)
}

func TestScoreErrors(t *testing.T) {
	model := testmodel.New(t, testSpec("llama", gguf.F32))
	adapter := filepath.Join(t.TempDir(), "adapter.gguf")
	c := scoredConfig()
	bad := errors.New("no answers")
	c.Score = func(context.Context, string) (float64, error) { return 0, bad }
	_, err := Train(context.Background(), model, adapter, c, counting(60), nil)
	require.ErrorIs(t, err, bad)
	require.ErrorContains(t, err, "step")
	require.NoFileExists(t, adapter)
	require.NoFileExists(t, adapter+scoredSuffix)
	require.FileExists(t, adapter+checkpointSuffix, "the steps are not lost")

	c.Score = func(context.Context, string) (float64, error) { return math.NaN(), nil }
	_, err = Train(context.Background(), model, adapter, c, counting(60), nil)
	require.ErrorContains(t, err, "not a number")
	c.Score = nil
	_, err = Train(context.Background(), model, adapter, c, counting(60), nil)
	require.ErrorIs(t, err, ErrCheckpoint, "a run without scores is another")
}
