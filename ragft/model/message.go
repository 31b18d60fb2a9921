package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Roles of a [Message], as chat templates know them.
const (
	RoleSystem    = "system"
	RoleUser      = "user"
	RoleAssistant = "assistant"
	RoleTool      = "tool" // what a tool gave back
)

// Message is one turn of a chat. Content is data: a Model must never read
// special tokens out of it.
//
// In JSON it has the form of OpenAI's chat and fine-tuning files, with
// "reasoning_content" for Thinking. When it is read, content may also be null or
// a list of parts of text. What OpenAI's files can say and this type cannot,
// images for instance, is an error.
type Message struct {
	Role    string `json:"role"`
	Content string `json:"content"`

	// Thinking is the chain of thought of an assistant's message, without the
	// tokens that enclose it, for templates that have a place for one.
	Thinking string `json:"reasoning_content,omitempty"`

	ToolCalls  []ToolCall `json:"tool_calls,omitempty"`   // made by the assistant at the end of the message
	ToolCallID string     `json:"tool_call_id,omitempty"` // of a tool's message: the call that it answers
	Name       string     `json:"name,omitempty"`         // who speaks; of a tool's message, the tool
}

// ToolCall is the use of a tool by the assistant. Its JSON is OpenAI's.
type ToolCall struct {
	ID        string
	Name      string
	Arguments json.RawMessage // an object; empty means {}
}

// Tool is a function that the assistant may call. Its JSON is OpenAI's.
type Tool struct {
	Name        string
	Description string
	Parameters  json.RawMessage // JSON Schema of the arguments, an object; empty means none
}

// UnmarshalJSON reads a message. See [Message] for what it accepts.
func (m *Message) UnmarshalJSON(data []byte) error {
	type plain Message
	read := struct {
		*plain
		Content      content         `json:"content"`
		FunctionCall json.RawMessage `json:"function_call"`
		Weight       *float64        `json:"weight"`
	}{plain: (*plain)(m)}
	if err := json.Unmarshal(data, &read); err != nil {
		return err
	}
	switch {
	case len(read.FunctionCall) > 0 && string(read.FunctionCall) != "null":
		return errors.New(`"function_call" is an old form: write it as "tool_calls"`)
	case read.Weight != nil && *read.Weight != 1:
		return errors.New(`a "weight" of a message is not supported: give the row one, or make a row of each turn to learn`)
	}
	m.Content = string(read.Content)
	return nil
}

// content is a message's text: a string, null, or a list of parts.
type content string

func (c *content) UnmarshalJSON(data []byte) error {
	if data[0] != '[' {
		return json.Unmarshal(data, (*string)(c)) // null leaves it empty
	}
	var parts []struct {
		Type string `json:"type"`
		Text string `json:"text"`
	}
	if err := json.Unmarshal(data, &parts); err != nil {
		return err
	}
	texts := make([]string, len(parts))
	for i, part := range parts {
		if part.Type != "text" {
			return fmt.Errorf("content of the type %q: only text can be used", part.Type)
		}
		texts[i] = part.Text
	}
	*c = content(strings.Join(texts, "\n"))
	return nil
}

// toolCallJSON is a [ToolCall] as OpenAI writes it.
type toolCallJSON struct {
	ID       string `json:"id,omitempty"`
	Type     string `json:"type"`
	Function struct {
		Name      string          `json:"name"`
		Arguments json.RawMessage `json:"arguments"`
	} `json:"function"`
}

// MarshalJSON writes the call with its arguments in a string, as OpenAI does.
func (c ToolCall) MarshalJSON() ([]byte, error) {
	out := toolCallJSON{ID: c.ID, Type: "function"}
	out.Function.Name = c.Name
	arguments := string(c.Arguments)
	if arguments == "" {
		arguments = "{}" // servers read it as JSON
	}
	var err error
	if out.Function.Arguments, err = json.Marshal(arguments); err != nil {
		return nil, err
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads a call whose arguments are an object or, as OpenAI's
// are, a string that holds one.
func (c *ToolCall) UnmarshalJSON(data []byte) error {
	var in toolCallJSON
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	if in.Type != "" && in.Type != "function" {
		return fmt.Errorf("a tool call of the type %q: only functions can be called", in.Type)
	}
	if in.Function.Name == "" {
		return errors.New("a tool call without the name of its function")
	}
	*c = ToolCall{ID: in.ID, Name: in.Function.Name, Arguments: in.Function.Arguments}
	if len(c.Arguments) > 0 && c.Arguments[0] == '"' {
		var text string
		if err := json.Unmarshal(c.Arguments, &text); err != nil {
			return err
		}
		c.Arguments = json.RawMessage(text)
	}
	if err := checkObject(c.Arguments); err != nil {
		return fmt.Errorf("arguments of the call of %q: %w", c.Name, err)
	}
	return nil
}

// toolJSON is a [Tool] as OpenAI writes it.
type toolJSON struct {
	Type     string `json:"type"`
	Function struct {
		Name        string          `json:"name"`
		Description string          `json:"description,omitempty"`
		Parameters  json.RawMessage `json:"parameters,omitempty"`
	} `json:"function"`
}

// MarshalJSON writes the tool as OpenAI does.
func (t Tool) MarshalJSON() ([]byte, error) {
	out := toolJSON{Type: "function"}
	out.Function.Name, out.Function.Description, out.Function.Parameters = t.Name, t.Description, t.Parameters
	return json.Marshal(out)
}

// UnmarshalJSON reads a tool in OpenAI's form.
func (t *Tool) UnmarshalJSON(data []byte) error {
	var in toolJSON
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	if in.Type != "function" || in.Function.Name == "" {
		return errors.New(`a tool needs "type": "function" and a function with a name`)
	}
	*t = Tool{Name: in.Function.Name, Description: in.Function.Description, Parameters: in.Function.Parameters}
	if err := checkObject(t.Parameters); err != nil {
		return fmt.Errorf("parameters of the tool %q: %w", t.Name, err)
	}
	return nil
}

// checkObject accepts a JSON object, and nothing at all.
func checkObject(data []byte) error {
	if len(data) == 0 {
		return nil
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(data, &object); err != nil {
		return fmt.Errorf("not a JSON object: %w", err)
	}
	return nil
}
