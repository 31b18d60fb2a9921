//go:build cgo

package llama

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Conversation is a tokenized conversation with the turns of the assistant, as training needs it.
type Conversation struct {
	Tokens []Token
	Turns  []Turn // of the assistant, in order; at least one
}

// Turn is what the assistant writes in one turn: Tokens[From:To] of its Conversation, including the token that ends the turn.
// Tokens[:From] is exactly the prompt that [Model.TokenizeChat] returns for it.
type Turn struct {
	Message  int // index in the messages
	From, To int // range in Tokens
}

// TokenizeTurn tokenizes messages of which the last is the assistant's. The prompt is what [Model.TokenizeChat] returns for the
// messages before it. The answer is what the assistant writes: its text and tool calls in the form of the template, and the
// token that ends its turn. What the template has after that token is left out, as the model does not write it. If the
// template does not end turns with a token, the answer ends with EOS.
//
// The answer is found as what the template renders after the prompt. Templates of two kinds are supported although their
// rendering does not begin with the prompt: those that render earlier messages differently once there is an answer, and those
// whose prompt has an empty chain of thought, to keep the model from thinking. If the answer cannot be found, for instance
// because the prompt opens a chain of thought that the message does not have, or if the template leaves out a part of what the
// user or the assistant says, the error wraps [ErrTemplateSplit]. o.NoGenerationPrompt has no effect.
func (m *Model) TokenizeTurn(messages []Message, o ChatOptions) (prompt, answer []Token, err error) {
	if len(messages) == 0 || messages[len(messages)-1].Role != "assistant" {
		return nil, nil, errors.New("llama: the last message must be the assistant's")
	}
	release, err := m.use()
	if err != nil {
		return nil, nil, err
	}
	defer release()
	c, err := m.newChat(messages, o)
	if err != nil {
		return nil, nil, err
	}
	return c.turn(len(messages))
}

// TokenizeTurns tokenizes a conversation and finds the turns of the assistant in it. It returns one Conversation, unless the
// template renders earlier turns differently from the last one, as those of reasoning models do that leave out earlier chains
// of thought. Then a turn whose prompt does not continue the turn before starts another Conversation, so that each turn is
// trained after exactly the tokens that the model sees before it in use. Every turn is in exactly one Conversation. The errors
// are those of [Model.TokenizeTurn].
func (m *Model) TokenizeTurns(messages []Message, o ChatOptions) ([]Conversation, error) {
	release, err := m.use()
	if err != nil {
		return nil, err
	}
	defer release()
	c, err := m.newChat(messages, o)
	if err != nil {
		return nil, err
	}
	var list []Conversation
	for i, message := range messages {
		if message.Role != "assistant" {
			continue
		}
		prompt, answer, err := c.turn(i + 1)
		if err != nil {
			return nil, fmt.Errorf("message %d: %w", i+1, err)
		}
		if n := len(list); n == 0 || !startsWith(prompt, list[n-1].Tokens) {
			list = append(list, Conversation{})
		}
		last := &list[len(list)-1]
		last.Tokens = slices.Concat(prompt, answer)
		last.Turns = append(last.Turns, Turn{Message: i, From: len(prompt), To: len(last.Tokens)})
	}
	if len(list) == 0 {
		return nil, errors.New("llama: there is no message of the assistant")
	}
	return list, nil
}

// turn splits the first n messages into the prompt for the last one, and the answer.
func (c *chat) turn(n int) (prompt, answer []Token, err error) {
	before, err := c.render(n-1, true)
	if err != nil {
		return nil, nil, err
	}
	whole, err := c.render(n, false)
	if err != nil {
		return nil, nil, err
	}
	if prompt, err = c.tokens(before); err != nil {
		return nil, nil, err
	}
	if answer, err = c.tokens(whole); err != nil {
		return nil, nil, err
	}
	if startsWith(answer, prompt) {
		answer = answer[len(prompt):]
	} else if rest, err := c.rest(n, before, whole); err != nil {
		return nil, nil, err
	} else if answer, err = c.continuation(rest); err != nil {
		return nil, nil, err
	}
	if len(answer) == 0 {
		return nil, nil, fmt.Errorf("%w: the message adds nothing to the prompt", ErrTemplateSplit)
	}
	if err := c.keepsContents(n, joinParts(before), joinParts(whole)); err != nil {
		return nil, nil, err
	}
	if end := slices.IndexFunc(answer, c.m.IsEndOfGeneration); end >= 0 {
		return prompt, answer[:end+1], nil
	}
	if c.m.EOS() == NoToken {
		return nil, nil, fmt.Errorf("%w: there is no token that ends the answer", ErrTemplateSplit)
	}
	return prompt, append(slices.Clone(answer), c.m.EOS()), nil
}

// keepsContents returns an error if the rendering of n messages, whole, lacks a part of what the user or the assistant says. The
// text of the last one must come after the prompt. White space does not count, as templates trim it.
func (c *chat) keepsContents(n int, prompt, whole string) error {
	bare := func(s string) string { return strings.Join(strings.Fields(s), "") }
	answer := bare(strings.TrimPrefix(whole, prompt))
	for i, message := range c.messages[:n] {
		text := answer
		if i < n-1 {
			text = bare(whole)
		}
		said := message.Role == "user" || message.Role == "assistant"
		if said && !strings.Contains(text, bare(c.marks.breakUp(message.Content))) {
			return fmt.Errorf("%w: it leaves out a part of message %d, %.60q", ErrTemplateSplit, i+1, message.Content)
		}
	}
	return nil
}

// rest returns what the rendering of n messages, whole, adds to the prompt for the last one, before.
func (c *chat) rest(n int, before, whole []part) ([]part, error) {
	prompt, text := joinParts(before), joinParts(whole)
	same := common(prompt, text)
	if same == len(prompt) {
		return cut(whole, same), nil
	}
	head, err := c.head(n, text)
	if err != nil {
		return nil, err
	}
	if i := c.lastMessage(n-1, prompt); i >= 0 {
		if k := strings.LastIndex(text[:head], prompt[i:]); k >= 0 {
			return cut(whole, k+len(prompt)-i), nil
		}
	}
	if head <= same {
		if ok, err := c.deniesThoughts(n-1, prompt, head); err != nil {
			return nil, err
		} else if ok {
			return cut(whole, head), nil
		}
	}
	return nil, fmt.Errorf("%w: where the prompt continues with %.40q, the conversation with the answer has %.40q",
		ErrTemplateSplit, prompt[same:], text[same:])
}

// head returns the length of the beginning of text, the rendering of n messages, that does not depend on the content and calls
// of the last one. The answer starts there or before.
func (c *chat) head(n int, text string) (int, error) {
	other := *c
	other.messages, other.calls = slices.Clone(c.messages[:n]), slices.Clone(c.calls[:n])
	content := "X"
	if strings.HasPrefix(strings.TrimSpace(c.messages[n-1].Content), content) {
		content = "Y"
	}
	other.messages[n-1].Content, other.messages[n-1].ToolCalls, other.calls[n-1] = content, nil, nil
	parts, err := other.render(n, false)
	return common(text, joinParts(parts)), err
}

// lastMessage returns where the last of n messages starts in the prompt, or -1. The prompt from there on may be part of the
// rendering with the answer, even if what is before it changes with an answer: Mistral's templates put the system message into
// the last message if that is the user's.
func (c *chat) lastMessage(n int, prompt string) int {
	if n == 0 {
		return -1
	}
	content := strings.TrimSpace(c.marks.breakUp(c.messages[n-1].Content))
	if content == "" {
		return -1
	}
	return strings.LastIndex(prompt, content)
}

// deniesThoughts reports whether the part from byte i on of the prompt after n messages is there to keep the model from
// thinking, such as the empty chain of thought that some templates have in prompts alone. It then belongs to the generation
// prompt, and is missing or different if the model may think. A template that always opens a chain of thought does not count.
func (c *chat) deniesThoughts(n int, prompt string, i int) (bool, error) {
	if c.options.Thinking {
		return false, nil
	}
	parts, err := c.render(n, false)
	if err != nil {
		return false, err
	}
	if history := joinParts(parts); len(history) > i || !strings.HasPrefix(prompt, history) {
		return false, nil
	}
	thinking := *c
	thinking.options.Thinking = true
	parts, err = thinking.render(n, true)
	return err == nil && !strings.HasSuffix(joinParts(parts), prompt[i:]), err
}

// common returns the length of the longest common prefix.
func common(a, b string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// continuation tokenizes an answer separately from its prompt. It is for texts in which a token would span the border, for
// instance after a space at the end of the prompt: in use, the tokens of the prompt come first.
func (c *chat) continuation(rest []part) ([]Token, error) {
	var tokens []Token
	for i, run := range c.m.vocab.split(rest) {
		if run.special {
			tokens = append(tokens, run.token)
			continue
		}
		text := c.marks.unbreak(run.text)
		more, err := c.m.tokenize(text, TokenizeOptions{})
		if err != nil {
			return nil, err
		}
		if i == 0 { // some vocabularies add a space before a text
			if len(more) > 1 && c.m.vocab.piece(more[0]) == " " && !strings.HasPrefix(text, " ") {
				more = more[1:]
			}
			if strings.HasPrefix(c.m.vocab.piece(more[0]), " ") != strings.HasPrefix(text, " ") {
				return nil, fmt.Errorf("%w: the vocabulary has no token to start %.20q after the prompt", ErrTemplateSplit, text)
			}
		}
		tokens = append(tokens, more...)
	}
	return tokens, nil
}

// cut returns the parts without their first n bytes.
func cut(parts []part, n int) []part {
	for i, p := range parts {
		if n < len(p.text) {
			return append([]part{{p.text[n:], p.untrusted}}, parts[i+1:]...)
		}
		n -= len(p.text)
	}
	return nil
}

func startsWith(tokens, prefix []Token) bool {
	return len(tokens) >= len(prefix) && slices.Equal(tokens[:len(prefix)], prefix)
}
