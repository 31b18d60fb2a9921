//go:build cgo

package llama

import (
	"encoding/json"
	"slices"
	"strings"
)

// Message is one turn of a conversation.
type Message struct {
	// Role is "system", "user", "assistant", "tool" for the result of a tool, or another role of the model's template.
	Role string

	// Content is the text. Nothing in it is read as a special token, nor as a mark that the template looks for, such as the
	// end of a chain of thought.
	Content string

	// Thinking is the chain of thought of an assistant's turn, without the tokens around it. Templates without chains of
	// thought ignore it, and many others render only the last one.
	Thinking string

	// ToolCalls are the calls at the end of an assistant's turn.
	ToolCalls []ToolCall

	// ToolCallID is the ID of the call that a "tool" message answers.
	ToolCallID string

	// Name is the name of the speaker, or of the tool in a "tool" message. Many templates ignore it.
	Name string
}

// ToolCall is a call of a tool by the assistant.
type ToolCall struct {
	ID        string          // refers to the call in its result; may be empty if the template does not need it
	Name      string          // of the tool
	Arguments json.RawMessage // a JSON object; empty means {}
}

// Tool is a function that the assistant may call, as in OpenAI's API.
type Tool struct {
	Name        string
	Description string
	Parameters  json.RawMessage // JSON Schema of the arguments, an object; empty means no arguments
}

// ChatOptions are the options of rendering a conversation. The zero value renders the prompt for the assistant's answer.
type ChatOptions struct {
	// Tools are those that the assistant may call. If the template does not support tools, the error is [ErrTools]; if
	// parameters cannot be rendered, it is a *[ToolError].
	Tools []Tool

	// Thinking lets the templates of reasoning models ask for a chain of thought. By default they are told not to
	// (enable_thinking = false), as the thoughts count as tokens of the answer.
	Thinking bool

	// NoGenerationPrompt ends the result with the last message. By default it ends where the assistant's answer begins.
	NoGenerationPrompt bool
}

// TokenizeChat renders messages with the model's chat template, by llama.cpp's Jinja engine, and returns the tokens for a
// Context to continue. Only the text of the template itself can contain special tokens. In messages, tool calls, results and
// definitions their names are plain text, so that a document that contains "<|im_end|>" cannot end its turn. If the model has
// a BOS token, the result begins with exactly one.
//
// If the template has no system messages, the text of one is put before the next message. For templates that show the
// date it is always 1 January 2025, so that the same messages give the same text. An error of the template is returned,
// for instance if roles do not alternate. Arguments of tool calls are passed as the template expects them, as an object
// or as text; numbers in them and in the schemas of tools keep their digits.
func (m *Model) TokenizeChat(messages []Message, o ChatOptions) ([]Token, error) {
	release, err := m.use()
	if err != nil {
		return nil, err
	}
	defer release()
	c, err := m.newChat(messages, o)
	if err != nil {
		return nil, err
	}
	parts, err := c.render(len(messages), !o.NoGenerationPrompt)
	if err != nil {
		return nil, err
	}
	return c.tokens(parts)
}

// tokens tokenizes a whole rendering.
func (c *chat) tokens(parts []part) ([]Token, error) {
	var tokens []Token
	if bos := c.m.BOS(); bool(c.m.info.add_bos) && bos != NoToken {
		tokens = append(tokens, bos)
		if len(parts) > 0 && !parts[0].untrusted {
			parts = slices.Clone(parts)
			parts[0].text = strings.TrimPrefix(parts[0].text, c.m.vocab.piece(bos))
		}
	}
	// Text between special tokens is tokenized as one, so that words are not split where the text of the template meets that
	// of a message.
	for _, run := range c.m.vocab.split(parts) {
		more := []Token{run.token}
		if !run.special {
			var err error
			if more, err = c.m.tokenize(c.marks.unbreak(run.text), TokenizeOptions{}); err != nil {
				return nil, err
			}
		}
		tokens = append(tokens, more...)
	}
	return tokens, nil
}

func joinParts(parts []part) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(p.text)
	}
	return b.String()
}
