package openai

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/retry"
	"github.com/ragft/ragft/internal/thoughts"
	"github.com/ragft/ragft/ragft/model"
)

// answer is a completion as far as it has come.
type answer struct {
	text      strings.Builder
	reasoning strings.Builder // that the server has separated
	tokens    []token
	finish    string
	usage     usage
	done      bool // the stream has said that it is complete

	begun bool // the model's prompt is known to open a chain of thought
	known bool // an answer has told, so that begun is right
	stops []string
}

// reply is a completion or, with Delta, a piece of one.
type reply struct {
	Choices []struct {
		Message      message         `json:"message"`
		Delta        message         `json:"delta"`
		LogProbs     json.RawMessage `json:"logprobs"`
		FinishReason string          `json:"finish_reason"`
	} `json:"choices"`
	Usage usage           `json:"usage"`
	Error json.RawMessage `json:"error"`
}

type usage struct {
	PromptTokens     int `json:"prompt_tokens"`
	CompletionTokens int `json:"completion_tokens"`
}

type token struct {
	Token   string  `json:"token"`
	LogProb float64 `json:"logprob"`
}

// message is what the assistant says. Servers name the chain of thought in two ways.
type message struct {
	Content          parts `json:"content"`
	Refusal          parts `json:"refusal"`
	ReasoningContent parts `json:"reasoning_content"`
	Reasoning        parts `json:"reasoning"`
}

// parts is a text, or a list of parts of texts and thoughts. Parts of other types are passed over.
type parts struct{ text, thinking string }

// UnmarshalJSON reads a text, null or a list of parts.
func (p *parts) UnmarshalJSON(data []byte) error {
	if data[0] != '[' {
		if data[0] == '"' {
			return json.Unmarshal(data, &p.text)
		}
		return nil // null, or what is no text
	}
	var list []struct {
		Type     string `json:"type"`
		Text     parts  `json:"text"`
		Thinking parts  `json:"thinking"`
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return fmt.Errorf("content that is neither a text nor a list of parts: %w", err)
	}
	for _, part := range list {
		switch part.Type {
		case "thinking", "reasoning":
			p.thinking += part.Thinking.text + part.Text.text
		case "text", "output_text", "refusal", "":
			p.text += part.Text.text
		}
	}
	return nil
}

// add takes what a reply holds, and returns what it adds to the text.
func (a *answer) add(r *reply) (piece string, err error) {
	if len(r.Error) > 0 && string(r.Error) != "null" {
		return "", &retry.StatusError{Code: http.StatusOK, Message: string(r.Error)}
	}
	if r.Usage.CompletionTokens > 0 {
		a.usage = r.Usage
	}
	if len(r.Choices) == 0 {
		return "", nil
	}
	choice := r.Choices[0]
	a.finish = cmp.Or(choice.FinishReason, a.finish)
	var probs struct {
		Content []token `json:"content"`
	}
	if json.Unmarshal(choice.LogProbs, &probs) == nil { // an older form is no worse than none
		a.tokens = append(a.tokens, probs.Content...)
	}
	for _, m := range []message{choice.Message, choice.Delta} {
		piece += m.Content.text + m.Refusal.text
		a.reasoning.WriteString(m.Content.thinking + cmp.Or(m.ReasoningContent.text, m.Reasoning.text, m.Reasoning.thinking))
	}
	a.text.WriteString(piece)
	return piece, nil
}

// whole reads a reply that is not streamed.
func (a *answer) whole(body io.Reader) error {
	var r reply
	if err := json.NewDecoder(body).Decode(&r); err != nil {
		return fmt.Errorf("the reply: %w", err)
	}
	if _, err := a.add(&r); err != nil {
		return err
	}
	if len(r.Choices) == 0 {
		return errors.New("the reply has no choices")
	}
	return nil
}

const eventStream = "text/event-stream"

// stream reads server-sent events, and calls onText with each piece of the answer. An error after a piece is final.
func (a *answer) stream(body io.Reader, onText func(string)) error {
	var out thoughts.Stream
	switch {
	case a.begun:
		out.Begun()
	case !a.known:
		out.Doubt()
	}
	shown := false
	show := func(piece string) {
		if piece != "" && onText != nil {
			shown = true
			onText(piece)
		}
	}
	err := events(body, func(data []byte) error {
		if bytes.HasPrefix(data, []byte("[DONE]")) {
			a.done = true
			return io.EOF // the server may leave the connection open
		}
		var r reply
		if err := json.Unmarshal(data, &r); err != nil {
			return fmt.Errorf("the reply: %w", err)
		}
		piece, err := a.add(&r)
		show(out.Push(piece))
		if a.reasoning.Len() > 0 {
			a.settle(&out, show) // the server separates thoughts itself
		}
		return err
	})
	if err == nil && !a.done && a.finish == "" {
		err = fmt.Errorf("the answer ended early: %w", io.ErrUnexpectedEOF)
	}
	a.settle(&out, show)
	if err != nil && shown {
		return &retry.FinalError{Err: err}
	}
	if err != nil {
		return err
	}
	show(out.End())
	if text := a.sample().Text; a.begun && !shown && text != "" {
		show(text) // it did not think this time
	}
	return nil
}

// settle shows what a stream has held back in doubt.
func (a *answer) settle(out *thoughts.Stream, show func(string)) {
	for _, piece := range out.Held() {
		show(piece)
	}
}

// events calls each with the data of the server-sent events in a body, until it returns io.EOF. The last one may lack the empty line
// after it.
func events(body io.Reader, each func(data []byte) error) error {
	lines := bufio.NewReader(body)
	var data []byte
	for {
		line, err := lines.ReadBytes('\n')
		line = bytes.TrimRight(line, "\r\n")
		if value, ok := bytes.CutPrefix(line, []byte("data:")); ok {
			data = append(append(data, bytes.TrimPrefix(value, []byte(" "))...), '\n')
		}
		if len(data) > 0 && (len(line) == 0 || err != nil) {
			if failed := each(data); failed == io.EOF {
				return nil
			} else if failed != nil {
				return failed
			}
			data = nil
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// sample divides the text into thoughts and answer. What the server has written after a stop string is no part of it.
func (a *answer) sample() model.Sample {
	whole := a.text.String()
	text := whole
	for _, stop := range a.stops {
		if stop != "" {
			text, _, _ = strings.Cut(text, stop)
		}
	}
	stopped := len(text) < len(whole)
	thinking, at := thoughts.Split(text, a.begun && a.cutOff() && a.reasoning.Len() == 0)
	s := model.Sample{
		Text: strings.TrimSpace(text[at:]), Thinking: cmp.Or(strings.TrimSpace(a.reasoning.String()), thinking),
		Tokens: a.usage.CompletionTokens, MeanLogProb: math.NaN(), Truncated: a.cutOff() && !stopped,
	}
	tokens := make([]string, len(a.tokens))
	for i, t := range a.tokens {
		tokens[i] = t.Token
	}
	from, to := thoughts.AnswerToken(tokens, whole, at), len(tokens)
	if stopped {
		to = thoughts.AnswerToken(tokens, whole, len(text)) // 0 where the tokens are others than those of the text
	}
	if said := a.tokens[from:max(from, to)]; len(said) > 0 {
		sum := 0.0
		for _, t := range said {
			sum += t.LogProb
		}
		s.MeanLogProb = sum / float64(len(said))
	}
	return s
}

// cutOff reports whether the server has ended the text at a limit.
func (a *answer) cutOff() bool {
	return slices.Contains([]string{"length", "max_tokens", "model_length"}, a.finish)
}
