//go:build cgo

package lora

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/lora/internal/engine"
)

// With logits far apart, a log probability is about the difference of two of them, and grows with their scale. It does not
// end where the probability itself is too small for a float.
func TestLossOfUnlikelyTokens(t *testing.T) {
	c := testConfig()
	c.Targets = []string{"output"}
	tr, err := NewTrainer(context.Background(), testmodel.New(t, testSpec("llama", gguf.F32)), c)
	require.NoError(t, err)
	t.Cleanup(tr.Close)
	examples := testExamples(random(41), tr.engine.Vocab(), 4)
	loss := func(scale float64) float64 {
		rng := random(78)
		for i, p := range tr.engine.Params() {
			v := make([]float32, p.Size())
			for k := range v {
				v[k] = float32(rng.NormFloat64() * scale)
			}
			require.NoError(t, tr.engine.Set(i, engine.Value, v))
		}
		l, err := tr.Evaluate(context.Background(), examples)
		require.NoError(t, err)
		return l.Loss
	}
	far := loss(30) // A and B are scaled alike, and logits by the square
	require.Greater(t, far, 1000.0)
	require.InEpsilon(t, 4*far, loss(60), 0.02)
}
