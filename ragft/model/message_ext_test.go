package model_test

import (
	"encoding/json"
	"testing"

	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/ragft/model"
	"github.com/stretchr/testify/require"
)

// TestHashMessages keeps the hashes of messages without tools as they always were, and tells all others apart.
func TestHashMessages(t *testing.T) {
	require.Equal(t, "1c3ca707dc63d34e91c5aa214d32f192b512f114c91dcb8526bb1c1e15cb3ebd",
		layout.Hash([]model.Message{{Role: "user", Content: "a"}}))
	seen := map[string]bool{}
	for _, m := range []model.Message{{}, {Role: "x"}, {Content: "x"}, {Thinking: "x"}, {Name: "x"}, {ToolCallID: "x"},
		{ToolCalls: []model.ToolCall{{Name: "x"}}}, {ToolCalls: []model.ToolCall{{ID: "x"}}},
		{ToolCalls: []model.ToolCall{{Arguments: json.RawMessage("x")}}}} {
		seen[layout.Hash([]model.Message{m})] = true
	}
	require.Len(t, seen, 9)
}

// OpenAI's servers read arguments as JSON, which nothing at all is not.
func TestCallWithoutArguments(t *testing.T) {
	data, err := json.Marshal(model.ToolCall{Name: "now"})
	require.NoError(t, err)
	require.JSONEq(t, `{"type":"function","function":{"name":"now","arguments":"{}"}}`, string(data))
	var call model.ToolCall
	require.NoError(t, json.Unmarshal(data, &call))
	require.JSONEq(t, "{}", string(call.Arguments))
}
