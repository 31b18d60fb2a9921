//go:build cgo

package lora

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/ragft/opt"
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

func readTrajectory(t *testing.T) (r trajectory) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "peft", "trajectory.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &r))
	return r
}

// The trainer's losses and gradient norms are those of PEFT on PyTorch, from the same adapter and on the same row: ten steps
// of AdamW in F32 on the shipped model. An error in a gradient, in the optimiser, in clipping or in the decay adds up over
// the steps.
func TestTrainerFollowsPEFT(t *testing.T) {
	want := readTrajectory(t)
	require.Len(t, want.GradientNorms, 10)
	require.Len(t, want.Losses, 11)

	trainer, err := NewTrainer(t.Context(), converted(t, "F32"), Config{
		Start: filepath.Join("testdata", "peft", "start.gguf"), Window: 256, Threads: 1, WeightDecay: want.WeightDecay,
		Beta1: want.Beta1, Beta2: want.Beta2, Epsilon: want.Epsilon, ClipNorm: opt.Of(want.ClipNorm),
	})
	require.NoError(t, err)
	defer trainer.Close()
	row := []Example{Completion(want.Prompt, want.Response)}
	worstLoss, worstNorm := 0.0, 0.0
	for i, norm := range want.GradientNorms {
		r, err := trainer.Step(t.Context(), row, want.LearningRate)
		require.NoError(t, err)
		require.InEpsilon(t, want.Losses[i], r.Loss, 5e-6, "loss of step %d", i+1)
		require.InEpsilon(t, norm, r.GradientNorm, 5e-5, "gradient norm of step %d", i+1)
		worstLoss = max(worstLoss, math.Abs(r.Loss/want.Losses[i]-1))
		worstNorm = max(worstNorm, math.Abs(r.GradientNorm/norm-1))
	}
	after, err := trainer.Evaluate(t.Context(), row)
	require.NoError(t, err)
	require.InEpsilon(t, want.Losses[10], after.Loss, 5e-6, "loss after the last step")
	t.Logf("largest relative differences: loss %.1e, gradient norm %.1e", worstLoss, worstNorm)
}

// llama.cpp computes with an adapter the logits that PEFT computes with what 'ragft export peft' made of it.
// internal/outside/exports.py wrote those of the row's last tokens.
func TestLogitsEqualPEFT(t *testing.T) {
	row := readTrajectory(t)
	tokens := slices.Concat(row.Prompt, row.Response)
	data, err := os.ReadFile(filepath.Join("testdata", "peft", "logits.f32"))
	require.NoError(t, err)
	m, err := llama.Load(t.Context(), converted(t, "F32"), llama.ModelOptions{GPULayers: opt.Of(0), NoRepack: true})
	require.NoError(t, err)
	defer m.Close()
	require.Zero(t, len(data)%(4*m.VocabSize()))
	places := len(data) / (4 * m.VocabSize())
	require.Equal(t, 4, places)
	a, err := m.LoadAdapter(filepath.Join("testdata", "peft", "start.gguf"))
	require.NoError(t, err)
	defer a.Close()
	run, err := m.NewContext(llama.ContextOptions{Size: 256, Threads: 1, ExactAttention: true})
	require.NoError(t, err)
	defer run.Close()
	require.NoError(t, run.SetAdapters(llama.AdapterScale{Adapter: a, Scale: 1}))
	worst := 0.0
	require.NoError(t, run.Logits(t.Context(), tokens, func(i int, logits []float32) {
		at := i - (len(tokens) - places)
		if at < 0 {
			return
		}
		for k, got := range logits {
			want := math.Float32frombits(binary.LittleEndian.Uint32(data[4*(at*len(logits)+k):]))
			worst = max(worst, math.Abs(float64(got)-float64(want)))
		}
	}))
	t.Logf("largest difference of a logit: %.1e", worst)
	require.Less(t, worst, 1e-3, "of logits up to 17")
}
