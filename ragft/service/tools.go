//go:build cgo

package service

import (
	"crypto/rand"
	"encoding/json"
	"slices"
	"strings"

	"github.com/ragft/ragft/llama"
)

// parseToolCalls finds the calls in what a model has written, in the formats of common families:
//
//	<tool_call>{"name": ..., "arguments": {...}}</tool_call>   Hermes, Qwen
//	[TOOL_CALLS][{"name": ..., "arguments": {...}}, ...]       Mistral
//	[TOOL_CALLS]name[ARGS]{...}                                later models of Mistral
//	{"name": ..., "parameters": {...}}                         Llama 3, the whole answer
//
// It returns the calls and the text before the first one. If anything is invalid, such as the name of a tool, there are no
// calls, and the whole is text.
func parseToolCalls(said string, tools []llama.Tool) (content string, calls []chatToolCall) {
	var found []spokenCall
	ok := false
	if before, rest, is := strings.Cut(said, "<tool_call>"); is {
		content, found, ok = before, nil, true
		for is && ok {
			var one spokenCall
			if rest, ok = one.read(rest); ok {
				found = append(found, one)
				_, rest, is = strings.Cut(rest, "<tool_call>")
			}
		}
	} else if before, rest, is := strings.Cut(said, "[TOOL_CALLS]"); is {
		content = before
		found, ok = mistralCalls(rest)
	} else {
		text := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(said), "<|python_tag|>"))
		for ok = strings.HasPrefix(text, "{"); ok && text != ""; {
			var one spokenCall
			if text, ok = one.read(text); ok {
				found = append(found, one)
				text = strings.TrimLeft(strings.TrimSpace(text), "; \n")
			}
		}
	}
	for _, call := range found {
		known := slices.ContainsFunc(tools, func(t llama.Tool) bool { return t.Name == call.Name })
		if !known || !ok {
			return "", nil
		}
		calls = append(calls, call.wire())
	}
	return strings.TrimSpace(content), calls
}

// spokenCall is a call in the format of models.
type spokenCall struct {
	Name       string          `json:"name"`
	Arguments  json.RawMessage `json:"arguments"`
	Parameters json.RawMessage `json:"parameters"`
}

// read reads one call from the beginning of text.
func (c *spokenCall) read(text string) (rest string, ok bool) {
	d := json.NewDecoder(strings.NewReader(text))
	if d.Decode(c) != nil || c.Name == "" {
		return "", false
	}
	return text[d.InputOffset():], c.normalize()
}

// normalize makes Arguments an object, and reports whether it could.
func (c *spokenCall) normalize() bool {
	if c.Arguments == nil {
		c.Arguments = c.Parameters
	}
	if c.Arguments == nil {
		c.Arguments = json.RawMessage("{}")
	}
	var quoted string // some models write the object as a string
	if json.Unmarshal(c.Arguments, &quoted) == nil {
		c.Arguments = json.RawMessage(quoted)
	}
	var object map[string]json.RawMessage
	return json.Unmarshal(c.Arguments, &object) == nil && object != nil
}

func mistralCalls(text string) (calls []spokenCall, ok bool) {
	if strings.HasPrefix(strings.TrimSpace(text), "[") {
		if json.NewDecoder(strings.NewReader(text)).Decode(&calls) != nil {
			return nil, false
		}
		for i := range calls {
			if !calls[i].normalize() {
				return nil, false
			}
		}
		return calls, len(calls) > 0
	}
	for one := range strings.SplitSeq(text, "[TOOL_CALLS]") {
		name, arguments, is := strings.Cut(one, "[ARGS]")
		call := spokenCall{Name: strings.TrimSpace(name), Arguments: json.RawMessage(strings.TrimSpace(arguments))}
		if !is || !call.normalize() {
			return nil, false
		}
		calls = append(calls, call)
	}
	return calls, true
}

func (c *spokenCall) wire() chatToolCall {
	out := chatToolCall{ID: "call_" + rand.Text(), Type: "function"}
	out.Function.Name, out.Function.Arguments = c.Name, string(c.Arguments)
	return out
}
