//go:build cgo

package llamachat

import (
	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/ragft/model"
)

func Messages(messages []model.Message) []llama.Message {
	out := make([]llama.Message, len(messages))
	for i, m := range messages {
		out[i] = llama.Message{Role: m.Role, Content: m.Content, Thinking: m.Thinking, ToolCallID: m.ToolCallID, Name: m.Name}
		for _, call := range m.ToolCalls {
			out[i].ToolCalls = append(out[i].ToolCalls, llama.ToolCall(call))
		}
	}
	return out
}

func Tools(tools []model.Tool) []llama.Tool {
	var out []llama.Tool
	for _, tool := range tools {
		out = append(out, llama.Tool(tool))
	}
	return out
}
