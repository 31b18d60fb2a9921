package ollama

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft/model"
)

// TestOllamaMessage compares with what Ollama's API documents for a call and its result.
func TestOllamaMessage(t *testing.T) {
	for want, m := range map[string]model.Message{
		`{"role":"assistant","content":"","thinking":"hm","tool_calls":[{"id":"c1",` +
			`"function":{"index":0,"name":"hours","arguments":{"z":1,"a":"inn"}}}]}`: {
			Role: model.RoleAssistant, Thinking: "hm",
			ToolCalls: []model.ToolCall{{ID: "c1", Name: "hours", Arguments: json.RawMessage(`{"z": 1, "a": "inn"}`)}},
		},
		`{"role":"tool","content":"until nine","tool_name":"hours","tool_call_id":"c1"}`: {
			Role: model.RoleTool, Content: "until nine", Name: "hours", ToolCallID: "c1"},
	} {
		got, err := ollamaMessage(m)
		require.NoError(t, err)
		text, err := json.Marshal(got)
		require.NoError(t, err)
		require.Equal(t, want, string(text))
	}
	_, err := ollamaMessage(model.Message{ToolCalls: []model.ToolCall{{Name: "f", Arguments: json.RawMessage("{")}}})
	require.ErrorContains(t, err, `arguments of the call of "f"`)
}
