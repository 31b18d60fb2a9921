//go:build cgo

package service

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/ragft/model/local"
)

// pieces returns the choices of a stream, in the order in which they came, and each delta as it was written.
func pieces(t *testing.T, stream string) (choices []choice, deltas []string) {
	t.Helper()
	for line := range strings.Lines(stream) {
		text, ok := strings.CutPrefix(strings.TrimSpace(line), "data: ")
		if !ok || text == "[DONE]" {
			continue
		}
		var a answer
		require.NoError(t, json.Unmarshal([]byte(text), &a), text)
		var raw struct {
			Choices []struct{ Delta json.RawMessage }
		}
		require.NoError(t, json.Unmarshal([]byte(text), &raw), text)
		for i, c := range a.Choices {
			choices, deltas = append(choices, c), append(deltas, string(raw.Choices[i].Delta))
		}
	}
	return choices, deltas
}

// A stream begins with the role of each choice, in order, whichever speaks first and also if none does: OpenAI's Python client
// fails at a choice that comes before those with smaller numbers.
func TestStreamsBeginWithTheRoles(t *testing.T) {
	m := openModel(t, testmodel.New(t, testmodel.Spec{}), local.Options{ContextTokens: 1024, Sequences: 4})
	post := posterOf(t, m)
	silent := fmt.Sprintf(`,"ragft":{"retrieval":false},"logit_bias":{"%d":100}`, m.Llama().EOS())
	for more, n := range map[string]int{
		`,"n":3,"temperature":1,"seed":3,"ragft":{"retrieval":false}`: 3, `,"ragft":{"retrieval":false}`: 1, ``: 1,
		silent + `,"n":2`: 2, silent: 1,
	} {
		code, body := post(chatPath, `{"messages":[{"role":"user","content":"Who founded the Gorton Inn?"}],"max_tokens":6,`+
			`"stream":true`+more+`}`)
		require.Equal(t, 200, code, body)
		choices, deltas := pieces(t, body)
		require.Greater(t, len(choices), n)
		for i, c := range choices {
			if i < n {
				require.Equal(t, i, c.Index, body)
				require.JSONEq(t, `{"role":"assistant"}`, deltas[i])
				require.Nil(t, c.FinishReason)
				continue
			}
			require.Empty(t, c.Delta.Role, "once only: %s", body)
		}
		for i, c := range choices[len(choices)-n:] {
			require.Equal(t, i, c.Index)
			require.Equal(t, "{}", deltas[len(choices)-n+i], "the last piece brings the reason alone")
			require.NotNil(t, c.FinishReason)
		}
	}
	code, body := post("/v1/completions", `{"prompt":["a","b"],"max_tokens":3,"stream":true}`)
	require.Equal(t, 200, code)
	require.NotContains(t, body, `"delta"`, "completions have no roles")
}

// What is known only at the end of an answer comes in pieces before the last one: clients look for calls only there.
func TestStreamedCallsComeBeforeTheReason(t *testing.T) {
	w := httptest.NewRecorder()
	p := &reply{service: &Service{limits: Limits{Write: time.Minute}}, w: w, stream: true, chat: true, choices: 1, gone: func() {}}
	calls := []chatToolCall{{ID: "a", Type: "function"}, {ID: "b", Type: "function"}}
	calls[0].Function.Name, calls[1].Function.Name = "moor", "cast_off"
	p.end([]choice{p.finish(0, chatAnswer{ToolCalls: calls, ReasoningContent: "Hm."}, "tool_calls", nil)}, usage{}, nil)
	choices, deltas := pieces(t, w.Body.String())
	require.Len(t, choices, 5)
	for i, want := range []string{
		`{"role":"assistant"}`, `{"reasoning_content":"Hm."}`,
		`{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"moor","arguments":""}}]}`,
		`{"tool_calls":[{"index":1,"id":"b","type":"function","function":{"name":"cast_off","arguments":""}}]}`, `{}`,
	} {
		require.JSONEq(t, want, deltas[i])
		require.Equal(t, i == 4, choices[i].FinishReason != nil)
	}
	require.Equal(t, "tool_calls", *choices[4].FinishReason)

	_, _, client := serve(t, Config{Models: []Model{{Name: "base", Local: toolModel(t, hermesCalls)}}})
	q := ask("The boat lies at berth 7.")
	q.Temperature, q.MaxCompletionTokens, q.Seed = openai.Float(1), openai.Int(1000), openai.Int(1)
	q.Tools = []openai.ChatCompletionToolUnionParam{function("cast_off", castOffSchema, true)}
	q.ToolChoice, q.ParallelToolCalls = mode("required"), openai.Bool(false)
	stream := client.Chat.Completions.NewStreaming(t.Context(), q)
	acc := openai.ChatCompletionAccumulator{}
	var noticed []string
	for stream.Next() {
		require.True(t, acc.AddChunk(stream.Current()))
		if call, ok := acc.JustFinishedToolCall(); ok {
			noticed = append(noticed, call.Name)
			checkCall(t, call.Name, call.Arguments)
		}
	}
	require.NoError(t, stream.Err())
	require.Equal(t, []string{"cast_off"}, noticed)
	require.Equal(t, "tool_calls", acc.Choices[0].FinishReason)
}
