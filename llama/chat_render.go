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

// chat renders one conversation with the model's template. The model must stay open while it is used.
type chat struct {
	m        *Model
	options  ChatOptions
	messages []Message
	calls    [][]any // for each message, the arguments of its calls
	tools    []any
	marks    marks
}

// newChat parses the JSON in the conversation, and returns an error if the template does not support its tools.
func (m *Model) newChat(messages []Message, o ChatOptions) (*chat, error) {
	if err := m.parseTemplate(); err != nil {
		return nil, err
	}
	c := &chat{m: m, options: o, messages: messages, calls: make([][]any, len(messages))}
	if len(o.Tools) > 0 && !m.takes(C.RAGFT_CHAT_TOOLS) {
		return nil, fmt.Errorf("%w: it does not render definitions", ErrTools)
	}
	for i, tool := range o.Tools {
		value, err := toolValue(tool)
		if err != nil {
			return nil, &ToolError{Tool: i, Name: tool.Name, Err: err}
		}
		c.tools = append(c.tools, value)
	}
	for i, message := range messages {
		switch n := len(message.ToolCalls); {
		case n > 0 && !m.takes(C.RAGFT_CHAT_CALLS):
			return nil, fmt.Errorf("%w: message %d has a call", ErrTools, i+1)
		case n > 1 && !m.takes(C.RAGFT_CHAT_PARALLEL):
			return nil, fmt.Errorf("%w: message %d has %d calls, and it can render one", ErrTools, i+1, n)
		}
		for _, call := range message.ToolCalls {
			value, err := m.argumentsValue(call)
			if err != nil {
				return nil, fmt.Errorf("llama: message %d: %w", i+1, err)
			}
			c.calls[i] = append(c.calls[i], value)
		}
	}
	return c, c.marks.choose(c, m.chatNames)
}

// takes reports whether the template supports a feature, one of RAGFT_CHAT_*.
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
		return nil, fmt.Errorf("llama: the messages have %d bytes, which is too long", len(data))
	}
	var size C.size_t
	var cerr C.ragft_error
	blob := C.ragft_chat_render(c.m.chat, (*C.char)(unsafe.Pointer(&data[0])), C.size_t(len(data)), &size, &cerr)
	if blob == nil {
		return nil, fmt.Errorf("llama: chat template: %w", failure(&cerr))
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
		parts = append(parts, part{text: string(b[5 : 5+n]), untrusted: b[0] == 1})
		b = b[5+n:]
	}
	return parts
}

// messageValues returns the first n messages in the form that templates expect, which is that of OpenAI's API.
func (c *chat) messageValues(n int) []any {
	messages := slices.Clone(c.messages[:n])
	calls := c.calls[:n]
	if !c.m.takes(C.RAGFT_CHAT_SYSTEM) && n > 1 && messages[0].Role == "system" {
		// The template would ignore or reject a system message: its text is put before the next message.
		messages[1].Content = messages[0].Content + "\n" + messages[1].Content
		messages, calls = messages[1:], calls[1:]
	}
	values := make([]any, len(messages))
	for i, message := range messages {
		value := object{{"role", role(message.Role)}, {"content", untrusted(message.Content)}}
		if c.m.takes(C.RAGFT_CHAT_TYPED) {
			value[1].value = []any{object{{"type", constant("text")}, {"text", untrusted(message.Content)}}}
		}
		if message.Thinking != "" {
			value = append(value, pair{"reasoning_content", untrusted(message.Thinking)})
		}
		if len(message.ToolCalls) > 0 {
			value = append(value, pair{"tool_calls", callValues(message.ToolCalls, calls[i])})
		}
		if message.ToolCallID != "" {
			value = append(value, pair{"tool_call_id", untrusted(message.ToolCallID)})
		}
		if message.Name != "" {
			value = append(value, pair{"name", untrusted(message.Name)})
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
			{"function", object{{"name", untrusted(call.Name)}, {"arguments", arguments[i]}}},
		}
		if call.ID != "" {
			value = append(value, pair{"id", untrusted(call.ID)})
		}
		values[i] = value
	}
	return values
}

// argumentsValue returns a call's arguments as the template expects them: as an object, or as JSON text.
func (m *Model) argumentsValue(call ToolCall) (any, error) {
	value, err := jsonObject(call.Arguments)
	if err != nil {
		return nil, fmt.Errorf("arguments of the call of %q: %w", call.Name, err)
	}
	if m.takes(C.RAGFT_CHAT_OBJECT_ARGUMENTS) {
		return value, nil
	}
	if len(call.Arguments) == 0 {
		return untrusted("{}"), nil
	}
	return untrusted(call.Arguments), nil
}

func toolValue(tool Tool) (any, error) {
	parameters, err := jsonObject(tool.Parameters)
	if err != nil {
		return nil, err
	}
	if len(parameters) == 0 {
		parameters = object{{"type", constant("object")}, {"properties", object{}}}
	}
	function := object{{"name", untrusted(tool.Name)}, {"description", untrusted(tool.Description)}, {"parameters", parameters}}
	return object{{"type", constant("function")}, {"function", function}}, nil
}

// parseTemplate parses the template on its first call. What the system refused, such as memory, is asked for again on the next.
func (m *Model) parseTemplate() error {
	m.chatMu.Lock()
	defer m.chatMu.Unlock()
	if m.chatParsed {
		return m.chatErr
	}
	var cerr C.ragft_error
	code := C.ragft_chat_parse(chars(m.template), C.size_t(len(m.template)), &m.chat, &m.chatCaps, &cerr)
	switch {
	case code != C.RAGFT_OK && cerr.code != 0:
		return fmt.Errorf("llama: the chat template cannot be read: %w", failure(&cerr))
	case code != C.RAGFT_OK:
		m.chatErr = fmt.Errorf("llama: the model's chat template is invalid: %w", failure(&cerr))
	}
	m.chatParsed = true
	marks := templateMarks(m.template)
	if m.plain {
		marks = nil // it looks for "<response>" in messages on purpose, and cuts nothing
	}
	m.chatNames = m.vocab.special.with(marks)
	return m.chatErr
}

func (m *Model) freeTemplate() {
	C.ragft_chat_free(m.chat)
	m.chat = nil
}
