package openai

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/ragft/model"
)

// answering is a server that takes any body. refuse returns a status and a body, or 0 to answer.
type answering struct {
	mu     sync.Mutex
	bodies []map[string]any
	refuse func(body map[string]any) (int, string)
	said   string // JSON of the message; "" = one that says Ada
	finish string // "" = stop
	events string // raw stream; "" = one that says Ada
}

func (s *answering) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	data, _ := io.ReadAll(r.Body)
	var body map[string]any
	if json.Unmarshal(data, &body) != nil {
		w.WriteHeader(http.StatusTeapot)
		return
	}
	s.mu.Lock()
	s.bodies = append(s.bodies, body)
	s.mu.Unlock()
	if s.refuse != nil {
		if status, text := s.refuse(body); status != 0 {
			w.WriteHeader(status)
			fmt.Fprint(w, text)
			return
		}
	}
	said, finish := s.said, s.finish
	if said == "" {
		said = `{"role":"assistant","content":"Ada. Bo"}`
	}
	if finish == "" {
		finish = "stop"
	}
	if body["stream"] == true && s.events != "" {
		w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
		fmt.Fprint(w, s.events)
		return
	}
	fmt.Fprintf(w, `{"choices":[{"message":%s,"finish_reason":%q}],"usage":{"prompt_tokens":3,"completion_tokens":2}}`, said, finish)
}

func (s *answering) open(t *testing.T, opts Options) *Model {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	opts.BaseURL, opts.Backoff = server.URL+"/v1", time.Millisecond
	m, err := New("small", opts)
	require.NoError(t, err)
	return m
}

// warnings collects what is logged.
func warnings(t *testing.T) *bytes.Buffer {
	t.Helper()
	var out bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&out, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	return &out
}

func full() model.Request {
	return model.Request{Messages: layout.Chat("a", "b"), TopP: 0.5, TopK: 4, MinP: 0.1, Stop: []string{". "},
		Schema: json.RawMessage(`{"type":"object"}`)}
}

// What servers say of a field that they do not take, in the forms that they say it.
func TestRefusedFieldsAreLeftOut(t *testing.T) {
	sentence := func(format string) func(string) string {
		return func(field string) string { return fmt.Sprintf(`{"error":{"message":%q}}`, fmt.Sprintf(format, field)) }
	}
	for name, form := range map[string]struct {
		status int
		body   func(field string) string
	}{
		"OpenAI": {400, func(f string) string {
			return fmt.Sprintf(`{"error":{"message":"Unsupported parameter: '%s' is not supported with this model.","param":%q,`+
				`"code":"unsupported_parameter"}}`, f, f)
		}},
		"param alone":   {400, func(f string) string { return fmt.Sprintf(`{"error":{"message":"no","param":%q}}`, f) }},
		"older OpenAI":  {400, sentence("Unrecognized request argument supplied: %s")},
		"quoted":        {422, sentence("unknown field `%s`")},
		"error as text": {400, func(f string) string { return fmt.Sprintf(`{"error":"unsupported parameter: %s"}`, f) }},
		"message": {400, func(f string) string {
			return fmt.Sprintf(`{"object":"error","message":"'%s' is unknown","code":400}`, f)
		}},
		"detail as text": {422, func(f string) string { return fmt.Sprintf(`{"detail":"Unsupported parameter: %s"}`, f) }},
		"no JSON":        {400, func(f string) string { return "json: unknown field \"" + f + "\"" }},
		"pydantic": {422, func(f string) string {
			return fmt.Sprintf(`{"detail":[{"type":"extra_forbidden","loc":["body",%q],"msg":"Extra inputs are not permitted"}]}`, f)
		}},
		"pydantic's repr": {400, sentence("[{'type': 'extra_forbidden', 'loc': ('body', '%s'), 'msg': 'Extra inputs are not permitted'}]")},
		"within message": {422, func(f string) string {
			return fmt.Sprintf(`{"message":{"detail":[{"type":"extra_forbidden","loc":["body",%q],"msg":"Extra inputs are not permitted"}]}}`, f)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			log := warnings(t)
			for _, field := range optional {
				s := &answering{refuse: func(body map[string]any) (int, string) {
					if _, sent := body[field]; sent {
						return form.status, form.body(field)
					}
					return 0, ""
				}}
				m := s.open(t, Options{})
				log.Reset()
				for range 2 {
					req := full()
					if strings.HasPrefix(field, "stream") {
						req.Stop, req.OnText = nil, func(string) {}
					}
					got, err := m.Chat(t.Context(), []model.Request{req})
					require.NoError(t, err, field)
					if field == "stop" {
						require.Equal(t, "Ada", got[0].Samples[0].Text, "the text is cut here")
					}
				}
				if last := s.bodies[len(s.bodies)-1]; field != "response_format" && field != "max_completion_tokens" {
					require.NotContains(t, last, field)
				}
				require.LessOrEqual(t, strings.Count(log.String(), "WARN"), 1, log.String())
			}
		})
	}
}

func TestAllFieldsRefused(t *testing.T) {
	log := warnings(t)
	s := &answering{refuse: func(body map[string]any) (int, string) {
		var details []string
		for field := range body {
			if field != "model" && field != "messages" {
				details = append(details, fmt.Sprintf(`{"type":"extra_forbidden","loc":["body",%q],"msg":"Extra inputs are not permitted"}`, field))
			}
		}
		if details == nil {
			return 0, ""
		}
		return 422, `{"detail":[` + strings.Join(details, ",") + `]}`
	}}
	m := s.open(t, Options{})
	for range 2 {
		req := full()
		shown := ""
		req.OnText = func(piece string) { shown += piece }
		got, err := m.Chat(t.Context(), []model.Request{req})
		require.NoError(t, err)
		require.Equal(t, "Ada", got[0].Samples[0].Text)
		require.Equal(t, "Ada", shown)
	}
	require.Len(t, s.bodies, 4, "three tries: max_completion_tokens and json_object are tried, too; then it is known")
	require.Len(t, s.bodies[3], 2)
	require.Equal(t, 1, strings.Count(log.String(), "WARN"), log.String())
	require.Contains(t, log.String(), "logprobs")

	// One after the other, as models of OpenAI do.
	log.Reset()
	s = &answering{refuse: func(body map[string]any) (int, string) {
		for _, field := range []string{"max_tokens", "logprobs", "temperature"} {
			if _, sent := body[field]; sent {
				return 400, fmt.Sprintf(`{"error":{"message":"Unsupported parameter: '%s'. Use 'max_completion_tokens'","param":%q}}`, field, field)
			}
		}
		return 0, ""
	}}
	got, err := s.open(t, Options{}).Chat(t.Context(), []model.Request{full()})
	require.NoError(t, err)
	require.True(t, math.IsNaN(got[0].Samples[0].MeanLogProb))
	require.EqualValues(t, 256, s.bodies[3]["max_completion_tokens"])
	require.Equal(t, 1, strings.Count(log.String(), "WARN"), log.String())
}

// Requests that are under way at once adapt each, to several fields.
func TestConcurrentRequestsAdapt(t *testing.T) {
	warnings(t)
	const n = 4
	var first sync.WaitGroup
	first.Add(n)
	s := &answering{refuse: func(body map[string]any) (int, string) {
		if body["logprobs"] != nil {
			first.Done()
			first.Wait() // all have arrived
			return 400, `{"error":{"message":"no","param":"logprobs"}}`
		}
		if body["max_tokens"] != nil {
			return 400, `{"error":{"message":"Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.","param":"max_tokens"}}`
		}
		return 0, ""
	}}
	_, err := s.open(t, Options{Concurrency: n}).Chat(t.Context(), []model.Request{{Messages: layout.Chat("a", "b"), Samples: n}})
	require.NoError(t, err)
	require.Len(t, s.bodies, 3*n)
}

// A bad value, a long prompt and an unknown model are errors, as before.
func TestOtherRefusalsAreErrors(t *testing.T) {
	for body, want := range map[string]error{
		`{"error":{"message":"max_tokens is too large: 9. This model supports at most 4.","param":"max_tokens"}}`:        model.ErrRequest,
		`{"error":{"message":"This model's maximum context length is 4 tokens, but 'max_tokens' asks for 9"}}`:           model.ErrPromptTooLong,
		`{"detail":[{"type":"less_than_equal","loc":["body","top_p"],"msg":"Input should be less than or equal to 1"}]}`: model.ErrRequest,
		`{"error":{"message":"please stop sending this","param":"messages"}}`:                                            model.ErrRequest,
		`{"detail":[{"type":"missing","loc":["body","prompt"],"msg":"Field required"}]}`:                                 model.ErrRequest,
	} {
		s := &answering{refuse: func(map[string]any) (int, string) { return 400, body }}
		_, err := s.open(t, Options{}).Chat(t.Context(), []model.Request{full()})
		require.ErrorIs(t, err, want, body)
		require.Len(t, s.bodies, 1, body)
	}
	// Some servers take any temperature but 0.
	warnings(t)
	s := &answering{refuse: func(body map[string]any) (int, string) {
		if body["temperature"] == 0.0 {
			return 422, `{"error":"temperature must be strictly positive"}`
		}
		return 0, ""
	}}
	_, err := s.open(t, Options{}).Chat(t.Context(), []model.Request{full()})
	require.NoError(t, err)
}

func TestFormsOfReplies(t *testing.T) {
	for said, want := range map[string]model.Sample{
		`{"content":[{"type":"text","text":"Ada"},{"type":"text","text":" Lee"}]}`:                                {Text: "Ada Lee"},
		`{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},{"type":"text","text":"Ada"}]}`: {Text: "Ada", Thinking: "hm"},
		`{"content":null,"refusal":"I cannot."}`:                                                                  {Text: "I cannot."},
		`{"content":"Ada","reasoning_content":"hm"}`:                                                              {Text: "Ada", Thinking: "hm"},
		`{"content":"Ada","reasoning":"hm","reasoning_details":[{}]}`:                                             {Text: "Ada", Thinking: "hm"},
		`{"content":null,"reasoning_content":"hm"}`:                                                               {Thinking: "hm"},
		`{"content":""}`: {},
	} {
		got, err := (&answering{said: said}).open(t, Options{}).Chat(t.Context(), []model.Request{full()})
		require.NoError(t, err, said)
		want.Tokens, want.MeanLogProb = 2, got[0].Samples[0].MeanLogProb
		require.Equal(t, want.Text+"|"+want.Thinking, got[0].Samples[0].Text+"|"+got[0].Samples[0].Thinking, said)
	}
	_, err := (&answering{said: `{"content":[5]}`}).open(t, Options{}).Chat(t.Context(), []model.Request{full()})
	require.ErrorContains(t, err, "neither a text nor a list of parts")
}

func TestFormsOfStreams(t *testing.T) {
	piece := `data: {"choices":[{"delta":{"content":"Ada"},"finish_reason":null}]}`
	last := `data: {"choices":[{"delta":{},"finish_reason":"stop"}]}`
	for name, c := range map[string]struct{ events, want string }{
		"no DONE":            {piece + "\n\n" + last + "\n\n", "Ada"},
		"no line at its end": {piece + "\n\n" + last, "Ada"},
		"no finish reason":   {piece + "\n\ndata: [DONE]\n\n", "Ada"},
		"CRLF, null errors":  {strings.ReplaceAll(piece, `{"choices`, `{"error":null,"choices`) + "\r\n\r\n" + last + "\r\n\r\n", "Ada"},
		"parts":              {`data: {"choices":[{"delta":{"content":[{"type":"text","text":"Ada"}]}}]}` + "\n\n" + last + "\n\n", "Ada"},
		"whole":              {"", "Ada. Bo"},
	} {
		shown := ""
		req := model.Request{Messages: layout.Chat("a", "b"), OnText: func(piece string) { shown += piece }}
		got, err := (&answering{events: c.events}).open(t, Options{}).Chat(t.Context(), []model.Request{req})
		require.NoError(t, err, name)
		require.Equal(t, []string{c.want, c.want}, []string{shown, got[0].Samples[0].Text}, name)
	}
}

func TestThoughtsAreKeptApart(t *testing.T) {
	const hm, osk = "The documents do not say who. Wait, document 1 does.", "Osk Varley"
	for text, want := range map[string]model.Sample{
		"<think>\n" + hm + "\n</think>\n\n" + osk: {Text: osk, Thinking: hm},
		hm + "\n</think>\n\n" + osk:               {Text: osk, Thinking: hm},
		"The tag </think> closes a thought.":      {Text: "The tag </think> closes a thought."},
		"<think>\n" + hm:                          {Thinking: hm},
	} {
		said, err := json.Marshal(map[string]string{"content": text})
		require.NoError(t, err)
		s := &answering{said: string(said), finish: "length"}
		got, err := s.open(t, Options{}).Chat(t.Context(), []model.Request{{Messages: layout.Chat("a", "b")}})
		require.NoError(t, err)
		require.Equal(t, []string{want.Text, want.Thinking}, []string{got[0].Samples[0].Text, got[0].Samples[0].Thinking}, text)
	}

	// Thoughts that the prompt opens have no beginning: once that is known, cut-off ones are no answer, and none are streamed.
	s := &answering{said: `{"content":"` + hm + `\n</think>\n\n` + osk + `"}`}
	m := s.open(t, Options{})
	ask := func(onText func(string)) model.Sample {
		got, err := m.Chat(t.Context(), []model.Request{{Messages: layout.Chat("a", "b"), OnText: onText}})
		require.NoError(t, err)
		return got[0].Samples[0]
	}
	require.Equal(t, osk, ask(nil).Text)
	s.events = ""
	for i, piece := range []string{hm, "\n</thi", "nk>", "\n\n", "Osk ", "Varley"} {
		text, err := json.Marshal(piece)
		require.NoError(t, err)
		s.events += fmt.Sprintf("data: {\"choices\":[{\"delta\":{\"content\":%s},"+
			"\"logprobs\":{\"content\":[{\"token\":%s,\"logprob\":-%d}]}}]}\n\n", text, text, i)
	}
	s.events += "data: [DONE]\n\n"
	shown := ""
	got := ask(func(piece string) { shown += piece })
	require.Equal(t, []string{osk, osk, hm}, []string{shown, got.Text, got.Thinking})
	require.InDelta(t, -(3+4+5)/3.0, got.MeanLogProb, 1e-9, "of the answer's tokens")
	s.said, s.events, s.finish = `{"content":"Who knows"}`, "", "length"
	require.Empty(t, ask(nil).Text)
	s.finish = "stop"
	shown = ""
	require.Equal(t, "Who knows", ask(func(piece string) { shown += piece }).Text, "it did not think")
	require.Equal(t, "Who knows", shown)
}

// Whether a prompt opens the thought is not known in the first stream: nothing of the thought is shown all the same, and an
// answer comes in its pieces.
func TestThoughtsOfTheFirstStream(t *testing.T) {
	for said, want := range map[string][]string{
		`"Not said. Wait.","\n</thi","nk>","\n\n","Osk ","Varley"`: {"Osk ", "Varley"},
		`"<th","ink>Not said.","</think>","Osk ","Varley"`:         {"Osk ", "Varley"},
		`"Osk"," Varley"`: {"Osk", " Varley"},
	} {
		var pieces []string
		require.NoError(t, json.Unmarshal([]byte("["+said+"]"), &pieces))
		s := &answering{}
		for _, piece := range pieces {
			text, err := json.Marshal(piece)
			require.NoError(t, err)
			s.events += fmt.Sprintf("data: {\"choices\":[{\"delta\":{\"content\":%s}}]}\n\n", text)
		}
		s.events += "data: [DONE]\n\n"
		m := s.open(t, Options{})
		for _, when := range []string{"first", "second"} {
			var shown []string
			got, err := m.Chat(t.Context(), []model.Request{{Messages: layout.Chat("a", "b"),
				OnText: func(piece string) { shown = append(shown, piece) }}})
			require.NoError(t, err)
			require.Equal(t, "Osk Varley", got[0].Samples[0].Text)
			require.Equal(t, want, shown, "%s: %s", when, said)
		}
	}
	// A server that separates thoughts itself is streamed from at once.
	event := func(delta string) string { return `data: {"choices":[{"delta":` + delta + `}]}` + "\n\n" }
	s := &answering{events: event(`{"reasoning_content":"hm"}`) + event(`{"content":"Osk "}`)}
	shown := ""
	_, err := s.open(t, Options{}).Chat(t.Context(), []model.Request{{Messages: layout.Chat("a", "b"), OnText: func(p string) { shown += p }}})
	require.ErrorContains(t, err, "ended early")
	require.Equal(t, "Osk ", shown)
}

// Models that can answer differently have different names, which cache keys hold.
func TestNamesTellModelsApart(t *testing.T) {
	name := func(o Options) string {
		m, err := New("small", o)
		require.NoError(t, err)
		return m.Name()
	}
	names := map[string]bool{}
	for _, o := range []Options{
		{BaseURL: "http://h/v1"}, {BaseURL: "http://h/v2"}, {BaseURL: "http://h/a/v1"}, {BaseURL: "http://h/b/v1/"},
		{BaseURL: "http://h/v1?api-version=2"}, {BaseURL: "http://h/v1", Extra: map[string]any{"reasoning_effort": "low"}},
		{BaseURL: "http://h/v1", Extra: map[string]any{"reasoning_effort": "high"}},
		{BaseURL: "http://h/v1", Label: "l"}, {BaseURL: "http://h/v1", Label: "l", Extra: map[string]any{"x": 1}},
	} {
		require.False(t, names[name(o)], name(o))
		names[name(o)] = true
	}
	require.True(t, names["openai/h/small"])
	require.Equal(t, name(Options{BaseURL: "http://h/v1", Extra: map[string]any{"a": 1, "b": 2}}),
		name(Options{BaseURL: "http://h/v1/", Extra: map[string]any{"b": 2, "a": 1}}))
	_, err := New("small", Options{Extra: map[string]any{"f": func() {}}})
	require.ErrorContains(t, err, "Options.Extra")
}
