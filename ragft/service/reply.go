//go:build cgo

package service

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/ragft/model"
)

// reply writes the response to one request, for the chat or the completion API, whole or as a stream of server-sent events.
type reply struct {
	service *Service
	w       http.ResponseWriter
	stream  bool
	usage   bool // the stream ends with the usage
	chat    bool
	choices int // of the request
	id      string
	created int64
	model   string
	begun   bool
	gone    func()      // called when writing to the client fails
	named   bool        // the stream has the role of each choice
	offset  map[int]int // characters of the text, for logprobs of completions
	vocab   *llama.Model
}

func (s *Service) newReply(w http.ResponseWriter, m *Model, o *options, chat bool, gone func()) *reply {
	prefix := "cmpl-"
	if chat {
		prefix = "chatcmpl-"
	}
	choices := 1
	if o.N != nil {
		choices = *o.N
	}
	return &reply{
		service: s, w: w, stream: o.Stream, usage: o.StreamOptions != nil && o.StreamOptions.IncludeUsage, chat: chat, choices: choices,
		id: prefix + rand.Text(), created: time.Now().Unix(), model: m.Name, gone: gone, offset: map[int]int{}, vocab: m.Local.Llama(),
	}
}

func (p *reply) answer(choices ...choice) answer {
	object := "text_completion"
	switch {
	case p.chat && p.stream:
		object = "chat.completion.chunk"
	case p.chat:
		object = "chat.completion"
	}
	if choices == nil {
		choices = []choice{}
	}
	return answer{ID: p.id, Object: object, Created: p.created, Model: p.model, Choices: choices}
}

// event sends one event of a stream. The client must take it within the write limit.
func (p *reply) event(data []byte) {
	control := http.NewResponseController(p.w)
	if !p.begun {
		p.begun = true
		header := p.w.Header()
		header.Set("Content-Type", "text/event-stream")
		header.Set("Cache-Control", "no-cache")
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("X-Accel-Buffering", "no")
		p.w.WriteHeader(http.StatusOK)
	}
	_ = control.SetWriteDeadline(time.Now().Add(p.service.limits.Write)) // not every ResponseWriter has deadlines
	_, err := p.w.Write(append(append([]byte("data: "), data...), "\n\n"...))
	if err == nil {
		err = control.Flush()
	}
	if err != nil && !errors.Is(err, http.ErrNotSupported) {
		p.gone()
	}
}

func (p *reply) send(a answer) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(a); err != nil {
		p.service.log.Error("answer", "error", err)
		return
	}
	p.event([]byte(strings.TrimRight(b.String(), "\n")))
}

// roles begins the stream of a chat with the role of each choice, in order: OpenAI's Python client fails at a choice that comes
// before one with a smaller number, and which of several speaks first is open.
func (p *reply) roles() {
	if p.named {
		return
	}
	p.named = true
	for i := range p.choices {
		p.delta(i, chatAnswer{Role: model.RoleAssistant})
	}
}

func (p *reply) delta(index int, piece chatAnswer) {
	p.send(p.answer(choice{Index: index, Delta: &piece}))
}

// piece sends a piece of a choice's text, with its tokens if they were requested.
func (p *reply) piece(index int, text string, tokens []llama.ChosenToken, wanted bool) {
	if !p.stream {
		return
	}
	c := choice{Index: index}
	if wanted {
		c.LogProbs = p.logProbs(index, tokens)
	}
	if p.chat {
		p.roles()
		c.Delta = &chatAnswer{Content: &text}
	} else {
		c.Text = &text
	}
	p.send(p.answer(c))
}

// logProbs returns log probabilities in the format of the API.
func (p *reply) logProbs(index int, tokens []llama.ChosenToken) any {
	if p.chat {
		out := chatLogProbs{Content: []tokenLogProb{}}
		for _, t := range tokens {
			one := p.tokenLogProb(t.TokenLogProb)
			one.TopLogProbs = []tokenLogProb{}
			for _, top := range t.Top {
				one.TopLogProbs = append(one.TopLogProbs, p.tokenLogProb(top))
			}
			out.Content = append(out.Content, one)
		}
		return out
	}
	out := completionLogProbs{Tokens: []string{}, TokenLogProbs: []float64{}, TopLogProbs: []map[string]float64{}, TextOffset: []int{}}
	for _, t := range tokens {
		piece := p.vocab.Piece(t.Token)
		text := strings.ToValidUTF8(piece, "\uFFFD")
		out.Tokens = append(out.Tokens, text)
		out.TokenLogProbs = append(out.TokenLogProbs, float64(t.LogProb))
		top := map[string]float64{}
		for _, one := range t.Top {
			top[strings.ToValidUTF8(p.vocab.Piece(one.Token), "\uFFFD")] = float64(one.LogProb)
		}
		out.TopLogProbs = append(out.TopLogProbs, top)
		at := p.offset[index]
		if piece != "" && !utf8.RuneStart(piece[0]) && at > 0 {
			at-- // it goes on with the character that the token before began
		}
		out.TextOffset = append(out.TextOffset, at)
		for i := range len(piece) {
			if utf8.RuneStart(piece[i]) {
				p.offset[index]++
			}
		}
	}
	return out
}

func (p *reply) tokenLogProb(t llama.TokenLogProb) tokenLogProb {
	piece := p.vocab.Piece(t.Token)
	bytes := make([]int, len(piece))
	for i := range len(piece) {
		bytes[i] = int(piece[i])
	}
	return tokenLogProb{Token: strings.ToValidUTF8(piece, "\uFFFD"), LogProb: float64(t.LogProb), Bytes: bytes}
}

// finish returns a whole choice, or in a stream its last piece. That brings the reason alone: clients look for calls only in pieces
// before it, so those and the chain of thought, which are known only now, are sent first.
func (p *reply) finish(index int, message chatAnswer, reason string, logProbs any) choice {
	c := choice{Index: index, FinishReason: &reason}
	switch {
	case p.stream && p.chat:
		p.roles()
		if message.ReasoningContent != "" {
			p.delta(index, chatAnswer{ReasoningContent: message.ReasoningContent})
		}
		for i, call := range message.ToolCalls {
			call.Index = &i
			p.delta(index, chatAnswer{ToolCalls: []chatToolCall{call}})
		}
		c.Delta = &chatAnswer{}
	case p.stream:
		c.Text = new(string)
	case p.chat:
		message.Role = model.RoleAssistant
		whole := wholeAnswer(message)
		c.Message, c.LogProbs = &whole, logProbs
	default:
		c.Text, c.LogProbs = message.Content, logProbs
	}
	return c
}

// end completes the response.
func (p *reply) end(choices []choice, used usage, extra *ragftAnswer) {
	if !p.stream {
		a := p.answer(choices...)
		a.Usage, a.Ragft = &used, extra
		_ = http.NewResponseController(p.w).SetWriteDeadline(time.Now().Add(p.service.limits.Write))
		writeJSON(p.w, http.StatusOK, a)
		return
	}
	for i, c := range choices {
		a := p.answer(c)
		if i == len(choices)-1 {
			a.Ragft = extra
		}
		p.send(a)
	}
	if p.usage {
		a := p.answer()
		a.Usage = &used
		p.send(a)
	}
	p.event([]byte("[DONE]"))
}

// abort returns the error, and sends it as an event if a stream has started.
func (p *reply) abort(err error) error {
	if !p.begun {
		return err
	}
	data, _ := json.Marshal(map[string]any{"error": p.service.toAPI(err)}) // strings only
	p.event(data)
	return err
}
