//go:build cgo

package llama

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPlainLayout(t *testing.T) {
	m := mustLoad(t, rewrite(t, tinyModel(t), map[string]any{"tokenizer.chat_template": nil}))
	require.True(t, m.Plain())
	require.False(t, mustLoad(t, tinyModel(t)).Plain())
	for _, c := range []struct {
		name     string
		messages []Message
		want     string
	}{
		{"question", []Message{{Role: "system", Content: "Be brief."},
			{Role: "user", Content: "Document 1: A\nText.\n\nQuestion: Who?"}},
			"Be brief.\n\nDocument 1: A\nText.\n\nQuestion: Who?\nAnswer:"},
		{"history", []Message{{Role: "user", Content: "Question: Who?"}, {Role: "assistant", Content: "Ada."},
			{Role: "user", Content: "Question: When?"}},
			"Question: Who?\nAnswer: Ada.\n\nQuestion: When?\nAnswer:"},
		{"RA-DIT", []Message{{Role: "user", Content: "Background: Text.\n\nQ: Who?\nA:"}}, "Background: Text.\n\nQ: Who?\nA:"},
		{"FedRAG", []Message{{Role: "user", Content: "<query>Who?</query> <response>"}}, "<query>Who?</query> <response>"},
		{"question that ends in a colon", []Message{{Role: "user", Content: "Question: Who is this:"}}, "Question: Who is this:\nAnswer:"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := rendered(m, c.messages, ChatOptions{})
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
	prompt, answer, err := m.TokenizeTurn([]Message{{Role: "user", Content: "Question: Who?"}, {Role: "assistant", Content: "Ada."}},
		ChatOptions{})
	require.NoError(t, err)
	require.Equal(t, m.EOS(), answer[len(answer)-1], "a tuned model ends its answer by itself")
	again, err := m.TokenizeChat([]Message{{Role: "user", Content: "Question: Who?"}}, ChatOptions{})
	require.NoError(t, err)
	require.Equal(t, again, prompt)
}

// TestNotFirst excludes the first token that greedy decoding takes, and leaves it free afterwards.
func TestNotFirst(t *testing.T) {
	m := mustLoad(t, tinyModel(t))
	c, err := m.NewContext(ContextOptions{})
	require.NoError(t, err)
	defer c.Close()
	prompt, err := m.Tokenize("The mill", TokenizeOptions{AddSpecial: true})
	require.NoError(t, err)
	generate := func(r Request) []Token {
		r.Prompt, r.MaxTokens = prompt, 6
		results, err := c.Generate(t.Context(), []Request{r})
		require.NoError(t, err)
		return results[0].Samples[0].Tokens
	}
	free := generate(Request{})
	without := generate(Request{Sampling: Sampling{NotFirst: free[:1]}})
	require.NotEqual(t, free[0], without[0])
	prompt = append(prompt, without[0])
	require.Equal(t, generate(Request{})[:5], without[1:], "only the first token is excluded")
	_, err = c.Generate(t.Context(), []Request{{Prompt: prompt, Sampling: Sampling{NotFirst: []Token{-5}}}})
	require.ErrorIs(t, err, ErrInvalidToken)
	_, err = c.Generate(t.Context(), []Request{{Prompt: prompt, Sampling: Sampling{NotFirst: free[:1], Grammar: `root ::= "a"`}}})
	require.ErrorContains(t, err, "grammar exclude")
}

// TestFirst holds Sample.First to scores, and ends a sample before its first token.
func TestFirst(t *testing.T) {
	m := mustLoad(t, tinyModel(t))
	c, err := m.NewContext(ContextOptions{})
	require.NoError(t, err)
	defer c.Close()
	prompt, err := m.Tokenize("The mill", TokenizeOptions{AddSpecial: true})
	require.NoError(t, err)
	want, err := c.Score(t.Context(), prompt, [][]Token{{7}, {9}})
	require.NoError(t, err)
	stop := Request{Prompt: prompt, First: []Token{7, 9}, OnFirst: func(sample int, first []float32) bool {
		require.Len(t, first, 2)
		return false
	}}
	plain, first := Request{Prompt: prompt, MaxTokens: 3}, Request{Prompt: prompt, MaxTokens: 3, Samples: 2, First: []Token{7, 9}}
	results, err := c.Generate(t.Context(), []Request{plain, first, stop})
	require.NoError(t, err)
	for _, s := range results[1].Samples {
		require.Equal(t, results[0].Samples[0].Tokens, s.Tokens)
		require.InDelta(t, want[0][0], s.First[0], 1e-3)
		require.InDelta(t, want[1][0], s.First[1], 1e-3)
	}
	require.Empty(t, results[0].Samples[0].First)
	require.Equal(t, StopFirst, results[2].Samples[0].Stop)
	require.Empty(t, results[2].Samples[0].Text)
	_, err = c.Generate(t.Context(), []Request{{Prompt: prompt, First: []Token{-5}}})
	require.ErrorIs(t, err, ErrInvalidToken)
}
