package ollama

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/ollama/ollama/api"

	"github.com/ragft/ragft/internal/retry"
	"github.com/ragft/ragft/internal/thoughts"
	"github.com/ragft/ragft/ragft/model"
)

// answer is an answer as far as it has come.
type answer struct {
	onText    func(string) // nil = none
	begun     bool         // the model's prompt is known to open a chain of thought
	known     bool         // an answer has told, so that begun is right
	text      strings.Builder
	reasoning strings.Builder // that the server has separated
	logProbs  []api.Logprob
	last      api.ChatResponse
	shown     bool
}

// receive takes the parts of an answer. An error after text was shown is final.
func (a *answer) receive(chat func(api.ChatResponseFunc) error) error {
	var out thoughts.Stream
	switch {
	case a.begun:
		out.Begun()
	case !a.known:
		out.Doubt()
	}
	err := chat(func(part api.ChatResponse) error {
		a.text.WriteString(part.Message.Content)
		a.reasoning.WriteString(part.Message.Thinking)
		a.logProbs = append(a.logProbs, part.Logprobs...)
		a.show(out.Push(part.Message.Content))
		if a.reasoning.Len() > 0 {
			a.settle(&out) // the server separates thoughts itself
		}
		a.last = part
		return nil
	})
	a.settle(&out)
	if err == nil && !a.last.Done {
		// The client does not tell a broken connection from the end.
		err = fmt.Errorf("the answer ended early: %w", io.ErrUnexpectedEOF)
	}
	if err != nil && a.shown {
		return &retry.FinalError{Err: err}
	}
	if err != nil {
		return err
	}
	a.show(out.End())
	if a.begun && !a.shown {
		a.show(a.sample().Text) // it did not think this time
	}
	return nil
}

// settle shows what a stream has held back in doubt.
func (a *answer) settle(out *thoughts.Stream) {
	for _, piece := range out.Held() {
		a.show(piece)
	}
}

func (a *answer) show(piece string) {
	if piece != "" && a.onText != nil {
		a.shown = true
		a.onText(piece)
	}
}

// sample divides the text into thoughts and answer.
func (a *answer) sample() model.Sample {
	text, truncated := a.text.String(), a.last.DoneReason == "length"
	thinking, at := thoughts.Split(text, a.begun && truncated && a.reasoning.Len() == 0)
	answer := text[at:]
	if at > 0 {
		answer = strings.TrimSpace(answer)
	}
	tokens := make([]string, len(a.logProbs))
	for i, p := range a.logProbs {
		tokens[i] = p.Token
	}
	return model.Sample{
		Text: answer, Thinking: cmp.Or(strings.TrimSpace(a.reasoning.String()), thinking), Tokens: a.last.EvalCount,
		MeanLogProb: meanLogProb(a.logProbs[thoughts.AnswerToken(tokens, text, at):]), Truncated: truncated,
	}
}

func meanLogProb(logProbs []api.Logprob) float64 {
	if len(logProbs) == 0 {
		return math.NaN()
	}
	sum := 0.0
	for _, p := range logProbs {
		sum += p.Logprob
	}
	return sum / float64(len(logProbs))
}
