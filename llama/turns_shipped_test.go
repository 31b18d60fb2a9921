//go:build cgo

package llama

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/testmodel"
)

// special finds what templates use as special tokens.
var special = regexp.MustCompile(`<[|｜][^<> ']{1,40}[|｜]>|<(?:start|end)_of_turn>|` +
	`\[/?[A-Z_]{3,20}\]|</?(?:think|tool_call|tool_response)>`)

// TestShippedTemplates splits conversations by the templates that come with llama.cpp's source and prints what
// became of each. A split must never be wrong: where there is one, every turn holds what the assistant said, and its
// prompt is the one for generating.
func TestShippedTemplates(t *testing.T) {
	paths, err := filepath.Glob("../third_party/llama.cpp/models/templates/*.jinja")
	require.NoError(t, err)
	if len(paths) == 0 {
		t.Skip("llama.cpp's source, with the templates, is not in third_party: ./build.sh puts it there")
	}
	chat := []Message{
		{Role: "system", Content: "Answer briefly."},
		{Role: "user", Content: "Who built it?"},
		{Role: "assistant", Content: "Ada did."},
		{Role: "user", Content: "When was that?"},
		{Role: "assistant", Content: "In May."},
	}
	calls := []Message{
		{Role: "user", Content: "Is it open?"},
		{Role: "assistant", ToolCalls: []ToolCall{{ID: "call00001", Name: "hours", Arguments: []byte(`{"place": "the inn"}`)}}},
		{Role: "tool", Content: "until nine", ToolCallID: "call00001", Name: "hours"},
		{Role: "assistant", Content: "Until nine."},
	}
	tools := []Tool{{Name: "hours", Description: "Opening hours", Parameters: []byte(
		`{"type":"object","properties":{"place":{"type":"string","description":"where"}},"required":["place"]}`)}}
	for _, path := range paths {
		source, err := os.ReadFile(path)
		require.NoError(t, err)
		specials := special.FindAllString(string(source), -1)
		slices.Sort(specials)
		m := mustLoad(t, testmodel.New(t, testmodel.Spec{Layers: 1, Width: 16, Heads: 2, FeedForward: 16, Pre: "qwen2",
			ChatTemplate: string(source), Specials: slices.DeleteFunc(slices.Compact(specials), func(s string) bool {
				return slices.Contains([]string{testmodel.BOS, testmodel.End, testmodel.System, testmodel.User, testmodel.Assistant}, s)
			})}))
		outcome := func(messages []Message, o ChatOptions) string {
			conversations, err := m.TokenizeTurns(messages, o)
			switch {
			case errors.Is(err, ErrTemplateSplit):
				return "no split"
			case errors.Is(err, ErrTools):
				return "no tools"
			case err != nil:
				return "refuses"
			}
			turns := 0
			for _, c := range conversations {
				for _, turn := range c.Turns {
					turns++
					message := messages[turn.Message]
					prompt, err := m.TokenizeChat(messages[:turn.Message], o)
					require.NoError(t, err)
					require.Equal(t, prompt, c.Tokens[:turn.From])
					text := pieces(m, c.Tokens[turn.From:turn.To])
					require.Contains(t, text, message.Content, path)
					if len(message.ToolCalls) > 0 {
						require.Contains(t, text, "the inn", path)
					}
					for i, other := range messages {
						if i != turn.Message && other.Content != "" {
							require.NotContains(t, text, other.Content, path)
						}
					}
					require.True(t, m.IsEndOfGeneration(c.Tokens[turn.To-1]))
				}
			}
			require.Equal(t, countAssistant(messages), turns)
			return fmt.Sprint(len(conversations))
		}
		for _, known := range []string{"Qwen2.5", "Qwen3-0.6B", "Llama-3", "gemma-", "Phi-3.5", "Mistral-", "granite", "SmolLM3",
			"gpt-oss", "DeepSeek-V3.1"} {
			if strings.Contains(path, known) && !strings.Contains(path, "Distill") && !strings.Contains(path, "Hermes") {
				require.Regexp(t, `^\d$`, outcome(chat, ChatOptions{}), path)
			}
		}
		t.Logf("%-55s chat %-9s thinking %-9s tools %-9s", strings.TrimSuffix(filepath.Base(path), ".jinja"),
			outcome(chat, ChatOptions{}), outcome(chat, ChatOptions{Thinking: true}), outcome(calls, ChatOptions{Tools: tools}))
	}
}

func countAssistant(messages []Message) (n int) {
	for _, m := range messages {
		if m.Role == "assistant" {
			n++
		}
	}
	return n
}

// pieces is the text of tokens, special ones written out.
func pieces(m *Model, tokens []Token) string {
	var b strings.Builder
	for _, token := range tokens {
		b.WriteString(m.Piece(token))
	}
	return b.String()
}
