//go:build cgo

package llama

// #include "shim.h"
import "C"

import (
	"encoding/binary"
	"fmt"
	"slices"
	"unsafe"
)

// A chat is a conversation on its way through the model's template. The model is held open while it is used.
type chat struct {
	m        *Model
	options  ChatOptions
	messages []Message
	calls    [][]any // of each message, the arguments of its calls
	tools    []any
	marks    marks
}

// newChat reads what is JSON in the conversation and checks that the template has a place for all of it. The names of
// the special tokens given, if any, are kept from being read as the tokens.
func (m *Model) newChat(messages []Message, o ChatOptions, special specials) (*chat, error) {
	if m.template == "" {
		return nil, ErrNoChatTemplate
	}
	m.chatOnce.Do(m.parseTemplate)
	if m.chatErr != nil {
		return nil, m.chatErr
	}
	c := &chat{m: m, options: o, messages: messages, calls: make([][]any, len(messages))}
	if len(o.Tools) > 0 && !m.takes(C.RAGFT_CHAT_TOOLS) {
		return nil, fmt.Errorf("%w: it shows the model no definitions", ErrTools)
	}
	for _, tool := range o.Tools {
		value, err := toolValue(tool)
		if err != nil {
			return nil, err
		}
		c.tools = append(c.tools, value)
	}
	for i, message := range messages {
		switch n := len(message.ToolCalls); {
		case n > 0 && !m.takes(C.RAGFT_CHAT_CALLS):
			return nil, fmt.Errorf("%w: message %d calls one", ErrTools, i+1)
		case n > 1 && !m.takes(C.RAGFT_CHAT_PARALLEL):
			return nil, fmt.Errorf("%w: message %d calls %d at once, and it has a place for one", ErrTools, i+1, n)
		}
		for _, call := range message.ToolCalls {
			value, err := m.argumentsValue(call)
			if err != nil {
				return nil, fmt.Errorf("llama: message %d: %w", i+1, err)
			}
			c.calls[i] = append(c.calls[i], value)
		}
	}
	return c, c.marks.choose(c, special)
}

// takes tells whether the template can take what flag, one of RAGFT_CHAT_*, stands for.
func (m *Model) takes(flag C.uint32_t) bool { return m.chatCaps&flag != 0 }

// render runs the model's template over the first n messages.
func (c *chat) render(n int, generationPrompt bool) ([]part, error) {
	variables := object{
		{"messages", c.messageValues(n)},
		{"bos_token", constant(c.m.vocab.piece(c.m.BOS()))},
		{"eos_token", constant(c.m.vocab.piece(c.m.EOS()))},
		{"add_generation_prompt", generationPrompt},
		{"enable_thinking", c.options.Thinking},
	}
	if len(c.tools) > 0 {
		variables = append(variables, pair{"tools", c.tools})
	}
	data := c.marks.encode(nil, variables)
	if len(data) > 1<<30 {
		return nil, fmt.Errorf("llama: messages of %d bytes are too long", len(data))
	}
	var size C.size_t
	var cerr C.ragft_error
	blob := C.ragft_chat_render(c.m.chat, (*C.char)(unsafe.Pointer(&data[0])), C.size_t(len(data)), &size, &cerr)
	if blob == nil {
		return nil, fmt.Errorf("llama: chat template: %s", errorText(&cerr))
	}
	defer C.ragft_free(unsafe.Pointer(blob))
	parts := readParts(unsafe.Slice((*byte)(unsafe.Pointer(blob)), int(size)))
	for i := range parts {
		parts[i].text = c.marks.unquote(parts[i].text)
	}
	return parts, nil
}

func readParts(b []byte) []part {
	var parts []part
	for len(b) > 0 {
		n := binary.NativeEndian.Uint32(b[1:])
		parts = append(parts, part{text: string(b[5 : 5+n]), said: b[0] == 1})
		b = b[5+n:]
	}
	return parts
}

// messageValues gives the first n messages the form that templates expect, OpenAI's.
func (c *chat) messageValues(n int) []any {
	messages := slices.Clone(c.messages[:n])
	calls := c.calls[:n]
	if !c.m.takes(C.RAGFT_CHAT_SYSTEM) && n > 1 && messages[0].Role == "system" {
		// The template would ignore the system message, or refuse it: its text leads the next one.
		messages[1].Content = messages[0].Content + "\n" + messages[1].Content
		messages, calls = messages[1:], calls[1:]
	}
	values := make([]any, len(messages))
	for i, message := range messages {
		value := object{{"role", role(message.Role)}, {"content", said(message.Content)}}
		if c.m.takes(C.RAGFT_CHAT_TYPED) {
			value[1].value = []any{object{{"type", constant("text")}, {"text", said(message.Content)}}}
		}
		if message.Thinking != "" {
			value = append(value, pair{"reasoning_content", said(message.Thinking)})
		}
		if len(message.ToolCalls) > 0 {
			value = append(value, pair{"tool_calls", callValues(message.ToolCalls, calls[i])})
		}
		if message.ToolCallID != "" {
			value = append(value, pair{"tool_call_id", said(message.ToolCallID)})
		}
		if message.Name != "" {
			value = append(value, pair{"name", said(message.Name)})
		}
		values[i] = value
	}
	return values
}

func callValues(calls []ToolCall, arguments []any) []any {
	values := make([]any, len(calls))
	for i, call := range calls {
		value := object{
			{"type", constant("function")},
			{"function", object{{"name", said(call.Name)}, {"arguments", arguments[i]}}},
		}
		if call.ID != "" {
			value = append(value, pair{"id", said(call.ID)})
		}
		values[i] = value
	}
	return values
}

// argumentsValue is what the template sees of a call's arguments: an object, or their JSON as text.
func (m *Model) argumentsValue(call ToolCall) (any, error) {
	value, err := jsonObject(call.Arguments)
	if err != nil {
		return nil, fmt.Errorf("arguments of the call of %q: %w", call.Name, err)
	}
	if m.takes(C.RAGFT_CHAT_OBJECT_ARGUMENTS) {
		return value, nil
	}
	if len(call.Arguments) == 0 {
		return said("{}"), nil
	}
	return said(call.Arguments), nil
}

func toolValue(tool Tool) (any, error) {
	parameters, err := jsonObject(tool.Parameters)
	if err != nil {
		return nil, fmt.Errorf("llama: parameters of the tool %q: %w", tool.Name, err)
	}
	if len(parameters) == 0 {
		parameters = object{{"type", constant("object")}, {"properties", object{}}}
	}
	function := object{{"name", said(tool.Name)}, {"description", said(tool.Description)}, {"parameters", parameters}}
	return object{{"type", constant("function")}, {"function", function}}, nil
}

func (m *Model) parseTemplate() {
	var cerr C.ragft_error
	code := C.ragft_chat_parse(chars(m.template), C.size_t(len(m.template)), &m.chat, &m.chatCaps, &cerr)
	if code != C.RAGFT_OK {
		m.chatErr = fmt.Errorf("llama: the model's chat template cannot be read: %s", errorText(&cerr))
	}
}

func (m *Model) freeTemplate() {
	C.ragft_chat_free(m.chat)
	m.chat = nil
}
