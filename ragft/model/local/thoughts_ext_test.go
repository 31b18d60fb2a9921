//go:build cgo

package local_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/llamachat"
	"github.com/ragft/ragft/internal/localtest"
	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/ragft/model"
)

// sample is what a model would have generated, token by token.
func sample(m *llama.Model, pieces ...string) llama.Sample {
	s := llama.Sample{}
	for _, piece := range pieces {
		tokens, err := m.Tokenize(piece, llama.TokenizeOptions{ParseSpecial: true})
		if err != nil {
			panic(err)
		}
		s.Tokens = append(s.Tokens, tokens...)
	}
	text, err := m.Detokenize(s.Tokens)
	if err != nil {
		panic(err)
	}
	s.Text = text
	for i := range s.Tokens {
		s.LogProbs = append(s.LogProbs, -float32(i))
	}
	return s
}

// Thoughts are kept apart whether their marks are text or control tokens, and whether the prompt or the model opens them.
func TestLocalThoughts(t *testing.T) {
	for name, specials := range map[string][]string{"text": nil, "control tokens": {"<think>", "</think>"}} {
		t.Run(name, func(t *testing.T) {
			m, _ := localtest.OpenLocalTest(t, testmodel.Spec{Specials: specials})
			open, _ := localtest.OpenLocalTest(t, testmodel.Spec{Specials: specials,
				ChatTemplate: strings.Replace(testmodel.ChatTemplate, "<|assistant|>", "<|assistant|><think>\n", 1)})
			for _, c := range []struct {
				model          *llama.Model
				said           []string
				begun          bool
				text, thinking string
			}{
				{m.Llama(), []string{"<think>", "the mill", "</think>", " Ada"}, false, "Ada", "the mill"},
				{m.Llama(), []string{" Ada"}, false, "Ada", ""},
				{m.Llama(), []string{"<think>", "the mill"}, false, "", "the mill"},
				{open.Llama(), []string{"the mill", "</think>", " Ada"}, true, "Ada", "the mill"},
				{open.Llama(), []string{"the mill"}, true, "", "the mill"},
			} {
				prompt, err := c.model.TokenizeChat(llamachat.Messages(localtest.ClosedChat("Who?")), llama.ChatOptions{})
				require.NoError(t, err)
				require.Equal(t, c.begun, llamachat.OpensThoughts(c.model, prompt))
				s := sample(c.model, c.said...)
				got := llamachat.Response(c.model, prompt, llama.Result{Samples: []llama.Sample{s}}).Samples[0]
				require.Equal(t, []string{c.text, c.thinking}, []string{got.Text, got.Thinking}, c.said)
				require.Equal(t, len(s.Tokens), got.Tokens)
				if c.text != "" && c.thinking != "" {
					require.Less(t, got.MeanLogProb, -float64(len(s.Tokens)-1)/2, "of the answer's tokens alone")
				}
			}

			// While text is streamed, nothing of a thought is shown.
			shown := ""
			request, err := open.Request(model.Request{Messages: localtest.ClosedChat("Who?"), OnText: func(p string) { shown += p }})
			require.NoError(t, err)
			for _, piece := range []string{"the mill", "</think>", " Ada", " Lee"} {
				for _, token := range sample(open.Llama(), piece).Tokens {
					request.OnToken(0, llama.ChosenToken{TokenLogProb: llama.TokenLogProb{Token: token}})
					if text, err := open.Llama().Detokenize([]llama.Token{token}); err == nil && text != "" {
						request.OnText(0, open.Llama().Piece(token))
					}
				}
			}
			request.OnDone()
			require.Equal(t, "Ada Lee", shown)
		})
	}
}

// A model whose prompt opens a thought and that never closes it gives no answer.
func TestLocalThoughtsCutOff(t *testing.T) {
	m, _ := localtest.OpenLocalTest(t, testmodel.Spec{
		ChatTemplate: strings.Replace(testmodel.ChatTemplate, "<|assistant|>", "<|assistant|><think>\n", 1)})
	shown := ""
	got, err := m.Chat(context.Background(), []model.Request{{Messages: localtest.ClosedChat("Who?"), MaxTokens: 6,
		OnText: func(p string) { shown += p }}})
	require.NoError(t, err)
	require.Empty(t, got[0].Samples[0].Text)
	require.NotEmpty(t, got[0].Samples[0].Thinking)
	require.Empty(t, shown)
}
