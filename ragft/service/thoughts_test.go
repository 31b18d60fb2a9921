//go:build cgo

package service

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/ragft/assistant"
	"github.com/ragft/ragft/ragft/model/local"
)

// A chain of thought is no content, with passages and without, whole and streamed. That of this model never ends.
func TestThoughtsAreReasoningContent(t *testing.T) {
	template := strings.Replace(testmodel.ChatTemplate, "<|assistant|>", "<|assistant|><think>\n", 1)
	path := testmodel.New(t, testmodel.Spec{ChatTemplate: template})
	m := openModel(t, path, local.Options{ContextTokens: 512})
	_, _, client := serve(t, Config{
		Models: []Model{{Name: "base", Local: m, Assistant: assistant.Options{MaxTokens: 6}}}, Index: newIndex(t),
	})
	thinking := func(raw string) string {
		var said chatAnswer
		require.NoError(t, json.Unmarshal([]byte(raw), &said))
		return said.ReasoningContent
	}
	for _, retrieval := range []bool{false, true} {
		q := ask("Who founded the inn?")
		q.SetExtraFields(map[string]any{"ragft": map[string]any{"retrieval": retrieval}})
		got, err := client.Chat.Completions.New(t.Context(), q)
		require.NoError(t, err)
		if !retrieval {
			require.Empty(t, got.Choices[0].Message.Content)
		}
		require.NotEmpty(t, thinking(got.Choices[0].Message.RawJSON()), "retrieval: %v", retrieval)

		stream := client.Chat.Completions.NewStreaming(t.Context(), q)
		content, reasons := "", ""
		for stream.Next() {
			for _, c := range stream.Current().Choices {
				content += c.Delta.Content
				reasons += thinking(c.Delta.RawJSON())
			}
		}
		require.NoError(t, stream.Err())
		require.Equal(t, got.Choices[0].Message.Content, content)
		require.Equal(t, thinking(got.Choices[0].Message.RawJSON()), reasons)
	}
	q := ask("Who founded the inn?")
	q.N = openai.Int(2)
	got, err := client.Chat.Completions.New(t.Context(), q)
	require.NoError(t, err)
	for _, c := range got.Choices {
		require.Empty(t, c.Message.Content)
		require.NotEmpty(t, thinking(c.Message.RawJSON()))
	}
}

func TestWithoutThought(t *testing.T) {
	m := openModel(t, testmodel.New(t, testmodel.Spec{Specials: []string{"<tool_call>"}}), local.Options{ContextTokens: 256}).Llama()
	for _, c := range []struct {
		said, text, thinking string
		begun                bool
	}{
		{"<think>\nthe mill\n</think>\n\nAda Lee", "Ada Lee", "the mill", false},
		{"the mill\n</think>\n\nAda Lee", "Ada Lee", "the mill", true},
		{"<think></think>\n\nAda Lee", "Ada Lee", "", false},
		{"<think>the mill", "", "the mill", false},
		{" Ada Lee", " Ada Lee", "", false},
	} {
		tokens, err := m.Tokenize(c.said, llama.TokenizeOptions{})
		require.NoError(t, err)
		s := llama.Sample{Text: c.said, Tokens: tokens}
		require.Equal(t, c.thinking, withoutThought(m, &s, c.begun), c.said)
		require.Equal(t, c.text, s.Text, c.said)
		text, err := m.Detokenize(s.Tokens)
		require.NoError(t, err)
		require.Equal(t, strings.TrimSpace(c.text), strings.TrimSpace(text), "the tokens of the answer, of %q", c.said)
	}
}
