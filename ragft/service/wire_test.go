//go:build cgo

package service

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/ragft/assistant"
	"github.com/ragft/ragft/ragft/model/local"
)

// poster posts bodies to a service with a random model.
func poster(t *testing.T) func(path, body string, header ...string) (int, string) {
	t.Helper()
	return posterOf(t, openModel(t, testmodel.New(t, testmodel.Spec{}), local.Options{ContextTokens: 1024, Sequences: 4}))
}

// posterOf posts bodies to a service with a model.
func posterOf(t *testing.T, m *local.Server) func(path, body string, header ...string) (int, string) {
	t.Helper()
	s, err := New(Config{Models: []Model{{Name: "base", Local: m}}, Index: newIndex(t)})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return func(path, body string, header ...string) (int, string) {
		r := httptest.NewRequest("POST", path, strings.NewReader(body))
		r.Host = "localhost"
		r.Header.Set("Content-Type", "application/json")
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
}

const chatPath, question = "/v1/chat/completions", `"messages":[{"role":"user","content":"Who?"}],"max_tokens":2`

// param returns the field that an error names.
func param(t *testing.T, body string) string {
	t.Helper()
	var e struct {
		Error struct{ Message, Param string }
	}
	require.NoError(t, json.Unmarshal([]byte(body), &e), body)
	require.False(t, strings.HasPrefix(e.Error.Message, "options."), body)
	require.NotEmpty(t, e.Error.Message)
	return e.Error.Param
}

func TestFieldsOfResponseFormats(t *testing.T) {
	post := poster(t)
	for _, more := range []string{``, `,"strict":true`, `,"strict":false`, `,"strict":null`, `,"description":"d"`,
		`,"strict":true,"description":null`} {
		code, body := post(chatPath, `{`+question+`,"response_format":{"type":"json_schema",`+
			`"json_schema":{"name":"a","schema":{"type":"boolean"}`+more+`}}}`)
		require.Equal(t, 200, code, "%s: %s", more, body)
	}
	code, body := post(chatPath, `{`+question+`,"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":`+
		`{"properties":{"a":{}},"anyOf":[{"properties":{"b":{}}}]}}}}`)
	require.Equal(t, 400, code)
	require.Equal(t, "response_format.json_schema.schema", param(t, body))

	// What llama.cpp would refuse, or follow for minutes, is the client's error too.
	const again = `{"$ref":"#/$defs/a"}`
	for _, schema := range []string{
		`{"$ref":"#/$defs/a","$defs":{"a":{"anyOf":[` + again + `,{"type":"null"}]}}}`,
		`{"$ref":"#/$defs/a","$defs":{"a":{"anyOf":[{"type":"array","items":` + again + `},{"type":"array","items":` + again + `}]}}}`,
		`{"type":["array","array"],"maxItems":0}`,
	} {
		code, body := post(chatPath, `{`+question+`,"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":`+
			schema+`}}}`)
		require.Equal(t, 400, code, "%s: %s", schema, body)
		require.Equal(t, "response_format.json_schema.schema", param(t, body))
	}
}

// Clients send answers back with all fields that they know.
func TestFieldsOfMessages(t *testing.T) {
	post := poster(t)
	conversation := func(answer string) string {
		return `{"max_tokens":1,"messages":[{"role":"user","content":"Hi"},` + answer + `,{"role":"user","content":"Who?"}]}`
	}
	for _, more := range []string{
		`"annotations":[]`, `"annotations":null`, `"audio":null`, `"function_call":null`, `"reasoning_content":"x"`, `"reasoning_content":null`,
		`"reasoning":null`, `"reasoning":"x"`, `"refusal":null`, `"tool_calls":null`, `"name":null`, `"provider_specific_fields":null`,
		`"annotations":[{"type":"url_citation","url_citation":{}}]`, `"parsed":null`, `"parsed":{"founded":true}`,
	} {
		code, body := post(chatPath, conversation(`{"role":"assistant","content":"Hello",`+more+`}`))
		require.Equal(t, 200, code, "%s: %s", more, body)
	}
	for more, field := range map[string]string{
		`"audio":{"id":"a"}`:           "messages[1].audio",
		`"function_call":{"name":"f"}`: "messages[1].function_call", `"mood":"good"`: "messages[1].mood",
		`"content":5`: "messages[1].content", `"name":[]`: "messages[1].name",
		`"content":[{"type":"image_url","image_url":{}}]`:                                "messages[1].content[0].type",
		`"content":[{"type":"text","text":"a"},{"type":"text","text":"a","style":"b"}]`:  "messages[1].content[1].style",
		`"content":[{"type":"text","text":5}]`:                                           "messages[1].content[0].text",
		`"content":["a"]`:                                                                "messages[1].content[0]",
		`"content":[null]`:                                                               "messages[1].content[0]",
		`"tool_calls":[{"id":"a","type":"function","function":{"name":"a","at":1}}]`:     "messages[1].tool_calls[0].function.at",
		`"tool_calls":[{"id":"a","type":"function","function":{"name":"a"},"custom":1}]`: "messages[1].tool_calls[0].custom",
		`"tool_calls":{}`: "messages[1].tool_calls",
	} {
		code, body := post(chatPath, conversation(`{"role":"assistant",`+more+`}`))
		require.Equal(t, 400, code, more)
		require.Equal(t, field, param(t, body), body)
	}

	// Every answer of ours can be sent back whole.
	for _, request := range []string{`{` + question + `}`, `{` + question + `,"ragft":{"retrieval":false},"logprobs":true}`} {
		code, body := post(chatPath, request)
		require.Equal(t, 200, code, body)
		var said struct {
			Choices []struct{ Message json.RawMessage }
		}
		require.NoError(t, json.Unmarshal([]byte(body), &said))
		code, body = post(chatPath, conversation(string(said.Choices[0].Message)))
		require.Equal(t, 200, code, body)
	}
}

// An error names the field as the client wrote it, in its message and in param.
func TestErrorsNameTheField(t *testing.T) {
	post := poster(t)
	for field, want := range map[string]string{
		`"max_tokens":5.5`: "max_tokens", `"max_tokens":5.0`: "max_tokens", `"n":"2"`: "n", `"stop":5`: "stop", `"stop":[5]`: "stop",
		`"temperature":"hot"`: "temperature", `"stream":1`: "stream", `"logit_bias":{"a":1}`: "logit_bias",
		`"modalities":["audio"]`:   "modalities",
		`"reasoning_effort":"low"`: "reasoning_effort", `"functions":[]`: "functions", `"stream_options":{"x":1}`: "stream_options.x",
		`"response_format":{"type":5}`:                                  "response_format.type",
		`"tools":[{"type":"function","function":{"name":5}}]`:           "tools[0].function.name",
		`"tools":[{"type":"function","function":{"name":"a","foo":1}}]`: "tools[0].function.foo", `"tools":[{"foo":1}]`: "tools[0].foo",
		`"tools":[{"type":"function","function":{"name":"a"}},5]`: "tools[1]", `"tools":{}`: "tools",
		`"response_format":{"type":"json_schema","json_schema":{"foo":1}}`: "response_format.json_schema.foo",
		`"response_format":{"foo":1}`:                                      "response_format.foo",
		`"tool_choice":{"type":"function","function":{"foo":1}}`:           "tool_choice.function.foo", `"tool_choice":"x"`: "tool_choice",
		`"ragft":{"foo":1}`: "ragft.foo", `"logit_bias":[]`: "logit_bias", `"stop":[null,{}]`: "stop[0]",
		`"messages":5`: "messages", `"messages":[{"role":5}]`: "messages[0].role", `"messages":[{"role":"boss"}]`: "messages[0].role",
		`"max_completion_tokens":0`: "max_completion_tokens", `"max_completion_tokens":"9"`: "max_completion_tokens",
		`"ragft":{"passages":"many"}`: "ragft.passages", `"repeat_penalty":0`: "repeat_penalty", `"top_p":-1`: "top_p", `"model":5`: "model",
		`"repeat_penalty":1e-50`: "repeat_penalty", `"repeat_penalty":0.001`: "repeat_penalty", `"temperature":-1e-50`: "temperature",
		`"top_p":-1e-50`: "top_p", `"min_p":-1e-50`: "min_p", `"top_k":-1`: "top_k",
	} {
		body := `{"messages":[{"role":"user","content":"Who?"}],` + field + `}`
		code, said := post(chatPath, body)
		require.Equal(t, 400, code, field)
		require.Equal(t, want, param(t, said), said)
		name, _, _ := strings.Cut(want, "[")
		require.Contains(t, said, strings.Split(name, ".")[0], "in the message, too")
	}
	for _, c := range [][3]string{
		{"/v1/completions", `{"prompt":"x","max_tokens":"2"}`, "max_tokens"}, {"/v1/embeddings", `{"input":{"a":1}}`, "input"},
		// null is no element of a list, and no token.
		{"/v1/completions", `{"prompt":[1,null,2],"max_tokens":2}`, "prompt"}, {"/v1/completions", `{"prompt":[null,2]}`, "prompt[0]"},
		{"/v1/completions", `{"prompt":[[1,2],[null]]}`, "prompt"}, {"/v1/completions", `{"prompt":["a",null]}`, "prompt[1]"},
		{"/v1/embeddings", `{"input":["a",null]}`, "input[1]"}, {"/v1/rerank", `{"query":"a","documents":["b",null]}`, "documents[1]"},
		{chatPath, `{"messages":[null,{"role":"user","content":"Who?"}]}`, "messages[0]"},
		{chatPath, `{` + question + `,"stop":["a",null]}`, "stop[1]"}, {chatPath, `{` + question + `,"tools":[null]}`, "tools[0]"},
	} {
		code, said := post(c[0], c[1])
		require.Equal(t, 400, code, c[1])
		require.Equal(t, c[2], param(t, said), said)
	}

	// Errors do not repeat what is long.
	long := strings.Repeat("é", 100_000)
	for _, body := range []string{
		`{"model":"` + long + `",` + question + `}`, `{"` + long + `":1,` + question + `}`,
		`{"messages":[{"role":"` + long + `","content":"x"}]}`,
		`{"messages":[{"` + long + `":1}]}`, `{` + question + `,"n":1` + strings.Repeat("0", 100_000) + `}`,
	} {
		code, said := post(chatPath, body)
		require.GreaterOrEqual(t, code, 400)
		require.Less(t, len(said), 2000)
		require.NotContains(t, said, "\uFFFD")
	}
	code, said := post("/"+strings.Repeat("x", 100_000), "")
	require.Equal(t, 404, code)
	require.Less(t, len(said), 2000)
}

func TestMediaTypes(t *testing.T) {
	post := poster(t)
	for kind, want := range map[string]int{
		"application/json": 200, "Application/JSON": 200, "application/json; charset=utf-8": 200, "application/json ;charset=utf-8": 200,
		"application/jsonp": 415, "application/json-patch+json": 415, "text/plain": 415, "": 415, "application": 415,
	} {
		code, _ := post(chatPath, `{`+question+`}`, "Content-Type", kind)
		require.Equal(t, want, code, kind)
	}
}

// Names of the fields are exact, and null is as if a field were not there, wherever it is.
func TestNullAndCase(t *testing.T) {
	post := poster(t)
	for _, more := range []string{
		`"tools":null`, `"response_format":{"type":"text","x":null}`,
		`"stream_options":null`, `"ragft":{"x":null}`, `"tool_choice":null`, `"x":null`, `"top_k":null`,
	} {
		code, body := post(chatPath, `{`+question+`,`+more+`}`)
		require.Equal(t, 200, code, "%s: %s", more, body)
	}
	code, body := post(chatPath, `{`+question+`,"Temperature":1}`)
	require.Equal(t, 400, code)
	require.Equal(t, "Temperature", param(t, body))
}

// What a request says goes before what the model's options say, where it is 0 too.
func TestSamplingOfARequest(t *testing.T) {
	m := openModel(t, testmodel.New(t, testmodel.Spec{}), local.Options{ContextTokens: 512})
	s, err := New(Config{Models: []Model{{Name: "base", Local: m, Assistant: assistant.Options{Temperature: 1, TopP: 0.5, TopK: 1}}}})
	require.NoError(t, err)
	defer s.Close()
	of := func(body string) llama.Sampling {
		var o completionRequest
		require.NoError(t, new(decoder).fields([]byte(body), reflect.ValueOf(&o).Elem(), nil))
		r, err := s.newRun(&s.config.Models[0], &o.options, &reply{})
		require.NoError(t, err)
		return r.sampling
	}
	require.Equal(t, 1, of(`{}`).TopK)
	require.Zero(t, of(`{"top_k":0}`).TopK)
	require.Equal(t, float32(0.5), of(`{}`).TopP)
	require.Equal(t, float32(1), of(`{"top_p":1}`).TopP)
	require.Zero(t, of(`{"temperature":0}`).Temperature)
	for _, tiny := range []string{"1e-40", "1e-50", "1e-300"} { // the likeliest token alone, and not all
		require.Positive(t, of(`{"top_p":`+tiny+`}`).TopP)
	}
	require.Zero(t, of(`{"top_p":0}`).Temperature)
}

// A top_p of 0 leaves the likeliest token, whatever the seed.
func TestTopPOfZero(t *testing.T) {
	post := poster(t)
	for path, prompt := range map[string]string{"/v1/completions": `"prompt":"The mill"`,
		chatPath: `"messages":[{"role":"user","content":"Who founded the Gorton Inn?"}]`} {
		for _, more := range []string{"", `,"ragft":{"retrieval":false}`, `,"ragft":{"retrieval":true}`} {
			if path != chatPath && more != "" {
				continue
			}
			said := map[string]bool{}
			for seed := range 4 {
				for _, draw := range []string{
					`"top_p":0,"temperature":1.5`, `"top_p":1e-50,"temperature":1.5`, `"temperature":0`, `"temperature":1e-40`,
				} {
					code, body := post(path, fmt.Sprintf(`{%s,"max_tokens":5,%s,"seed":%d%s}`, prompt, draw, seed, more))
					require.Equal(t, 200, code, body)
					var a answer
					require.NoError(t, json.Unmarshal([]byte(body), &a))
					if c := a.Choices[0]; c.Text != nil {
						said[*c.Text] = true
					} else {
						said[*c.Message.Content] = true
					}
				}
			}
			require.Len(t, said, 1, "%s %s", path, more)
		}
	}
}

// Offsets count characters, also those that several tokens make up.
func TestTextOffsets(t *testing.T) {
	m := openModel(t, testmodel.New(t, testmodel.Spec{}), local.Options{ContextTokens: 512, Sequences: 2})
	tokens, err := m.Llama().Tokenize("é€😀a", llama.TokenizeOptions{})
	require.NoError(t, err)
	p := &reply{offset: map[int]int{}, vocab: m.Llama()}
	text, want := "", []int{}
	for _, token := range tokens {
		piece := m.Llama().Piece(token)
		begun := len([]rune(text))
		if len(text) > 0 && !validEnd(text) {
			begun = len([]rune(text[:lastStart(text)]))
		}
		want = append(want, begun)
		text += piece
	}
	require.Equal(t, "é€😀a", text)
	require.Greater(t, len(tokens), 4, "some characters are several tokens")
	var got []int
	for _, token := range tokens { // as in a stream
		got = append(got, p.logProbs(0, chosen(token)).(completionLogProbs).TextOffset...)
	}
	require.Equal(t, want, got)
	require.Equal(t, want, p.logProbs(1, chosen(tokens...)).(completionLogProbs).TextOffset)
	require.Equal(t, 3, want[len(want)-1])
}

// A body that arrives slowly takes no place, and a client that reads nothing is cut off whatever it asked for.
func TestSlowBodiesHoldNoPlace(t *testing.T) {
	m := openModel(t, testmodel.New(t, testmodel.Spec{}), local.Options{ContextTokens: 512, Sequences: 2})
	_, address := listen(t, Config{Models: []Model{{Name: "base", Local: m}}, Limits: Limits{Requests: 2}})
	for range 4 {
		c := dial(t, address)
		_, err := fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
			chatPath)
		require.NoError(t, err)
	}
	time.Sleep(50 * time.Millisecond)
	c := dial(t, address)
	body := `{` + question + `}`
	_, err := fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		chatPath, len(body), body)
	require.NoError(t, err)
	line := make([]byte, 12)
	_, err = c.Read(line)
	require.NoError(t, err)
	require.Equal(t, "HTTP/1.1 200", string(line))
}

func TestClientThatReadsNothing(t *testing.T) {
	m := openModel(t, testmodel.New(t, testmodel.Spec{}), local.Options{ContextTokens: 512, Sequences: 2})
	for _, path := range []string{"/page.js", "/v1/models", "/metrics", "/no/such"} {
		_, address := listen(t, Config{Models: []Model{{Name: "base", Local: m}}, Limits: Limits{Write: 200 * time.Millisecond}})
		c := dial(t, address)
		require.NoError(t, c.SetReadBuffer(1))
		request := []byte("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n")
		deadline := time.Now().Add(30 * time.Second)
		require.NoError(t, c.SetWriteDeadline(deadline))
		var err error
		for err == nil {
			_, err = c.Write(request) // until the service has had enough
		}
		require.True(t, time.Now().Before(deadline), "%s: the connection is closed, not stuck: %v", path, err)
	}
}

func TestTokensOfTheConfig(t *testing.T) {
	m := openModel(t, testmodel.New(t, testmodel.Spec{}), local.Options{ContextTokens: 256})
	for token, ok := range map[string]bool{"": true, "secret": true, " ": false, "a\nb": false, "\t": false, "a\x00": false} {
		s, err := New(Config{Models: []Model{{Name: "base", Local: m}}, Token: token})
		if require.Equal(t, ok, err == nil, "%q", token); ok {
			require.NoError(t, s.Close())
		}
	}
}

// A whole message has null where it has no text, as in OpenAI's API.
func TestWholeMessagesHaveNull(t *testing.T) {
	p := &reply{chat: true}
	call := chatAnswer{ToolCalls: []chatToolCall{{ID: "c"}}}
	written := func(c choice) string {
		data, err := json.Marshal(c)
		require.NoError(t, err)
		return string(data)
	}
	require.Contains(t, written(p.finish(0, call, "tool_calls", nil)),
		`"message":{"role":"assistant","content":null,"refusal":null,"tool_calls"`)
	text := "The mill."
	require.Contains(t, written(p.finish(0, chatAnswer{Content: &text}, "stop", nil)), `"content":"The mill.","refusal":null}`)
}
