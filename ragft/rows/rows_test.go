package rows

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/jsonl"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

func TestReadRowsNamesTheLine(t *testing.T) {
	const good = `{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}` + "\n"
	rows, err := Read(strings.NewReader(good + good))
	require.NoError(t, err)
	require.Len(t, rows, 2)
	require.Equal(t, "b", rows[0].Response())
	for text, want := range map[string]string{
		good + "{":    "line 2: unexpected end",
		good + "\n{}": `line 3: "messages" needs a prompt and a response`,
		`{"messages":[{"role":"assistant","content":"b"}]}`: `line 1: "messages" needs`,
		`{"messages":[{"role":"user","content":"a"},{"role":"user","content":"b"}]}`: `line 1: the last message has the role ` +
			`"user"`,
		`{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":""}]}`:              "line 1: the response is empty",
		`{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}],"chunks":{}}`: "line 1",
		`{"id":"q7","kind":"text"}`:                 `line 1: row q7: "text" is empty`,
		`{"text":"a","messages":[{"role":"user"}]}`: `line 1: a row has "text" or "messages", not both`,
		`{"text":"a","weight":-1}`:                  "line 1: the weight is -1",
		pair(`"rejected":["b"]`):                    "line 1: rejected response 1 is the row's own",
		pair(`"rejected":[{"role":"user"}]`):        `line 1: rejected response 1: the last message has the role "user"`,
		pair(`"rejected":""`):                       "line 1: rejected response 1: the response is empty",
		pair(`"tools":[{"name":"f"}]`):              `line 1: a tool needs "type": "function"`,
		pair(`"tools":[{"type":"function","function":{"name":"f","parameters":[]}}]`): `line 1: parameters of the tool "f": not a JSON object`,
		called(`{"type":"function","function":{"name":"f","arguments":"{"}}`):         `line 1: arguments of the call of "f": not a JSON object`,
		called(`{"type":"function","function":{"arguments":"{}"}}`):                   "line 1: a tool call without the name",
		called(`{"type":"custom"}`):                                        `line 1: a tool call of the type "custom"`,
		`{"messages":[{"role":"user","content":[{"type":"image_url"}]}]}`:  `line 1: content of the type "image_url"`,
		`{"messages":[{"role":"assistant","function_call":{"name":"f"}}]}`: `line 1: "function_call" is an old form`,
		`{"messages":[{"role":"assistant","content":"a","weight":0}]}`:     `line 1: a "weight" of a message`,
	} {
		_, err := Read(strings.NewReader(text))
		require.ErrorContains(t, err, want, text)
		var line *retriever.LineError
		require.True(t, errors.As(err, &line))
	}
}

// pair is a row with more in it.
func pair(more string) string {
	return `{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}],` + more + "}"
}

// called is a row whose response is a call.
func called(call string) string {
	return `{"messages":[{"role":"user","content":"a"},{"role":"assistant","tool_calls":[` + call + "]}]}"
}

// TestReadOpenAIRows reads the example of OpenAI's guide to fine-tuning with tools, a preference and a text.
func TestReadOpenAIRows(t *testing.T) {
	rows, err := Read(strings.NewReader(`{"messages":[{"role":"user","content":"What is the weather in San Francisco?"},` +
		`{"role":"assistant","tool_calls":[{"id":"call_id","type":"function","function":{"name":"get_current_weather","arguments":"{` +
		`\"location\": \"San Francisco, USA\", \"format\": \"celsius\"}"}}]},` +
		`{"role":"tool","tool_call_id":"call_id","content":"21.0"},{"role":"assistant","content":"It is 21 ` +
		`degrees."}],"parallel_tool_calls":false,` +
		`"tools":[{"type":"function","function":{"name":"get_current_weather","description":"Get the current ` +
		`weather","parameters":{"type":"object","properties":{"location":{"type":"string"}}}}}]}` + "\n" +
		pair(`"rejected":["c",{"role":"assistant","content":[{"type":"text","text":"d"},{"type":"text","text":"e"}]}],"weight":2,`+
			`"source":"s"`) + "\n" +
		pair(`"rejected":{"role":"assistant","content":"f","reasoning_content":"hm"}`) + "\n" + `{"text":"plain"}`))
	require.NoError(t, err)
	require.Equal(t, []model.Message{
		{Role: model.RoleUser, Content: "What is the weather in San Francisco?"},
		{Role: model.RoleAssistant, ToolCalls: []model.ToolCall{{ID: "call_id", Name: "get_current_weather",
			Arguments: json.RawMessage(`{"location": "San Francisco, USA", "format": "celsius"}`)}}},
		{Role: model.RoleTool, ToolCallID: "call_id", Content: "21.0"},
		{Role: model.RoleAssistant, Content: "It is 21 degrees."},
	}, rows[0].Messages)
	require.Equal(t, []model.Tool{{Name: "get_current_weather", Description: "Get the current weather",
		Parameters: json.RawMessage(`{"type":"object","properties":{"location":{"type":"string"}}}`)}}, rows[0].Tools)
	require.Equal(t, []model.Message{{Role: model.RoleAssistant, Content: "c"}, {Role: model.RoleAssistant, Content: "d\ne"}},
		rows[1].Rejected)
	require.Equal(t, 2.0, rows[1].Weight)
	require.Equal(t, "s", rows[1].Source)
	require.Equal(t, []model.Message{{Role: model.RoleAssistant, Content: "f", Thinking: "hm"}}, rows[2].Rejected)
	require.Equal(t, "plain", rows[3].Text)
	require.Empty(t, rows[3].Response())
	require.Empty(t, rows[3].Prompt())

	var written bytes.Buffer
	require.NoError(t, jsonl.Write(&written, rows))
	again, err := Read(&written)
	require.NoError(t, err)
	require.Equal(t, rows, again)
}

func FuzzReadRows(f *testing.F) {
	f.Add([]byte(`{"id":"q/answer","kind":"answer","messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}],` +
		`"candidates":[{"arm":"read","index":0,"text":"b","votes":{"yes":1,"no":0},"mean_logprob":-0.5}],"chunks":[{"id":"c","score":1.5}],` +
		`"provenance":{"rendered":{"read":"00"},"seed":18446744073709551615}}`))
	f.Add([]byte(`{"messages":[{"role":"user","content":[{"type":"text","text":"a"}]},{"role":"assistant","content":null,"tool_calls":` +
		`[{"id":"c","type":"function","function":{"name":"f","arguments":"{\"a\": 1}"}}]}],"tools":[{"type":"function","function":{"name":"f",` +
		`"parameters":{"type":"object"}}}],"rejected":["x",{"role":"assistant","content":"y"}],"weight":0.5,"source":"s"}`))
	f.Add([]byte(`{"text":"plain","kind":"text"}`))
	f.Add([]byte("{}\n"))
	f.Add([]byte(`{"messages":null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		rows, err := Read(bytes.NewReader(data))
		if err != nil {
			var line *retriever.LineError
			require.True(t, errors.As(err, &line), "%v", err)
			return
		}
		var first, second bytes.Buffer
		for _, row := range rows {
			require.NoError(t, row.Check())
			require.True(t, row.Text != "" || len(row.Prompt()) > 0)
		}
		require.NoError(t, jsonl.Write(&first, rows))
		again, err := Read(bytes.NewReader(first.Bytes()))
		require.NoError(t, err)
		require.NoError(t, jsonl.Write(&second, again))
		require.Equal(t, first.String(), second.String())
	})
}
