//go:build cgo

package service

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/ragft/model/local"
)

// The model reads the same of earlier messages with passages as without: a refusal, a chain of thought and a name, too.
func TestHistoryIsWholeWithPassages(t *testing.T) {
	template := `{%- for m in messages -%}<|{{ m.role }}|>{{ m.name or '' }}{{ m.reasoning_content or '' }}{{ m.content }}<|end|>` +
		`{%- endfor -%}{%- if add_generation_prompt -%}<|assistant|>{%- endif -%}`
	post := posterOf(t, openModel(t, testmodel.New(t, testmodel.Spec{ChatTemplate: template}), local.Options{ContextTokens: 1024}))
	tokens := func(more string, retrieval bool) int {
		code, body := post(chatPath, fmt.Sprintf(`{"max_tokens":1,"ragft":{"retrieval":%v},"messages":[{"role":"user","content":"Hi"},`+
			`{"role":"assistant"%s},{"role":"user","content":"Who founded the Gorton Inn in Velmar?"}]}`, retrieval, more))
		require.Equal(t, 200, code, body)
		var a answer
		require.NoError(t, json.Unmarshal([]byte(body), &a))
		return a.Usage.PromptTokens
	}
	for _, more := range []string{
		`,"refusal":"the mill by the river"`, `,"reasoning_content":"the mill by the river"`, `,"name":"miller"`,
		`,"reasoning":"the mill by the river"`,
	} {
		alone := tokens(more, false) - tokens("", false)
		require.Positive(t, alone, more)
		require.Equal(t, alone, tokens(more, true)-tokens("", true), more)
	}
}

// Parts of a text are lines of their own, as model.Message reads them and llama.cpp does.
func TestPartsOfContent(t *testing.T) {
	for parts, want := range map[string]string{
		`"a"`: "a", `[]`: "", `[{"type":"text","text":"a"}]`: "a",
		`[{"type":"text","text":"The inn."},{"type":"text","text":"Who?"}]`: "The inn.\nWho?",
		`[{"type":"text","text":"a"},{"type":"refusal","refusal":"b"}]`:     "a\nb",
	} {
		var req chatRequest
		d := decoder{left: 10}
		require.NoError(t, d.fields([]byte(`{"messages":[{"role":"user","content":`+parts+`}]}`), reflect.ValueOf(&req).Elem(), nil))
		got, err := req.conversation()
		require.NoError(t, err)
		require.Equal(t, want, got[0].Content, parts)
	}
}

// Earlier calls without arguments are calls with none, as some models and clients write them. Others are objects.
func TestArgumentsOfEarlierCalls(t *testing.T) {
	post := posterOf(t, toolModel(t, hermesCalls))
	said := func(arguments string) (int, string) {
		text, err := json.Marshal(arguments)
		require.NoError(t, err)
		return post(chatPath, fmt.Sprintf(`{"max_tokens":1,"messages":[{"role":"user","content":"Moor."},{"role":"assistant","tool_calls":[`+
			`{"id":"b","type":"function","function":{"name":"g","arguments":"{}"}},`+
			`{"id":"c","type":"function","function":{"name":"f","arguments":%s}}]},`+
			`{"role":"tool","tool_call_id":"c","content":"done"}]}`, text))
	}
	prompt := func(arguments string) int {
		code, body := said(arguments)
		require.Equal(t, 200, code, body)
		var a answer
		require.NoError(t, json.Unmarshal([]byte(body), &a))
		return a.Usage.PromptTokens
	}
	none := prompt("{}")
	require.Equal(t, none, prompt(""))
	require.Equal(t, none, prompt(" \n"))
	require.Greater(t, prompt(`{"a":1}`), none)
	for _, wrong := range []string{"[1]", "null", `"a"`, "{", "a=1"} {
		code, body := said(wrong)
		require.Equal(t, 400, code, wrong)
		require.Equal(t, "messages[1].tool_calls[1].function.arguments", param(t, body), body)
	}
}

// Many templates take one system message alone, at the beginning: clients send a developer's beside it.
func TestSystemMessagesOfTheBeginningAreOne(t *testing.T) {
	template := `{%- for m in messages -%}{%- if m.role == 'system' and not loop.first -%}{{ raise_exception('one alone') }}{%- endif -%}` +
		`<|{{ m.role }}|>{{ m.content }}<|end|>{%- endfor -%}{%- if add_generation_prompt -%}<|assistant|>{%- endif -%}`
	post := posterOf(t, openModel(t, testmodel.New(t, testmodel.Spec{ChatTemplate: template}), local.Options{ContextTokens: 1024}))
	ask := func(before string) (int, string) {
		return post(chatPath, `{"max_tokens":1,"ragft":{"retrieval":false},"messages":[`+before+`{"role":"user","content":"Who?"}]}`)
	}
	prompt := func(before string) int {
		code, body := ask(before)
		require.Equal(t, 200, code, body)
		var a answer
		require.NoError(t, json.Unmarshal([]byte(body), &a))
		return a.Usage.PromptTokens
	}
	one := prompt(`{"role":"system","content":"Be brief.\n\nBe kind."},`)
	require.Equal(t, one, prompt(`{"role":"system","content":"Be brief."},{"role":"developer","content":"Be kind."},`))
	require.Equal(t, one, prompt(`{"role":"developer","content":"Be brief."},{"role":"system","content":""},`+
		`{"role":"system","content":"Be kind."},`))
	code, body := ask(`{"role":"user","content":"Hi."},{"role":"system","content":"Be brief."},`)
	require.Equal(t, 400, code, "one that comes later is where the client put it")
	require.Contains(t, body, "one alone")
}
