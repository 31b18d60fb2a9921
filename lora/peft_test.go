//go:build cgo

package lora

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// trajectory is what internal/outside/trajectory.py writes.
type trajectory struct {
	Prompt       []Token `json:"prompt"`
	Response     []Token `json:"response"`
	LearningRate float64 `json:"learning_rate"`
	WeightDecay  float64 `json:"weight_decay"`
	Beta1        float64 `json:"beta1"`
	Beta2        float64 `json:"beta2"`
	Epsilon      float64 `json:"epsilon"`
	ClipNorm     float64 `json:"clip_norm"`
	// Losses before each step and after the last, and the norms of the steps' gradients before they are clipped.
	Losses        []float64 `json:"losses"`
	GradientNorms []float64 `json:"gradient_norms"`
}

// The trainer's losses and gradient norms are those of PEFT on PyTorch, from the same adapter and on the same row: ten steps
// of AdamW in F32 on the shipped model. An error in a gradient, in the optimiser, in clipping or in the decay adds up over
// the steps.
func TestTrainerFollowsPEFT(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "peft", "trajectory.json"))
	require.NoError(t, err)
	var want trajectory
	require.NoError(t, json.Unmarshal(data, &want))
	require.Len(t, want.GradientNorms, 10)
	require.Len(t, want.Losses, 11)

	trainer, err := NewTrainer(t.Context(), converted(t, "F32"), Config{
		Start: filepath.Join("testdata", "peft", "start.gguf"), Window: 256, Threads: 1, WeightDecay: want.WeightDecay,
		Beta1: want.Beta1, Beta2: want.Beta2, Epsilon: want.Epsilon, ClipNorm: want.ClipNorm,
	})
	require.NoError(t, err)
	defer trainer.Close()
	row := []Example{Completion(want.Prompt, want.Response)}
	worstLoss, worstNorm := 0.0, 0.0
	for i, norm := range want.GradientNorms {
		r, err := trainer.Step(t.Context(), row, want.LearningRate)
		require.NoError(t, err)
		require.InEpsilon(t, want.Losses[i], r.Loss, 2e-5, "loss of step %d", i+1)
		require.InEpsilon(t, norm, r.GradientNorm, 2e-4, "gradient norm of step %d", i+1)
		worstLoss = max(worstLoss, math.Abs(r.Loss/want.Losses[i]-1))
		worstNorm = max(worstNorm, math.Abs(r.GradientNorm/norm-1))
	}
	after, err := trainer.Evaluate(t.Context(), row)
	require.NoError(t, err)
	require.InEpsilon(t, want.Losses[10], after.Loss, 2e-5, "loss after the last step")
	t.Logf("largest relative differences: loss %.1e, gradient norm %.1e", worstLoss, worstNorm)
}
