//go:build cgo

package lora

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ragft/ragft/ragft/opt"
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

// randomTokens are as random as tokens of real prompts are, so that examples do not begin alike by chance.
func randomTokens(rng *rand.Rand, n int) []Token {
	tokens := make([]Token, n)
	for i := range tokens {
		tokens[i] = Token(rng.IntN(50000))
	}
	return tokens
}

// trieNodes counts the different beginnings of the examples, which is what a window has to compute.
func trieNodes(examples []Example, members []int) int {
	seen := map[string]bool{}
	n := 0
	for _, i := range members {
		for k := range examples[i].Tokens {
			seen[fmt.Sprint(examples[i].Tokens[:k+1])] = true
		}
		for _, b := range examples[i].Branches {
			n += len(b.Tokens)
		}
	}
	return n + len(seen)
}

// Forty questions about each of five documents, all behind one instruction: each window computes what its examples begin
// with once, and those of a document stay together.
func TestPackSharesBeginnings(t *testing.T) {
	rng := random(41)
	system, size := randomTokens(rng, 20), 1024
	var examples []Example
	alone := 0
	for range 5 {
		document := slices.Concat(system, randomTokens(rng, 200))
		for range 40 {
			examples = append(examples, Completion(slices.Concat(document, randomTokens(rng, 30)), randomTokens(rng, 8)))
			alone += 258
		}
	}
	windows := pack(examples, size, maxSequences, random(1))
	seen := map[int]bool{}
	for _, w := range windows {
		n := windowTokens(examples, w)
		require.Equal(t, trieNodes(examples, w), n)
		require.LessOrEqual(t, n, size)
		for _, i := range w {
			require.False(t, seen[i])
			seen[i] = true
		}
	}
	require.Len(t, seen, len(examples))
	require.Less(t, len(windows)*size, alone/4, "each document is computed about twice, not forty times")
	require.Equal(t, windows, pack(examples, size, maxSequences, random(1)), "the same seed gives the same windows")
}

func TestWindowSharesBeginnings(t *testing.T) {
	a, b := Completion([]Token{5, 6}, []Token{7, 2}), Completion([]Token{5, 6, 8}, []Token{9})
	c := Completion([]Token{5, 6}, []Token{7, 3})
	w := newWindow([]Example{a, b, c}, []int{0, 1, 2}, 256, 1)
	require.Equal(t, []Token{5, 6, 7, 2, 8, 9, 3, 0}, w.Tokens[:8])
	require.Equal(t, []int32{0, 1, 2, 3, 2, 3, 3, 0}, w.Positions[:8])
	of := func(i int) []int32 { return w.Seqs[w.SeqOffsets[i]:w.SeqOffsets[i+1]] }
	require.Equal(t, [][]int32{{0, 1, 2}, {0, 1, 2}, {0, 2}, {0}, {1}, {1}, {2}, {3}},
		[][]int32{of(0), of(1), of(2), of(3), of(4), of(5), of(6), of(7)})
	weights := map[[2]int32]float32{}
	for l, row := range w.LabelRows {
		weights[[2]int32{w.Rows[row], w.LabelTokens[l]}] = w.LabelWeights[l]
	}
	require.Equal(t, map[[2]int32]float32{{1, 7}: 2, {2, 2}: 1, {2, 3}: 1, {4, 9}: 1}, weights)
}

// mixedLengths are examples of log-normal length, with a standard deviation of 0.8 of the logarithm, from 16 tokens to max;
// every third has two to four responses to one prompt.
func mixedLengths(rng *rand.Rand, n, median, max int) []Example {
	examples := make([]Example, n)
	for i := range examples {
		size := min(max, 16+int(float64(median)*math.Exp(0.8*rng.NormFloat64())))
		e := &examples[i]
		if i%3 > 0 {
			e.Tokens = randomTokens(rng, size)
			continue
		}
		branches := 2 + rng.IntN(3)
		each := 1 + rng.IntN(size/(2*branches))
		e.Tokens = randomTokens(rng, size-branches*each)
		for range branches {
			e.Branches = append(e.Branches, Branch{Tokens: make([]Token, each)})
		}
	}
	return examples
}

// realShare is the part of the windows' tokens that are not padding.
func realShare(examples []Example, windows [][]int, size int) float64 {
	tokens := 0
	for _, w := range windows {
		tokens += windowTokens(examples, w)
	}
	return float64(tokens) / float64(size*len(windows))
}

// A window is filled to 95 % and more, whether it holds eight examples of the middle length or two, for long data sets and
// short ones.
func TestPackFillsWindows(t *testing.T) {
	for _, window := range []int{512, 2048} {
		for _, parts := range []int{8, 4, 2} {
			for _, n := range []int{500, 5000} {
				data := mixedLengths(random(31), n, window/parts, window)
				got := realShare(data, pack(data, window, maxSequences, random(1)), window)
				require.Greater(t, got, 0.95, "window %d, median %d, %d examples", window, window/parts, n)
			}
		}
	}
}

func TestWindowLayout(t *testing.T) {
	shared := Example{Tokens: []Token{5, 6}, Branches: []Branch{
		{Tokens: []Token{7, 8}, Loss: []float32{1, 1}},
		{Tokens: []Token{7, 9}, Loss: []float32{2, 1}},
	}}
	plain := Completion([]Token{3}, []Token{4})
	w := newWindow([]Example{shared, plain}, []int{0, 1}, 256, 0.5)
	require.Equal(t, []Token{5, 6, 7, 8, 7, 9, 3, 4}, w.Tokens[:8])
	require.Equal(t, []int32{0, 1, 2, 3, 2, 3, 0, 1, 0, 1}, w.Positions[:10])
	require.Equal(t, []int32{0, 2, 4, 5, 6, 7, 8, 9, 10}, w.SeqOffsets[:9])
	require.Equal(t, []int32{0, 1, 0, 1, 0, 0, 1, 1, 2, 2, 3, 3}, w.Seqs[:12])
	require.Len(t, w.Rows, rowStep)
	require.IsIncreasing(t, w.Rows)
	// both branches predict 7 from the prompt's last token: one label with the sum of their weights
	total, atPrompt := float32(0), float32(0)
	for l := range w.LabelTokens {
		total += w.LabelWeights[l]
		if w.Rows[w.LabelRows[l]] == 1 && w.LabelTokens[l] == 7 {
			atPrompt += w.LabelWeights[l]
		}
	}
	require.Equal(t, float32(1.5), atPrompt)
	require.Equal(t, float32(3), total)
	type pair struct{ row, token int32 }
	unique := map[pair]bool{}
	for l := range w.LabelTokens {
		unique[pair{w.LabelRows[l], w.LabelTokens[l]}] = true
	}
	require.Len(t, unique, len(w.LabelTokens))
	require.Len(t, w.LabelTokens, 4)
}

func TestRates(t *testing.T) {
	c := Config{LearningRate: 1, Warmup: opt.Of(0.1), FinalRate: 0.2}
	require.InDelta(t, 0.5, c.Rate(5, 100), 1e-12)
	require.InDelta(t, 1, c.Rate(10, 100), 1e-12)
	require.InDelta(t, 1, c.Rate(11, 100), 1e-12)
	require.InDelta(t, 0.6, c.Rate(56, 100), 1e-12, "half-way down a cosine from 1 to 0.2")
	require.InDelta(t, 0.2, c.Rate(100, 100), 1e-3)
	c.Schedule = Linear
	require.InDelta(t, 1-0.8*0.5, c.Rate(56, 100), 1e-12)
	require.InDelta(t, 0.2+0.8/90, c.Rate(100, 100), 1e-12)
	c.Schedule, c.Warmup = Constant, opt.Of(0.0)
	require.InDelta(t, 1, c.Rate(1, 100), 1e-12)
	require.InDelta(t, 1, c.Rate(100, 100), 1e-12)
}

func TestClipScale(t *testing.T) {
	require.InDelta(t, 0.25, Config{ClipNorm: opt.Of(1.0)}.clipScale(4), 1e-12)
	require.InDelta(t, 1, Config{ClipNorm: opt.Of(1.0)}.clipScale(0.5), 1e-12)
	require.InDelta(t, 1, Config{ClipNorm: opt.Of(0.0)}.clipScale(math.Inf(1)), 1e-12)
}
