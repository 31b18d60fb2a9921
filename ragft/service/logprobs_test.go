//go:build cgo

package service

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/ragft/assistant"
	"github.com/ragft/ragft/ragft/model/local"
)

// reply is what a service says over plain HTTP, as a stream or whole.
type plainReply struct {
	content, reasoning string
	logProbs           []tokenLogProb
	finish             string
	calls              []chatToolCall
	usage              usage
}

// postPlain posts a chat and returns its choices.
func postPlain(t testing.TB, address, body string) map[int]*plainReply {
	t.Helper()
	resp, err := http.Post(address+chatPath, "application/json", strings.NewReader(body))
	require.NoError(t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.Equal(t, 200, resp.StatusCode, "%s", data)
	choices := map[int]*plainReply{}
	add := func(a answer) {
		for _, c := range a.Choices {
			r := choices[c.Index]
			if r == nil {
				r = &plainReply{}
				choices[c.Index] = r
			}
			said := c.Delta
			if said == nil {
				whole := chatAnswer(*c.Message)
				said = &whole
			}
			if said.Content != nil {
				r.content += *said.Content
			}
			r.reasoning += said.ReasoningContent
			r.calls = append(r.calls, said.ToolCalls...)
			if c.FinishReason != nil {
				r.finish = *c.FinishReason
			}
			var probs chatLogProbs
			part, err := json.Marshal(c.LogProbs)
			require.NoError(t, err)
			require.NoError(t, json.Unmarshal(part, &probs))
			r.logProbs = append(r.logProbs, probs.Content...)
		}
		if a.Usage != nil {
			for _, r := range choices {
				r.usage = *a.Usage
			}
		}
	}
	if !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		var a answer
		require.NoError(t, json.Unmarshal(data, &a))
		add(a)
		return choices
	}
	for line := range strings.Lines(string(data)) {
		if text, ok := strings.CutPrefix(strings.TrimSpace(line), "data: "); ok && text != "[DONE]" {
			var a answer
			require.NoError(t, json.Unmarshal([]byte(text), &a), text)
			add(a)
		}
	}
	return choices
}

// textOf returns the text that tokens make up.
func textOf(tokens []tokenLogProb) string {
	var said []byte
	for _, t := range tokens {
		for _, b := range t.Bytes {
			said = append(said, byte(b))
		}
	}
	return string([]rune(string(said)))
}

// thinking is a model whose prompt opens a chain of thought, and which soon ends it, as closing asks for with a bias.
func thinking(t *testing.T) (m *local.Server, closing string) {
	m = openModel(t, testmodel.New(t, testmodel.Spec{
		Specials:     []string{"<think>", "</think>"},
		ChatTemplate: strings.Replace(testmodel.ChatTemplate, "<|assistant|>", "<|assistant|><think>", 1),
	}), local.Options{ContextTokens: 2048, Sequences: 4})
	tokens, err := m.Llama().Tokenize("</think>", llama.TokenizeOptions{ParseSpecial: true})
	require.NoError(t, err)
	require.Len(t, tokens, 1)
	return m, fmt.Sprintf(`"logit_bias":{"%d":4}`, tokens[0])
}

// The log probabilities of a reply are those of the text that it shows, and those of a stream are the same.
func TestLogProbsAreOfTheShownText(t *testing.T) {
	m, closing := thinking(t)
	_, address, _ := serve(t, Config{Models: []Model{{Name: "base", Local: m, Assistant: assistant.Options{MaxTokens: 60}}},
		Index: newIndex(t)})
	for name, more := range map[string]string{
		"plain":           `"ragft":{"retrieval":false}`,
		"choices":         `"ragft":{"retrieval":false},"n":3`,
		"stop":            `"ragft":{"retrieval":false},"stop":["e","i","o"]`,
		"cut off":         `"ragft":{"retrieval":false},"max_tokens":9`,
		"response format": `"response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{"const":"mill"}}}`,
		"passages":        `"ragft":{"retrieval":true}`,
		"passages, held":  `"ragft":{"retrieval":true,"min_confidence":0.000001}`,
	} {
		t.Run(name, func(t *testing.T) {
			thought, shown, same := false, false, 0
			for seed := range 6 {
				body := fmt.Sprintf(`{"messages":[{"role":"user","content":"Who founded the Gorton Inn?"}],"temperature":1,"seed":%d,%s,%s,`+
					`"logprobs":true,"top_logprobs":2,"stream":%%v}`, seed, closing, more)
				postPlain(t, address, fmt.Sprintf(body, false)) // then its prompt is in the cache for both
				whole, streamed := postPlain(t, address, fmt.Sprintf(body, false)), postPlain(t, address, fmt.Sprintf(body, true))
				require.Len(t, streamed, len(whole))
				for i, w := range whole {
					s := streamed[i]
					if w.content != s.content || w.reasoning != s.reasoning {
						continue // another draw: all tokens are about as likely, and rounding depends on the batch
					}
					same++
					require.Len(t, s.logProbs, len(w.logProbs))
					for k := range w.logProbs {
						require.Equal(t, w.logProbs[k].Token, s.logProbs[k].Token)
						require.InDelta(t, w.logProbs[k].LogProb, s.logProbs[k].LogProb, 0.02, "as rounding depends on the batch")
						require.Len(t, s.logProbs[k].TopLogProbs, 2)
					}
					switch said := textOf(w.logProbs); {
					case name == "stop": // it may stand within a token
						require.True(t, strings.HasPrefix(strings.TrimSpace(said), strings.TrimSpace(w.content)), "%q of %q", said, w.content)
					case strings.HasPrefix(name, "passages"):
						if said != "" { // else another text was shown
							require.Equal(t, w.content, strings.TrimSpace(said))
						}
					default:
						require.Equal(t, w.content, strings.TrimLeft(said, " \t\r\n"))
					}
					thought, shown = thought || w.reasoning != "", shown || len(w.logProbs) > 0
					if name == "response format" && w.finish == "stop" {
						require.Equal(t, `"mill"`, strings.TrimSpace(w.content))
					}
				}
			}
			require.True(t, thought && shown, "there were thoughts, and answers after them")
			require.Positive(t, same, "replies")
		})
	}
}

// An older completion has no hidden thoughts, but stop strings.
func TestLogProbsOfCompletions(t *testing.T) {
	m := openModel(t, testmodel.New(t, testmodel.Spec{}), local.Options{ContextTokens: 512})
	_, address, _ := serve(t, Config{Models: []Model{{Name: "base", Local: m}}})
	for seed := range 4 {
		body := fmt.Sprintf(`{"prompt":"The mill","max_tokens":30,"temperature":1,"seed":%d,"logprobs":1,"stop":["e","r"]}`, seed)
		resp, err := http.Post(address+"/v1/completions", "application/json", strings.NewReader(body))
		require.NoError(t, err)
		var a struct {
			Choices []struct {
				Text     string
				LogProbs completionLogProbs
			}
		}
		require.NoError(t, json.NewDecoder(resp.Body).Decode(&a))
		resp.Body.Close()
		c := a.Choices[0]
		require.Len(t, c.LogProbs.TokenLogProbs, len(c.LogProbs.Tokens))
		for i, at := range c.LogProbs.TextOffset {
			require.Less(t, at, len([]rune(c.Text)), "token %d of %q is one of the text", i, c.Text)
		}
	}
}

func TestSaid(t *testing.T) {
	m := openModel(t, testmodel.New(t, testmodel.Spec{}), local.Options{ContextTokens: 256}).Llama()
	s := &said{}
	say := func(text string) {
		tokens, err := m.Tokenize(text, llama.TokenizeOptions{})
		require.NoError(t, err)
		for _, token := range tokens {
			s.token(m, chosen(token)[0])
		}
		s.text.WriteString(text)
	}
	shown := func(text string) string {
		b := ""
		for _, token := range s.show(text) {
			b += m.Piece(token.Token)
		}
		return b
	}
	say("a thought\n\né")
	require.Equal(t, "é", shown("é"))
	say(" of the mill€")
	require.Equal(t, " of the", shown(" of the"))
	require.Empty(t, shown("what it did not say"))
	require.Empty(t, shown(""))
	require.Equal(t, " mill€", shown(" mill€"))
	require.Empty(t, shown(" mill€"), "it was shown")

	var pieces []string
	show := trimmed(func(piece string) { pieces = append(pieces, piece) })
	for _, piece := range []string{" ", "\n a", " ", "b ", "\u00a0", " c\n", "\n"} {
		show(piece)
	}
	require.Equal(t, []string{"a", " b", " \u00a0 c"}, pieces)
}

// A draft may take the place of the answer. The log probabilities are then its own, and the tokens of all drafts are counted.
func TestLogProbsOfDrafts(t *testing.T) {
	m := openModel(t, testmodel.New(t, testmodel.Spec{}), local.Options{ContextTokens: 2048, Sequences: 4})
	answers := map[int][]string{}
	for _, drafts := range []int{0, 3} {
		one := Model{Name: "base", Local: m, Assistant: assistant.Options{Drafts: drafts}}
		_, address, _ := serve(t, Config{Models: []Model{one}, Index: newIndex(t)})
		for _, question := range []string{"Who founded the Gorton Inn?", "When was the mill built?", "What stands in Dunmore?"} {
			for _, stream := range []bool{false, true} {
				body := fmt.Sprintf(`{"messages":[{"role":"user","content":%q}],"temperature":0,"stop":["e","a"],"logprobs":true,"stream":%v}`,
					question, stream)
				got := postPlain(t, address, body)[0]
				if said := textOf(got.logProbs); said != "" {
					require.True(t, strings.HasPrefix(strings.TrimSpace(said), got.content), "%q of %q", said, got.content)
				}
				answers[drafts] = append(answers[drafts], got.content)
			}
		}
	}
	require.NotEqual(t, answers[0], answers[3])
	for i := 0; i < len(answers[3]); i += 2 {
		require.Equal(t, answers[3][i], answers[3][i+1], "streamed or not")
	}
}

// Where the answer that is given stands in another one that was written, the log probabilities are its own.
func TestLogProbsOfTheAnswerGiven(t *testing.T) {
	write := func(text string, logProb float32) *said {
		s := &said{}
		for _, word := range strings.SplitAfter(text, " ") {
			from := s.text.Len()
			s.text.WriteString(word)
			s.tokens = append(s.tokens, saidToken{llama.ChosenToken{TokenLogProb: llama.TokenLogProb{LogProb: logProb}}, from, s.text.Len()})
		}
		return s
	}
	r := &run{logProbs: true, asked: true, said: map[int]*said{}}
	for i, text := range []string{"It was built in 1923", "in 1923", "1923"} {
		r.said[i] = write(text, -float32(i+1))
	}
	tokens := r.shown(0, "1923")
	require.Len(t, tokens, 1)
	require.Equal(t, float32(-3), tokens[0].LogProb)
}

// The prompt of an answer and its drafts is counted once; equal prompts of a client are not the same.
func TestUsageOfDraftsAndEqualPrompts(t *testing.T) {
	m := openModel(t, testmodel.New(t, testmodel.Spec{}), local.Options{ContextTokens: 2048, Sequences: 4})
	one := Model{Name: "base", Local: m, Assistant: assistant.Options{Drafts: 3}}
	_, address, _ := serve(t, Config{Models: []Model{one}, Index: newIndex(t)})
	read := func(path, body string) usage {
		response, err := http.Post(address+path, "application/json", strings.NewReader(body))
		require.NoError(t, err)
		defer response.Body.Close()
		var got struct{ Usage usage }
		require.NoError(t, json.NewDecoder(response.Body).Decode(&got))
		return got.Usage
	}
	single := read("/v1/completions", `{"prompt":"The mill stands","max_tokens":2}`)
	twice := read("/v1/completions", `{"prompt":["The mill stands","The mill stands"],"max_tokens":2}`)
	require.Equal(t, 2*single.PromptTokens, twice.PromptTokens)
	asked := func(more string) usage {
		return read("/v1/chat/completions", `{"messages":[{"role":"user","content":"When was the mill built?"}],"max_tokens":4`+more+`}`)
	}
	drawn := asked(`,"temperature":1`)
	require.Equal(t, drawn.PromptTokens, asked(`,"temperature":0`).PromptTokens)
	require.Greater(t, asked(`,"temperature":0`).CompletionTokens, drawn.CompletionTokens, "drafts are counted")
}
