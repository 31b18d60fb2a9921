//go:build cgo

package lora

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/lora/internal/engine/enginetest"
)

// familySpec is a model of two layers, or of as many as the family needs to show all that it does. (Every fourth layer of
// SmolLM 3 and of Cohere's models has no rotary positions.)
func familySpec(arch string, t gguf.Type) testmodel.Spec {
	s := testSpec(arch, t)
	switch arch {
	case "smollm3":
		s.Layers = 4
	case "olmoe":
		s.HeadsKV = 4
	}
	return s
}

// trainedFamilies lists the families of the test models but those that cannot be trained.
func trainedFamilies() []string {
	var out []string
	for _, f := range testmodel.Families() {
		if f != "mamba" {
			out = append(out, f)
		}
	}
	return out
}

// longExamples are those of testExamples and one that is longer than the sliding windows of the test models.
func longExamples(seed uint64, vocab int) []Example {
	rng := random(seed)
	long := Example{Tokens: make([]Token, 120), Loss: make([]float32, 120)}
	for i := range long.Tokens {
		long.Tokens[i] = Token(rng.IntN(vocab))
		if i > 70 {
			long.Loss[i] = 1
		}
	}
	return append(testExamples(rng, vocab, 4), long)
}

// Of every family the engine's graph computes what llama_decode computes.
func TestFamiliesMatchDecode(t *testing.T) {
	for _, arch := range trainedFamilies() {
		for _, composed := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/composed=%v", arch, composed), func(t *testing.T) {
				e := adapted(t, familySpec(arch, gguf.F32), composed)
				w := testWindowOf(e, longExamples(1, e.Vocab()))
				want, err := enginetest.Decode(context.Background(), e, &w.Batch)
				require.NoError(t, err)
				got, err := enginetest.Logits(context.Background(), e, &w.Batch)
				require.NoError(t, err)
				require.Greater(t, distance(make([]float32, len(want)), want), 0.5, "logits must not be all zero")
				if composed {
					require.Equal(t, want, got)
				}
				require.LessOrEqual(t, distance(got, want), 1e-3)
			})
		}
	}
}

// Mixtures of experts choose experts by the largest logits. A step that changes a choice makes the loss jump, so for them
// the steps are small and the examples short. ggml looks GELU up in a table of F16 numbers, so its steps are large.
func TestFamilyGradients(t *testing.T) {
	for _, arch := range trainedFamilies() {
		for _, composed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/composed=%v", arch, composed), func(t *testing.T) {
				e := adapted(t, familySpec(arch, gguf.F32), composed)
				examples, step, tolerance := longExamples(2, e.Vocab()), 2e-3, 0.02
				if testmodel.HasExperts(arch) {
					examples, step = testExamples(random(2), e.Vocab(), 1), 2e-4
				}
				if strings.HasPrefix(arch, "gemma") {
					step, tolerance = 1e-2, 0.03
				}
				w := testWindowOf(e, examples)
				requireSlopesBy(t, e, gradients(t, e, w), step, tolerance, func() float64 {
					loss, err := e.Forward(context.Background(), &w.Batch)
					require.NoError(t, err)
					return loss
				})
			})
		}
	}
}
