//go:build cgo

package local_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/internal/llamachat"
	"github.com/ragft/ragft/internal/localtest"
	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/model/local"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

// Asked again with each answer excluded, the shipped model gives others.
func TestExclude(t *testing.T) {
	m, err := local.Open(t.Context(), "../../../examples/basemodel/ragft-base-f16.gguf", local.Options{Threads: 1})
	require.NoError(t, err)
	t.Cleanup(func() { m.Close() })
	var told []string
	for range 3 {
		r, err := m.Chat(t.Context(), []model.Request{
			{Messages: localtest.ClosedChat("Who keeps the inn?"), MaxTokens: 6, Exclude: slices.Clone(told)}})
		require.NoError(t, err)
		text := r[0].Samples[0].Text
		require.NotEmpty(t, text)
		for _, before := range told {
			require.False(t, strings.HasPrefix(text, before), "%q begins with %q", text, before)
		}
		told = append(told, text)
	}
}

// No answer ends before it begins, which one in some hundred tokens of a random model would do.
func TestExcludeLeavesNoEmptyAnswer(t *testing.T) {
	for name, spec := range map[string]testmodel.Spec{"chat template": {}, "plain": {Plain: true}} {
		t.Run(name, func(t *testing.T) {
			m, _ := localtest.OpenLocalTest(t, spec)
			require.Equal(t, spec.Plain, m.Llama().Plain())
			r, err := m.Chat(t.Context(), []model.Request{{Messages: localtest.ClosedChat("Who?"), MaxTokens: 1, Samples: 400, Temperature: 3,
				Exclude: []string{"mill", " mill"}}})
			require.NoError(t, err)
			for _, s := range r[0].Samples {
				require.Positive(t, s.Tokens)
				require.True(t, s.Truncated, "%q ended at once", s.Text)
				require.NotEqual(t, "mill", s.Text)
			}
		})
	}
}

// Prompts that share documents have the same first tokens, whatever is asked about them.
func TestSharedDocumentsHaveTheSameTokens(t *testing.T) {
	hits := []retriever.Hit{{Chunk: retriever.Chunk{Title: "The Mill", Text: "The mill is run by Mara Venn."}},
		{Chunk: retriever.Chunk{Text: "It rains."}}}
	for name, spec := range map[string]testmodel.Spec{"chat template": {}, "plain": {Plain: true}} {
		t.Run(name, func(t *testing.T) {
			m, _ := localtest.OpenLocalTest(t, spec)
			tokens := func(messages []model.Message) []llama.Token {
				tokens, err := m.Llama().TokenizeChat(llamachat.Messages(messages), llama.ChatOptions{})
				require.NoError(t, err)
				return tokens
			}
			first := tokens(prompt.Set{}.ReadMessages("Who runs the mill?", hits))
			second := tokens(prompt.Set{}.RefuseMessages("Where?", hits))
			text := layout.System + layout.Task("", hits)
			shared, err := m.Llama().Tokenize(strings.TrimSpace(text), llama.TokenizeOptions{})
			require.NoError(t, err)
			n := 0
			for n < min(len(first), len(second)) && first[n] == second[n] {
				n++
			}
			require.GreaterOrEqual(t, n, len(shared), "the system message and the documents")
			require.Less(t, n, min(len(first), len(second)))
		})
	}
}
