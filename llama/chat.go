//go:build cgo

package llama

import (
	"encoding/json"
	"slices"
	"strings"
)

// A Message is one turn of a conversation.
type Message struct {
	// Role is "system", "user", "assistant", "tool" for what a tool gave back, or what else the model's template knows.
	Role string

	// Content is the text. Nothing in it is read as a special token, nor as the start or end of a chain of thought.
	Content string

	// Thinking is the chain of thought of an assistant's turn, without the tokens around it. Templates that know
	// none leave it out, and many that do leave out all but the last.
	Thinking string

	// ToolCalls are the calls that an assistant's turn ends with.
	ToolCalls []ToolCall

	// ToolCallID, of a "tool" message, is the ID of the call that it answers.
	ToolCallID string

	// Name is who speaks, for templates that tell: of a "tool" message, the tool.
	Name string
}

// A ToolCall is a tool's use by the assistant.
type ToolCall struct {
	ID        string          // ties the result to the call; "" for templates that need none
	Name      string          // of the tool
	Arguments json.RawMessage // a JSON object; empty means {}
}

// A Tool is a function that the assistant may call, as OpenAI's API describes one.
type Tool struct {
	Name        string
	Description string
	Parameters  json.RawMessage // JSON Schema of the arguments, an object; empty means no arguments
}

// ChatOptions says how a conversation is rendered. The zero value makes the prompt for the assistant's answer.
type ChatOptions struct {
	// Tools that the assistant may call. A template without a place for them is [ErrTools].
	Tools []Tool

	// Thinking lets the templates of reasoning models ask for a chain of thought. By default they are told not
	// to (enable_thinking = false), since the thoughts count as answer tokens.
	Thinking bool

	// NoGenerationPrompt ends the result with the last message. By default it ends where the assistant's
	// answer begins.
	NoGenerationPrompt bool
}

// ApplyChatTemplate renders messages with the model's own template, by llama.cpp's Jinja engine.
//
// A system message goes into the next message if the template has no place for one. Templates that look
// at the date see 1 January 2025, so that the same messages always give the same text. An error of the
// template, for instance over roles that do not alternate, is returned. Arguments of tool calls are given as the
// template wants them, as an object or as text; numbers in them and in the tools' schemas keep their digits.
//
// The text does not tell a special token of the template from one that somebody wrote into a message.
// To generate, use [Model.TokenizeChat].
func (m *Model) ApplyChatTemplate(messages []Message, o ChatOptions) (string, error) {
	release, err := m.use()
	if err != nil {
		return "", err
	}
	defer release()
	c, err := m.newChat(messages, o, nil)
	if err != nil {
		return "", err
	}
	parts, err := c.render(len(messages), !o.NoGenerationPrompt)
	if err != nil {
		return "", err
	}
	return joinParts(parts), nil
}

// TokenizeChat renders messages with the model's own template, as [Model.ApplyChatTemplate] does, into
// tokens that a Context can go on from. Special tokens are read in the template's own text only: the
// contents of messages, tool calls, results and definitions stay text, so that a document that contains
// "<|im_end|>" cannot end its turn. If the model wants a BOS token, the result begins with exactly one.
func (m *Model) TokenizeChat(messages []Message, o ChatOptions) ([]Token, error) {
	release, err := m.use()
	if err != nil {
		return nil, err
	}
	defer release()
	c, err := m.newChat(messages, o, m.vocab.special)
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
		if len(parts) > 0 && !parts[0].said {
			parts = slices.Clone(parts)
			parts[0].text = strings.TrimPrefix(parts[0].text, c.m.vocab.piece(bos))
		}
	}
	// Text between special tokens is tokenized in one go, wherever it comes from: words must not be torn
	// apart where a template's text meets a message's.
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
