//go:build cgo

package lora

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPackKeepsEachExampleOnce(t *testing.T) {
	examples := testExamples(random(21), 100, 300)
	windows := pack(examples, 256, maxSequences, random(1))
	seen := make([]int, len(examples))
	tokens := 0
	for _, w := range windows {
		size, sequences := 0, 0
		for _, i := range w {
			seen[i]++
			size += examples[i].size()
			sequences += examples[i].sequences()
		}
		require.LessOrEqual(t, size, 256)
		require.Less(t, sequences, maxSequences)
		tokens += size
	}
	for i, n := range seen {
		require.Equal(t, 1, n, "example %d", i)
	}
	require.Greater(t, float64(tokens)/float64(256*len(windows)), 0.95, "windows must be nearly full")
}

func TestWindowLayout(t *testing.T) {
	shared := Example{Tokens: []Token{5, 6}, Branches: []Branch{
		{Tokens: []Token{7, 8}, Loss: []float32{1, 1}},
		{Tokens: []Token{7, 9}, Loss: []float32{2, 1}},
	}}
	plain := Completion([]Token{3}, []Token{4})
	w := newWindow([]Example{shared, plain}, []int{0, 1}, 256, 1000, 0.5)
	require.Equal(t, []Token{5, 6, 7, 8, 7, 9, 3, 4}, w.tokens[:8])
	require.Equal(t, []int32{0, 1, 2, 3, 2, 3, 0, 1, 0, 1}, w.positions[:10])
	require.Equal(t, []int32{0, 2, 4, 5, 6, 7, 8, 9, 10}, w.seqOffsets[:9])
	require.Equal(t, []int32{0, 1, 0, 1, 0, 0, 1, 1, 2, 2, 3, 3}, w.seqs[:12])
	require.Len(t, w.rows, rowStep)
	require.IsIncreasing(t, w.rows)
	// both branches predict 7 from the prompt's last token: one label with the sum of their weights
	total, atPrompt := float32(0), float32(0)
	for l := range w.labelTokens {
		total += w.labelWeights[l]
		if w.rows[w.labelRows[l]] == 1 && w.labelTokens[l] == 7 {
			atPrompt += w.labelWeights[l]
		}
	}
	require.Equal(t, float32(1.5), atPrompt)
	require.Equal(t, float32(3), total)
	type pair struct{ row, token int32 }
	unique := map[pair]bool{}
	for l := range w.labelTokens {
		unique[pair{w.labelRows[l], w.labelTokens[l]}] = true
	}
	require.Len(t, unique, len(w.labelTokens))
}

func TestRates(t *testing.T) {
	c := Config{LearningRate: 1, Warmup: 0.1, FinalRate: 0.2}
	require.InDelta(t, 0.5, c.Rate(5, 100), 1e-12)
	require.InDelta(t, 1, c.Rate(10, 100), 1e-12)
	require.InDelta(t, 1, c.Rate(11, 100), 1e-12)
	require.InDelta(t, 0.6, c.Rate(56, 100), 1e-12, "half-way down a cosine from 1 to 0.2")
	require.InDelta(t, 0.2, c.Rate(100, 100), 1e-3)
	c.Schedule = Linear
	require.InDelta(t, 1-0.8*0.5, c.Rate(56, 100), 1e-12)
	require.InDelta(t, 0.2+0.8/90, c.Rate(100, 100), 1e-12)
	c.Schedule, c.Warmup = Constant, -1
	require.InDelta(t, 1, c.Rate(1, 100), 1e-12)
	require.InDelta(t, 1, c.Rate(100, 100), 1e-12)
}

func TestClipScale(t *testing.T) {
	require.InDelta(t, 0.25, Config{ClipNorm: 1}.clipScale(4), 1e-12)
	require.InDelta(t, 1, Config{ClipNorm: 1}.clipScale(0.5), 1e-12)
	require.InDelta(t, 1, Config{ClipNorm: -1}.clipScale(math.Inf(1)), 1e-12)
}
