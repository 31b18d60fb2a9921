//go:build cgo

package llama

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A Conversation is tokens of which some are the assistant's to write, as training needs them.
type Conversation struct {
	Tokens []Token
	Turns  []Turn // of the assistant, in order; at least one
}

// A Turn is what the assistant writes at one go: Tokens[From:To] of its Conversation, the token that ends the turn
// included. Everything before From is the prompt that [Model.TokenizeChat] gives for it, token by token.
type Turn struct {
	Message  int // index in the messages
	From, To int
}

// TokenizeTurn renders messages that end with the assistant's, and returns the tokens of the prompt for that
// message, which are those of [Model.TokenizeChat] for the messages before it, and the tokens with which the
// assistant answers: its text and tool calls, as the template writes them, and the token that ends its turn. What the
// template puts behind that token is left out, since it is not the model's to say. Where the template ends turns
// with no token of their own, the answer ends with EOS.
//
// The prompt is what the template renders before the message with the generation prompt, and the answer what
// it adds with the message. Two kinds of templates are split although the whole does not begin with the prompt: those
// that render what comes before in another way once there is an answer, and those that put an empty chain of thought
// into prompts alone, to keep the model from thinking. Where it cannot be told what the model is to write, as where
// a template opens a chain of thought for it and leaves it out of the message, the error wraps [ErrTemplateSplit].
// o.NoGenerationPrompt has no effect.
func (m *Model) TokenizeTurn(messages []Message, o ChatOptions) (prompt, answer []Token, err error) {
	if len(messages) == 0 || messages[len(messages)-1].Role != "assistant" {
		return nil, nil, errors.New("llama: the last message must be the assistant's")
	}
	release, err := m.use()
	if err != nil {
		return nil, nil, err
	}
	defer release()
	c, err := m.newChat(messages, o, m.vocab.special)
	if err != nil {
		return nil, nil, err
	}
	return c.turn(len(messages))
}

// TokenizeTurns renders a conversation and tells which tokens the assistant wrote, in each of its turns. It returns
// a single Conversation unless the template renders earlier turns in another way than the last, as those of
// reasoning models do that leave out earlier chains of thought. Then a turn whose prompt does not go on from the
// turn before begins a new Conversation, so that each is learnt after the very tokens that the model sees before
// it in use; every turn of the assistant is in exactly one of them. For errors see [Model.TokenizeTurn].
func (m *Model) TokenizeTurns(messages []Message, o ChatOptions) ([]Conversation, error) {
	release, err := m.use()
	if err != nil {
		return nil, err
	}
	defer release()
	c, err := m.newChat(messages, o, m.vocab.special)
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
		return nil, errors.New("llama: no message is the assistant's")
	}
	return list, nil
}

// turn splits the first n messages into the prompt for the last of them, and that one.
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
	if end := slices.IndexFunc(answer, c.m.IsEndOfGeneration); end >= 0 {
		return prompt, answer[:end+1], nil
	}
	if c.m.EOS() == NoToken {
		return nil, nil, fmt.Errorf("%w: nothing ends the answer", ErrTemplateSplit)
	}
	return prompt, append(slices.Clone(answer), c.m.EOS()), nil
}

// rest is what the whole, of n messages, adds to the prompt for the last of them.
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
	return nil, fmt.Errorf("%w: where the prompt goes on with %.40q, the conversation with the answer has %.40q",
		ErrTemplateSplit, prompt[same:], text[same:])
}

// head is the length of the part of the text, of n messages, that does not depend on content and calls of the last of
// them. The answer begins there or before.
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

// lastMessage is where the last of n messages begins in the prompt, or -1. From there on it may be found again in
// a rendering with the answer, even if what comes before is rendered in another way once there is one: Mistral's
// templates put the system message into the last message if that is the user's.
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

// deniesThoughts tells whether what the prompt for the answer to n messages has from byte i on is there to keep
// the model from thinking, as an empty chain of thought is that some templates put into prompts alone. It belongs to
// the generation prompt then, and is another or not there when the model may think. A template that opens a chain of
// thought whatever it is told does not pass.
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

// common is the length of the longest common prefix.
func common(a, b string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// continuation tokenizes an answer apart from its prompt. It is for texts whose tokens would go across the border, such
// as a blank that ends the prompt: in use the prompt's tokens are there before the answer's.
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
		if i == 0 { // some vocabularies put a space before a text
			if len(more) > 1 && c.m.vocab.piece(more[0]) == " " && !strings.HasPrefix(text, " ") {
				more = more[1:]
			}
			if strings.HasPrefix(c.m.vocab.piece(more[0]), " ") != strings.HasPrefix(text, " ") {
				return nil, fmt.Errorf("%w: the vocabulary cannot begin %.20q where the prompt ends", ErrTemplateSplit, text)
			}
		}
		tokens = append(tokens, more...)
	}
	return tokens, nil
}

// cut drops the first n bytes.
func cut(parts []part, n int) []part {
	for i, p := range parts {
		if n < len(p.text) {
			return append([]part{{p.text[n:], p.said}}, parts[i+1:]...)
		}
		n -= len(p.text)
	}
	return nil
}

func startsWith(tokens, prefix []Token) bool {
	return len(tokens) >= len(prefix) && slices.Equal(tokens[:len(prefix)], prefix)
}
