//go:build cgo

package llama

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/testmodel"
)

// TestCallbackPanics uses a context after callbacks have panicked: it is free, and computes with its own adapters.
func TestCallbackPanics(t *testing.T) {
	path := tinyModel(t)
	m := mustLoad(t, path)
	goOn(m)
	a, err := m.LoadAdapter(testmodel.NewAdapter(t, path, testmodel.AdapterSpec{}))
	require.NoError(t, err)
	c := mustContext(t, m, ContextOptions{Size: 256})
	bare := firstProbs(t, c)
	prompt := []Token{50, 60, 70}
	for name, call := range map[string]func(){
		"ScoreAll": func() {
			_, _ = c.ScoreAll(t.Context(), []ScoreRequest{{Prompt: prompt}}, func(int, int) { panic("callback") })
		},
		"Logits": func() { _ = c.Logits(t.Context(), prompt, func(int, []float32) { panic("callback") }) },
		"Generate": func() {
			_, _ = c.Generate(t.Context(), []Request{{Prompt: prompt, MaxTokens: 5, Adapters: []AdapterScale{{a, 1}},
				OnToken: func(int, ChosenToken) { panic("callback") }}})
		},
	} {
		require.PanicsWithValue(t, "callback", call, name)
		require.Equal(t, bare, firstProbs(t, c), name)
	}
}

func TestTooManySamples(t *testing.T) {
	c := mustContext(t, mustLoad(t, tinyModel(t)), ContextOptions{Size: 256})
	_, err := c.Generate(t.Context(), []Request{{Prompt: []Token{1}, Samples: 1 << 40}})
	require.ErrorContains(t, err, "Samples is 1099511627776; it must be from 0 to 65536")
}
