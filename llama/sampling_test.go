//go:build cgo

package llama

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSamplersFollowTheModel compares the frequency of first tokens with their probabilities.
func TestSamplersFollowTheModel(t *testing.T) {
	m := mustLoad(t, tinyModel(t))
	c := mustContext(t, m, ContextOptions{Size: 512, Sequences: 200})
	prompt := mustTokenize(t, m, "The")
	count := func(s Sampling) (tokens map[Token]int, probs map[Token]float64) {
		tokens, probs = map[Token]int{}, map[Token]float64{}
		for _, sample := range mustGenerate(t, c, Request{Prompt: prompt, Samples: 2000, MaxTokens: 1, Sampling: s})[0].Samples {
			tokens[sample.Tokens[0]]++
			probs[sample.Tokens[0]] = math.Exp(float64(sample.LogProbs[0]))
		}
		return tokens, probs
	}
	tokens, probs := count(Sampling{Temperature: 1})
	for token, n := range tokens {
		p := probs[token]
		require.InDelta(t, 2000*p, n, 5*math.Sqrt(2000*p)+2, "token %d", token)
	}
	top, topProbs := count(Sampling{Temperature: 1, TopK: 3})
	require.Len(t, top, 3)
	least := 1.0
	for token := range top {
		least = min(least, topProbs[token])
	}
	better := 0
	for token, p := range probs {
		if p > least && top[token] == 0 {
			better++
		}
	}
	require.Zero(t, better, "top-k must keep the likeliest")
	for token, p := range topProbs {
		for _, q := range topProbs {
			require.Less(t, float64(top[token]), 2000*p/(p+q)+150)
		}
	}
	kept, keptProbs := count(Sampling{Temperature: 1, MinP: 0.7})
	highest := 0.0
	for _, p := range keptProbs {
		highest = max(highest, p)
	}
	for token := range kept {
		require.GreaterOrEqual(t, keptProbs[token], 0.69*highest)
	}
	require.Less(t, len(kept), len(tokens))
	cold, _ := count(Sampling{Temperature: 0.001})
	require.Len(t, cold, 1)
	nucleus, _ := count(Sampling{Temperature: 1, TopP: 1e-6})
	require.Len(t, nucleus, 1)
}

// What is nearly 0 does not overflow: the likeliest token stays the likeliest, and a penalty that small is none.
func TestTinyNumbers(t *testing.T) {
	m := mustLoad(t, tinyModel(t))
	c := mustContext(t, m, ContextOptions{Size: 512, Sequences: 4})
	prompt := mustTokenize(t, m, "The")
	greedy := mustGenerate(t, c, Request{Prompt: prompt, MaxTokens: 8})[0].Samples[0]
	for _, s := range []Sampling{
		{Temperature: 1e-5}, {Temperature: 1e-7}, {Temperature: 1e-40}, {Temperature: math.SmallestNonzeroFloat32},
		{Temperature: 2, TopP: math.SmallestNonzeroFloat32}, {Temperature: 1e-40, LogitBias: map[Token]float32{1: 0.001}},
	} {
		for seed := range uint32(3) {
			s.Seed = seed
			got := mustGenerate(t, c, Request{Prompt: prompt, MaxTokens: 8, Sampling: s})[0].Samples[0]
			require.Equal(t, greedy.Tokens, got.Tokens, "%+v", s)
		}
	}
	for _, penalty := range []float32{1e-40, 1e-3} {
		_, err := c.Generate(t.Context(), []Request{{Prompt: prompt, Sampling: Sampling{RepeatPenalty: penalty}}})
		require.ErrorContains(t, err, "at least 0.01")
	}
}

// TestTopKShortcut checks that leaving out early what top-k will drop changes nothing. A long RepeatLast
// keeps too many tokens for the shortcut; over so few tokens it does not matter otherwise.
func TestTopKShortcut(t *testing.T) {
	m := mustLoad(t, tinyModel(t))
	c := mustContext(t, m, ContextOptions{Size: 512})
	prompt := mustTokenize(t, m, "The")
	for _, s := range []Sampling{
		{RepeatPenalty: math.Nextafter32(1, 2)}, {RepeatPenalty: 1.5}, {RepeatPenalty: 5}, {PresencePenalty: 2}, {FrequencyPenalty: 0.5},
	} {
		s.Temperature, s.TopP, s.TopK, s.Seed, s.RepeatLast = 0.8, 0.9, 20, 3, 12
		require.Less(t, s.TopK+s.RepeatLast, m.VocabSize()/4)
		short := mustGenerate(t, c, Request{Prompt: prompt, Samples: 20, MaxTokens: 8, Sampling: s})
		s.RepeatLast = m.VocabSize()
		long := mustGenerate(t, c, Request{Prompt: prompt, Samples: 20, MaxTokens: 8, Sampling: s})
		require.Equal(t, long, short)
	}
}

func TestRepeatPenalty(t *testing.T) {
	m := mustLoad(t, tinyModel(t))
	c := mustContext(t, m, ContextOptions{Size: 512})
	prompt := mustTokenize(t, m, "one two three")
	free := mustGenerate(t, c, Request{Prompt: prompt, MaxTokens: 30})[0].Samples[0]
	distinct := func(s Sample) int {
		seen := map[Token]bool{}
		for _, token := range s.Tokens {
			seen[token] = true
		}
		return len(seen)
	}
	require.Less(t, distinct(free), len(free.Tokens), "the model must repeat itself for this test")
	for _, s := range []Sampling{{RepeatPenalty: 1e6}, {PresencePenalty: 1e6}, {FrequencyPenalty: 1e6}} {
		held := mustGenerate(t, c, Request{Prompt: prompt, MaxTokens: 30, Sampling: s})[0].Samples[0]
		require.Equal(t, len(held.Tokens), distinct(held), "%+v", s)
	}
}

// TestPenaltiesAndBias holds the first token to the largest of the logits as the penalties' formulas change them.
func TestPenaltiesAndBias(t *testing.T) {
	m := mustLoad(t, tinyModel(t))
	c := mustContext(t, m, ContextOptions{Size: 512, ExactAttention: true})
	prompt := mustTokenize(t, m, "one two three, one two, one")
	said := map[Token]float32{}
	for _, token := range prompt {
		said[token]++
	}
	all := make([][]Token, m.VocabSize())
	for i := range all {
		all[i] = []Token{Token(i)}
	}
	scores, err := c.Score(t.Context(), prompt, all)
	require.NoError(t, err)
	first := func(s Sampling) Sample {
		return mustGenerate(t, c, Request{Prompt: prompt, MaxTokens: 1, Sampling: s})[0].Samples[0]
	}
	free := first(Sampling{}).Tokens[0]
	most := prompt[len(prompt)-1]
	require.Greater(t, said[most], float32(2))
	chosen := map[Token]bool{}
	for _, s := range []Sampling{
		{PresencePenalty: -100}, {FrequencyPenalty: -100}, {FrequencyPenalty: -100, PresencePenalty: 250},
		{LogitBias: map[Token]float32{free: -100}}, {LogitBias: map[Token]float32{9: 100, 10: 99}},
		{LogitBias: map[Token]float32{most: 10}, FrequencyPenalty: 1, PresencePenalty: 0.5},
	} {
		best, at := float32(math.Inf(-1)), Token(-1)
		for i := range all {
			token := Token(i)
			v := scores[i][0] + s.LogitBias[token] - s.FrequencyPenalty*said[token]
			if said[token] > 0 {
				v -= s.PresencePenalty
			}
			if v > best {
				best, at = v, token
			}
		}
		got := first(s)
		require.Equal(t, at, got.Tokens[0], "%+v", s)
		require.InDelta(t, scores[at][0], got.LogProbs[0], 1e-3, "the model's own probability")
		s.Temperature, s.TopK = 0.01, 1
		require.Equal(t, at, first(s).Tokens[0], "sampled: %+v", s)
		chosen[at] = true
	}
	require.Greater(t, len(chosen), 3)
	require.NotContains(t, chosen, free)
}

func TestTopLogProbs(t *testing.T) {
	m := mustLoad(t, tinyModel(t))
	c := mustContext(t, m, ContextOptions{Size: 512})
	prompt := mustTokenize(t, m, "The ship")
	s := mustGenerate(t, c, Request{Prompt: prompt, MaxTokens: 4, TopLogProbs: 5})[0].Samples[0]
	require.Len(t, s.Top, len(s.Tokens))
	all := make([][]Token, m.VocabSize())
	for i := range all {
		all[i] = []Token{Token(i)}
	}
	scores, err := c.Score(context.Background(), prompt, all)
	require.NoError(t, err)
	first := s.Top[0]
	require.Len(t, first, 5)
	require.Equal(t, TokenLogProb{s.Tokens[0], s.LogProbs[0]}, first[0])
	for i, top := range first {
		require.InDelta(t, scores[top.Token][0], top.LogProb, 1e-5)
		better := 0
		for _, score := range scores {
			if score[0] > scores[top.Token][0] {
				better++
			}
		}
		require.Equal(t, i, better)
	}
	_, err = c.Generate(context.Background(), []Request{{Prompt: prompt, TopLogProbs: 65}})
	require.Error(t, err)
}

func TestGrammar(t *testing.T) {
	m := mustLoad(t, tinyModel(t))
	c := mustContext(t, m, ContextOptions{Size: 512})
	prompt := mustTokenize(t, m, "The ship")
	for _, sampling := range []Sampling{{}, {Temperature: 1}, {Temperature: 1, TopK: 3}, {RepeatPenalty: 1.5}} {
		sampling.Grammar = `root ::= "{" ("yes" | "no")+ "}"`
		for _, s := range mustGenerate(t, c, Request{Prompt: prompt, MaxTokens: 200, Samples: 4, Sampling: sampling})[0].Samples {
			if s.Stop == StopEnd {
				require.Regexp(t, `^\{(yes|no)+\}$`, s.Text)
			} else {
				require.Regexp(t, `^\{(yes|no)*[yeno]*$`, s.Text)
			}
		}
	}
	_, err := c.Generate(context.Background(), []Request{{Prompt: prompt, Sampling: Sampling{Grammar: "root ::= ("}}})
	require.ErrorContains(t, err, "grammar")
	_, err = mustBatcher(t, m, BatcherOptions{}).Generate(context.Background(),
		[]Request{{Prompt: prompt, Sampling: Sampling{Grammar: "nothing"}}})
	require.ErrorContains(t, err, "grammar")
}
