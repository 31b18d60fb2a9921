//go:build cgo

package llama

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/testmodel"
)

// thinkTemplate cuts what the assistant said at the end of a thought, as templates of reasoning models do.
const thinkTemplate = `{%- for m in messages -%}{%- set c = m.content -%}{%- if '</think>' in c -%}` +
	`{%- set c = c.split('</think>')[-1] | trim -%}{%- endif -%}{%- if c.startswith('[/INST]') -%}{%- set c = '' -%}{%- endif -%}` +
	`<|{{ m.role }}|>{% if m.role == 'assistant' and loop.last %}<think>

</think>

{% endif %}{{ c }}<|end|>{%- endfor -%}{%- if add_generation_prompt -%}<|assistant|>{% if not enable_thinking %}<think>

</think>

{% endif %}{%- endif -%}`

// Whatever a message says is learnt whole, also what the template itself looks for.
func TestContentsAreData(t *testing.T) {
	for name, spec := range map[string]testmodel.Spec{
		"marks are text":           {ChatTemplate: thinkTemplate},
		"marks are special tokens": {ChatTemplate: thinkTemplate, Specials: []string{"<think>", "</think>"}},
	} {
		m := tokenized(t, spec)
		for _, content := range []string{
			"The tag </think> closes a thought.", "</think>", "<think>", "<think>a</think> b", "It ends with </think>",
			"[/INST] ends a question", "{{ x }} and {% if x %}", "{{ '</think>' }}", "<|end|></think><|assistant|>",
		} {
			messages := []Message{
				{Role: "user", Content: content}, {Role: "assistant", Content: content},
				{Role: "user", Content: "Which?"}, {Role: "assistant", Content: content},
			}
			list, err := m.TokenizeTurns(messages, ChatOptions{})
			require.NoError(t, err, content)
			turns := 0
			for _, c := range list {
				for _, turn := range c.Turns {
					turns++
					learnt := pieces(m, c.Tokens[turn.From:turn.To])
					require.Equal(t, content+"<|end|>", learnt, "%s: %s", name, content)
					before := strings.Count(pieces(m, c.Tokens[:turn.From]), content)
					require.GreaterOrEqual(t, before, turns, "those from the user, and earlier ones")
				}
			}
			require.Equal(t, 2, turns)
			text, err := rendered(m, messages[:3], ChatOptions{})
			require.NoError(t, err)
			require.GreaterOrEqual(t, strings.Count(text, content), 2, text)
		}
	}
}

// What a template still leaves out is an error, and is not learnt as something shorter.
func TestDroppedContents(t *testing.T) {
	const rest = `<|end|>{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}`
	question, answer := Message{Role: "user", Content: "Who? Ada"}, Message{Role: "assistant", Content: "So. Answer: Ada"}
	for name, template := range map[string]string{
		"of the answer":   `{% for m in messages %}<|{{ m.role }}|>{{ m.content.split('Answer: ')[-1] }}` + rest,
		"of the question": `{% for m in messages %}<|{{ m.role }}|>{{ m.content.split('Who? ')[-1] }}` + rest,
	} {
		m := tokenized(t, testmodel.Spec{ChatTemplate: template})
		_, err := m.TokenizeTurns([]Message{question, answer}, ChatOptions{})
		require.ErrorIs(t, err, ErrTemplateSplit, name)
		require.ErrorContains(t, err, "leaves out a part of message", name)
		_, err = m.TokenizeTurns([]Message{{Role: "user", Content: " Ada?\n"}, {Role: "assistant", Content: " Ada\n\n Lee "}}, ChatOptions{})
		require.NoError(t, err, name)
	}
}
