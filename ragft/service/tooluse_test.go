//go:build cgo

package service

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/shared"
	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/ragft/model/local"
)

// calling returns a chat template that writes an answer as given, in which calls stand in m.tool_calls.
func calling(answer string) string {
	return `{% if tools %}{{ '<|system|>' }}{% for t in tools %}{{ t | tojson + '\n' }}{% endfor %}{{ '<|end|>' }}{% endif %}` +
		`{% for m in messages %}{{ '<|' + ('user' if m.role == 'tool' else m.role) + '|>' }}{% if m.tool_calls %}` + answer +
		`{% else %}{{ m.content }}{% endif %}{{ '<|end|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}`
}

// The forms of calls of common families.
const (
	hermesCalls = `{% for c in m.tool_calls %}{{ '' if loop.first else '\n' }}{{ '<tool_call>\n{"name": "' + c.function.name + ` +
		`'", "arguments": ' + c.function.arguments | tojson + '}\n</tool_call>' }}{% endfor %}`
	mistralForm = `{{ '[TOOL_CALLS][' }}{% for c in m.tool_calls %}{{ '' if loop.first else ', ' }}{{ '{"name": "' + ` +
		`c.function.name + '", "arguments": ' + c.function.arguments | tojson + ', "id": "' + c.id + '"}' }}{% endfor %}{{ ']' }}`
	laterCalls = `{% for c in m.tool_calls %}{{ '[TOOL_CALLS]' + c.function.name + '[ARGS]' + c.function.arguments | tojson }}{% endfor %}`
	llamaCalls = `{% set c = m.tool_calls[0] %}{{ '{"name": "' + c.function.name + '", "parameters": ' + c.function.arguments | ` +
		`tojson + '}' }}`
	wordCalls = `{% for c in m.tool_calls %}{{ '<function=' + c.function.name + '>' }}{% for k, v in c.function.arguments.items() %}` +
		`{{ '<parameter=' + k + '>' + v | string + '</parameter>' }}{% endfor %}{{ '</function>' }}{% endfor %}`
)

func toolModel(t testing.TB, calls string) *local.Server {
	return openModel(t, testmodel.New(t, testmodel.Spec{ChatTemplate: calling(calls), Context: 4096,
		Specials: []string{"<tool_call>", "</tool_call>", "[TOOL_CALLS]", "[ARGS]"}}),
		local.Options{ContextTokens: 4096, Sequences: 4})
}

// The form of calls is what the template writes.
func TestCallForms(t *testing.T) {
	for name, c := range map[string]struct {
		template string
		want     callForm
		two      string
	}{
		"hermes": {hermesCalls, callForm{before: "<tool_call>\n{\"name\": \"", between: `", "arguments": `, after: "}\n</tool_call>",
			next: "}\n</tool_call>\n<tool_call>\n{\"name\": \"", mark: "<tool_call>"},
			"<tool_call>\n{\"name\": \"a\", \"arguments\": {\"n\": 1}}\n</tool_call>\n<tool_call>\n{\"name\": \"b\", " +
				"\"arguments\": {}}\n</tool_call>"},
		"mistral": {mistralForm, callForm{before: `[TOOL_CALLS][{"name": "`, between: `", "arguments": `, after: `, "id": "callprob1"}]`,
			mark: "[TOOL_CALLS]"}, ""},
		"mistral later": {laterCalls, callForm{before: "[TOOL_CALLS]", between: "[ARGS]", next: "[TOOL_CALLS]", mark: "[TOOL_CALLS]"},
			`[TOOL_CALLS]a[ARGS]{"n": 1}[TOOL_CALLS]b[ARGS]{}`},
		"llama": {llamaCalls, callForm{before: `{"name": "`, between: `", "parameters": `, after: "}"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			form, err := formOf(&Model{Name: "base", Local: toolModel(t, c.template)})
			require.NoError(t, err)
			require.Equal(t, &c.want, form)
			if c.two != "" {
				content, calls := form.read("Let me see. " + c.two)
				require.Equal(t, "Let me see.", content)
				require.Len(t, calls, 2)
				require.Equal(t, []string{"a", `{"n": 1}`, "b", "{}"}, []string{calls[0].Function.Name, calls[0].Function.Arguments,
					calls[1].Function.Name, calls[1].Function.Arguments})
			}
			one := c.want.before + "a" + c.want.between + `{"n": 1}` + c.want.after
			_, calls := form.read(one)
			require.Len(t, calls, 1)
			for cut := range len(one) {
				_, calls := form.read(one[:cut])
				require.Empty(t, calls, one[:cut])
			}
		})
	}
	_, err := formOf(&Model{Name: "base", Local: toolModel(t, wordCalls)})
	require.ErrorIs(t, err, errNoForm)
}

// boat is what the strict tool of the tests takes.
type boat struct {
	Berth int    `json:"berth"`
	Flag  string `json:"flag"`
}

func (b boat) check(t testing.TB) { require.Contains(t, []string{"red", "green"}, b.Flag) }

var (
	moorSchema = shared.FunctionParameters{"type": "object", "properties": map[string]any{"berth": map[string]any{"type": "integer"},
		"flag": map[string]any{"enum": []string{"red", "green"}}}, "required": []string{"berth", "flag"}, "additionalProperties": false}
	castOffSchema = shared.FunctionParameters{"type": "object", "properties": map[string]any{"now": map[string]any{"type": "boolean"}},
		"required": []string{"now"}, "additionalProperties": false}
)

func function(name string, parameters shared.FunctionParameters, strict bool) openai.ChatCompletionToolUnionParam {
	return openai.ChatCompletionFunctionTool(shared.FunctionDefinitionParam{Name: name, Parameters: parameters,
		Strict: openai.Bool(strict)})
}

func mode(choice string) openai.ChatCompletionToolChoiceOptionUnionParam {
	return openai.ChatCompletionToolChoiceOptionUnionParam{OfAuto: openai.String(choice)}
}

// checkCall says that a call is one of the strict tools', with arguments by its schema.
func checkCall(t testing.TB, name, arguments string) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(arguments))
	d.DisallowUnknownFields()
	switch name {
	case "moor":
		var b boat
		require.NoError(t, d.Decode(&b), arguments)
		b.check(t)
		require.Contains(t, arguments, "berth")
	case "cast_off":
		var now struct{ Now *bool }
		require.NoError(t, d.Decode(&now), arguments)
		require.NotNil(t, now.Now, arguments)
	default:
		require.Fail(t, "an unknown tool", name)
	}
}

// Strict tools get arguments by their schemas, in each template's form of calls; a choice of tools keeps its meaning.
func TestStrictTools(t *testing.T) {
	called := map[string]int{}
	for name, calls := range map[string]string{"hermes": hermesCalls, "mistral": mistralForm, "later": laterCalls, "llama": llamaCalls} {
		t.Run(name, func(t *testing.T) {
			m := toolModel(t, calls)
			_, _, client := serve(t, Config{Models: []Model{{Name: "base", Local: m}}})
			p := ask("The boat lies at berth 7.")
			p.Temperature, p.MaxCompletionTokens = openai.Float(1), openai.Int(1000)
			p.Tools = []openai.ChatCompletionToolUnionParam{function("moor", moorSchema, true), function("cast_off", castOffSchema, true)}

			p.ToolChoice = mode("required")
			for seed := range int64(6) {
				p.Seed, p.ParallelToolCalls = openai.Int(seed), openai.Bool(seed == 0)
				got, err := client.Chat.Completions.New(t.Context(), p)
				require.NoError(t, err)
				said := got.Choices[0]
				require.Equal(t, "tool_calls", said.FinishReason, "%+v", said)
				require.Empty(t, said.Message.Content)
				for _, call := range said.Message.ToolCalls {
					checkCall(t, call.Function.Name, call.Function.Arguments)
					called[call.Function.Name]++
				}
			}

			p.ToolChoice = openai.ToolChoiceOptionFunctionToolChoice(openai.ChatCompletionNamedToolChoiceFunctionParam{Name: "cast_off"})
			p.N, p.ParallelToolCalls = openai.Int(3), openai.Bool(false)
			got, err := client.Chat.Completions.New(t.Context(), p)
			require.NoError(t, err)
			for _, c := range got.Choices {
				require.Len(t, c.Message.ToolCalls, 1)
				require.Equal(t, "cast_off", c.Message.ToolCalls[0].Function.Name)
				checkCall(t, "cast_off", c.Message.ToolCalls[0].Function.Arguments)
			}

			p.N = openai.ChatCompletionNewParams{}.N
			stream := client.Chat.Completions.NewStreaming(t.Context(), p)
			acc := openai.ChatCompletionAccumulator{}
			for stream.Next() {
				require.True(t, acc.AddChunk(stream.Current()))
			}
			require.NoError(t, stream.Err())
			require.Len(t, acc.Choices[0].Message.ToolCalls, 1)
			checkCall(t, "cast_off", acc.Choices[0].Message.ToolCalls[0].Function.Arguments)

			p.ToolChoice = mode("none")
			got, err = client.Chat.Completions.New(t.Context(), p)
			require.NoError(t, err)
			require.Empty(t, got.Choices[0].Message.ToolCalls)
		})
	}
	require.Len(t, called, 2, "either tool is called")
}

// With the choice left to it, a model may say anything, and what is a call follows its schema. A bias has it call often.
func TestStrictToolsByChoice(t *testing.T) {
	m := toolModel(t, hermesCalls)
	_, address, _ := serve(t, Config{Models: []Model{{Name: "base", Local: m}}})
	mark, err := m.Llama().Tokenize("<tool_call>", llama.TokenizeOptions{ParseSpecial: true})
	require.NoError(t, err)
	require.Len(t, mark, 1)
	tools, err := json.Marshal([]openai.ChatCompletionToolUnionParam{function("moor", moorSchema, true),
		function("cast_off", castOffSchema, true)})
	require.NoError(t, err)
	texts, calls, after := 0, 0, 0
	for seed := range 16 {
		got := postPlain(t, address, fmt.Sprintf(`{"messages":[{"role":"user","content":"Moor."}],"tools":%s,"seed":%d,"temperature":1,`+
			`"max_tokens":600,"logit_bias":{"%d":2},"logprobs":true,"stream":%v}`, tools, seed, mark[0], seed%2 == 0))[0]
		for _, call := range got.calls {
			checkCall(t, call.Function.Name, call.Function.Arguments)
		}
		if len(got.calls) == 0 {
			texts++
			continue
		}
		if calls++; got.content != "" {
			after++
		}
		require.Equal(t, "tool_calls", got.finish)
		require.NotContains(t, textOf(got.logProbs), "name", "the log probabilities are those of the text")
	}
	require.Positive(t, texts)
	require.Positive(t, calls)
	require.Positive(t, after, "a call may come after text")
}

func TestRefusedTools(t *testing.T) {
	post := posterOf(t, toolModel(t, hermesCalls))
	const name = `"type":"function","function":{"name":"f"`
	with := func(tools, more string) string { return `{` + question + `,"tools":[` + tools + `]` + more + `}` }
	strict := func(schema string) string { return `{` + name + `,"strict":true,"parameters":` + schema + `}}` }
	for body, want := range map[string]string{
		with(strict(`{"type":"object","properties":{}}`), ""):                                                 "tools[0].function.parameters",
		with(strict(`{"type":"object","properties":{"a":{"type":"null"}},"additionalProperties":false}`), ""): "tools[0].function.parameters",
		with(strict(`{"type":"object","properties":{"a":{"type":"string","pattern":"x"}},"required":["a"],"additionalProperties":false}`),
			""): "tools[0].function.parameters",
		with(`{`+name+`}},`+strict(`{"type":"array"}`), ""):                                              "tools[1].function.parameters",
		with(`{`+name+`}}`, `,"tool_choice":"always"`):                                                   "tool_choice",
		with(`{`+name+`}}`, `,"tool_choice":{"type":"function","function":{"name":"g"}}`):                "tool_choice",
		with(`{`+name+`}}`, `,"tool_choice":{"type":"allowed_tools","allowed_tools":{}}`):                "tool_choice.allowed_tools",
		with(`{`+name+`}}`, `,"tool_choice":{"type":"custom"}`):                                          "tool_choice",
		with(`{`+name+`}}`, `,"tool_choice":5`):                                                          "tool_choice",
		with(``, `,"tool_choice":"required"`):                                                            "tool_choice",
		with(`{`+name+`}}`, `,"response_format":{"type":"json_object"},"tool_choice":"required"`):        "response_format",
		with(`{"type":"function","function":{"name":"a b","strict":true}}`, ""):                          "tools[0].function.name",
		with(`{"type":"function","function":{"name":"é"}}`, `,"tool_choice":"required"`):                 "tools[0].function.name",
		with(strings.Repeat(`{`+name+`}},`, 100)+`{`+name+`}}`, `,"tool_choice":"required"`):             "tools",
		with(`{`+name+`}},{`+name+`,"strict":true}}`, ""):                                                "tools[1].function.name",
		with(`{`+name+`,"strict":1}}`, ""):                                                               "tools[0].function.strict",
		with(`{`+name+`}},{`+name+`,"parameters":[]}}`, ""):                                              "tools[1].function.parameters",
		with(`{`+name+`,"parameters":`+strings.Repeat(`{"a":`, 70)+"1"+strings.Repeat("}", 70)+`}}`, ""): "tools[0].function.parameters",
	} {
		code, said := post(chatPath, body)
		require.Equal(t, 400, code, "%s: %s", body, said)
		require.Equal(t, want, param(t, said), "%s: %s", body, said)
	}

	// What is not strict is followed where it can be, and any object elsewhere.
	biases := closingBias(t, toolModel(t, hermesCalls).Llama())
	for _, schema := range []string{`{"type":"object","patternProperties":{}}`, `{"type":"string"}`, `{}`,
		`{"type":"object","properties":{"a":{"type":"string","maxLength":3}},"required":["a"]}`} {
		code, said := post(chatPath, `{"messages":[{"role":"user","content":"Who?"}],"max_tokens":600,"temperature":1,"seed":3,`+
			`"parallel_tool_calls":false,"tools":[{`+name+`,"parameters":`+schema+`}}],"tool_choice":"required","logit_bias":{`+biases+`}}`)
		require.Equal(t, http.StatusOK, code, "%s: %s", schema, said)
		var a answer
		require.NoError(t, json.Unmarshal([]byte(said), &a))
		calls := a.Choices[0].Message.ToolCalls
		require.NotEmpty(t, calls, "%s: %s", schema, said)
		var object map[string]any
		require.NoError(t, json.Unmarshal([]byte(calls[0].Function.Arguments), &object))
	}

	// Calls are sent back as OpenAI's clients keep them.
	code, said := post(chatPath, `{"max_tokens":2,"messages":[{"role":"user","content":"Moor."},{"role":"assistant","content":null,`+
		`"parsed":null,"tool_calls":[{"id":"c","type":"function","y":null,"function":{"name":"f","arguments":"{\"a\":1}","x":null,`+
		`"parsed_arguments":{"a":1}}}]},{"role":"tool","tool_call_id":"c","content":"done"}]}`)
	require.Equal(t, 200, code, said)

	// A template that knows no tools, and one whose calls are not JSON.
	post = posterOf(t, openModel(t, testmodel.New(t, testmodel.Spec{}), local.Options{ContextTokens: 1024, Sequences: 2}))
	code, said = post(chatPath, with(`{`+name+`}}`, ""))
	require.Equal(t, 400, code)
	require.Equal(t, "tools", param(t, said))
	post = posterOf(t, toolModel(t, wordCalls))
	code, said = post(chatPath, with(`{`+name+`,"strict":true}}`, ""))
	require.Equal(t, 400, code)
	require.Equal(t, "tools", param(t, said))
	code, said = post(chatPath, with(`{`+name+`}}`, ""))
	require.Equal(t, 200, code, said)
}

// closingBias favours what ends values in JSON, so that a model that says anything comes to an end.
func closingBias(t testing.TB, m *llama.Model) string {
	var biases []string
	for _, text := range []string{`"`, `}`, `]`} {
		tokens, err := m.Tokenize(text, llama.TokenizeOptions{})
		require.NoError(t, err)
		biases = append(biases, fmt.Sprintf(`"%d":6`, tokens[0]))
	}
	slices.Sort(biases)
	return strings.Join(biases, ",")
}
