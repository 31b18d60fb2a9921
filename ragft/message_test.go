package ragft

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestOllamaMessage compares with what Ollama's API documents for a call and its result.
func TestOllamaMessage(t *testing.T) {
	for want, m := range map[string]Message{
		`{"role":"assistant","content":"","thinking":"hm","tool_calls":[{"id":"c1","function":{"index":0,"name":"hours","arguments":{"z":1,"a":"inn"}}}]}`: {
			Role: RoleAssistant, Thinking: "hm", ToolCalls: []ToolCall{{ID: "c1", Name: "hours", Arguments: json.RawMessage(`{"z": 1, "a": "inn"}`)}}},
		`{"role":"tool","content":"until nine","tool_name":"hours","tool_call_id":"c1"}`: {
			Role: RoleTool, Content: "until nine", Name: "hours", ToolCallID: "c1"},
	} {
		got, err := ollamaMessage(m)
		require.NoError(t, err)
		text, err := json.Marshal(got)
		require.NoError(t, err)
		require.Equal(t, want, string(text))
	}
	_, err := ollamaMessage(Message{ToolCalls: []ToolCall{{Name: "f", Arguments: json.RawMessage("{")}}})
	require.ErrorContains(t, err, `arguments of the call of "f"`)
}

// TestHashMessages keeps the hashes of messages without tools as they always were, and tells all others apart.
func TestHashMessages(t *testing.T) {
	require.Equal(t, "1c3ca707dc63d34e91c5aa214d32f192b512f114c91dcb8526bb1c1e15cb3ebd", hashMessages([]Message{{Role: "user", Content: "a"}}))
	seen := map[string]bool{}
	for _, m := range []Message{{}, {Role: "x"}, {Content: "x"}, {Thinking: "x"}, {Name: "x"}, {ToolCallID: "x"},
		{ToolCalls: []ToolCall{{Name: "x"}}}, {ToolCalls: []ToolCall{{ID: "x"}}}, {ToolCalls: []ToolCall{{Arguments: json.RawMessage("x")}}}} {
		seen[hashMessages([]Message{m})] = true
	}
	require.Len(t, seen, 9)
}
