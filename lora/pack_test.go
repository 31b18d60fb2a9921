//go:build cgo

package lora

import (
	"math"
	"math/rand/v2"
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

// mixedLengths are examples of log-normal length, with a standard deviation of 0.8 of the logarithm, from 16 tokens to max;
// every third has two to four responses to one prompt.
func mixedLengths(rng *rand.Rand, n, median, max int) []Example {
	examples := make([]Example, n)
	for i := range examples {
		size := min(max, 16+int(float64(median)*math.Exp(0.8*rng.NormFloat64())))
		e := &examples[i]
		if i%3 > 0 {
			e.Tokens = make([]Token, size)
			continue
		}
		branches := 2 + rng.IntN(3)
		each := 1 + rng.IntN(size/(2*branches))
		e.Tokens = make([]Token, size-branches*each)
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
		for _, i := range w {
			tokens += examples[i].size()
		}
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
