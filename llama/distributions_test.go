//go:build cgo

package llama

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What is expected at a place of a text is what is expected after the tokens before it.
func TestDistributionsEqualGenerate(t *testing.T) {
	for _, model := range tinyModels(t) {
		t.Run(model.name, func(t *testing.T) {
			m := mustLoad(t, model.path)
			c := mustContext(t, m, ContextOptions{Size: 512, Sequences: 2, BatchSize: 16, ExactAttention: true})
			tokens := mustTokenize(t, m, "The lighthouse keeper lived on the island, and every evening he lit the lamp before the ships "+
				"came in from the sea.")
			at := []int{1, 2, 5, 17, 18, len(tokens) - 1}
			found, err := c.Distributions(t.Context(), tokens, at, 4)
			require.NoError(t, err)
			require.Len(t, found, len(at))
			for k, i := range at {
				r := Request{Prompt: tokens[:i], MaxTokens: 1, TopLogProbs: 4, First: []Token{tokens[i]}}
				want := mustGenerate(t, c, r)[0].Samples[0]
				own := TokenLogProb{tokens[i], want.First[0]}
				likely := want.Top[0]
				if len(found[k]) > 4 {
					likely = append(likely, own)
				}
				require.Len(t, found[k], len(likely))
				named := false
				for n, one := range found[k] {
					require.Equal(t, likely[n].Token, one.Token)
					require.InDelta(t, likely[n].LogProb, one.LogProb, model.tolerance)
					named = named || one.Token == own.Token
				}
				require.True(t, named, "the text's own token")
			}
		})
	}
}

func TestDistributionsErrors(t *testing.T) {
	m := mustLoad(t, tinyModel(t))
	c := mustContext(t, m, ContextOptions{Size: 256})
	tokens := make([]Token, 300)
	for i := range tokens {
		tokens[i] = 5
	}
	none, err := c.Distributions(t.Context(), tokens, nil, 4)
	require.NoError(t, err)
	require.Empty(t, none)
	for _, at := range [][]int{{0}, {300}, {3, 2}, {3, 3}} {
		_, err = c.Distributions(t.Context(), tokens, at, 4)
		require.ErrorContains(t, err, "places are ascending, from 1 on, each once", "%v", at)
	}
	for _, most := range []int{0, 65} {
		_, err = c.Distributions(t.Context(), tokens, []int{1}, most)
		require.ErrorContains(t, err, "from 1 to 64")
	}
	var long *PromptTooLongError
	_, err = c.Distributions(t.Context(), tokens, []int{299}, 4)
	require.ErrorAs(t, err, &long)
	_, err = c.Distributions(t.Context(), tokens, []int{20}, 4)
	require.NoError(t, err, "what comes after the last place is not computed")
	require.NoError(t, c.Close())
	_, err = c.Distributions(t.Context(), tokens, []int{20}, 4)
	require.ErrorIs(t, err, ErrClosed)
}
