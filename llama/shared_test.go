//go:build cgo

package llama

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/ragft/opt"
)

// treeNodes counts the nodes of the prefix tree of the prompts.
func treeNodes(prompts [][]Token) (nodes int) {
	sorted := slices.SortedFunc(slices.Values(prompts), slices.Compare[[]Token])
	for i, p := range sorted {
		if nodes += len(p); i > 0 {
			nodes -= commonPrefix(sorted[i-1], p)
		}
	}
	return nodes
}

// TestPromptsAreComputedOnce asks about documents in a random order, for which few sequences run at a time, and counts the
// tokens of the prompts that were computed.
func TestPromptsAreComputedOnce(t *testing.T) {
	m := mustLoad(t, testmodel.New(t, testmodel.Spec{Context: 4096}))
	rng := rand.New(rand.NewPCG(1, 2))
	random := func(n int) []Token {
		tokens := make([]Token, n)
		for i := range tokens {
			tokens[i] = Token(20 + rng.IntN(100))
		}
		return tokens
	}
	var requests []Request
	var prompts [][]Token
	system := random(20)
	for range 6 {
		document := random(70)
		for range 5 {
			question := random(25)
			for range 2 {
				prompt := slices.Concat(system, document, question, random(8))
				prompts = append(prompts, prompt)
				requests = append(requests, Request{Prompt: prompt, MaxTokens: 1 + rng.IntN(6)})
			}
		}
	}
	rng.Shuffle(len(requests), func(i, k int) { requests[i], requests[k] = requests[k], requests[i] })
	nodes := treeNodes(prompts)
	for _, sequences := range []int{1, 2, 8} {
		for _, separate := range []bool{false, true} {
			t.Run(fmt.Sprintf("%d sequences, separate %v", sequences, separate), func(t *testing.T) {
				c := mustContext(t, m, ContextOptions{Size: 2048, Sequences: sequences, SeparateCaches: opt.Of(separate)})
				computed := 0
				for _, r := range mustGenerate(t, c, requests...) {
					computed += r.PromptTokens - r.ReusedTokens
				}
				require.GreaterOrEqual(t, computed, nodes)
				require.LessOrEqual(t, float64(computed), 1.05*float64(nodes), "%d tokens for %d nodes", computed, nodes)
			})
		}
	}
}
