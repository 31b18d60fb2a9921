package openai

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"

	sdk "github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/packages/param"

	"github.com/ragft/ragft/internal/retry"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/ragft/model"
)

// fields says which fields that some servers refuse a request has.
type fields struct {
	logProbs        bool
	completionLimit bool // max_completion_tokens in place of max_tokens
}

// params returns the body of a request.
func (m *Model) params(req model.Request, index int, f fields, stream bool) sdk.ChatCompletionNewParams {
	body := map[string]any{}
	maps.Copy(body, m.opts.Extra)
	body["model"], body["messages"] = m.name, withoutThinking(req.Messages)
	body["temperature"] = req.Temperature
	body["seed"] = int64(seed.Derive(req.Seed, "sample", fmt.Sprint(index)) & math.MaxInt32)
	if f.completionLimit {
		body["max_completion_tokens"] = req.MaxTokens
	} else {
		body["max_tokens"] = req.MaxTokens
	}
	if f.logProbs {
		body["logprobs"] = true
	}
	if req.TopP > 0 {
		body["top_p"] = req.TopP
	}
	if req.TopK > 0 {
		body["top_k"] = req.TopK // not OpenAI's, but known to most others
	}
	if len(req.Stop) > 0 {
		body["stop"] = req.Stop
	}
	if len(req.Schema) > 0 {
		body["response_format"] = map[string]any{"type": "json_schema",
			"json_schema": map[string]any{"name": "answer", "strict": true, "schema": req.Schema}}
	}
	if stream {
		body["stream_options"] = map[string]any{"include_usage": true}
	}
	// The JSON of our messages is the API's own.
	return param.Override[sdk.ChatCompletionNewParams](body)
}

// withoutThinking leaves out the chain of thought, which the API does not accept.
func withoutThinking(messages []model.Message) []model.Message {
	out := slices.Clone(messages)
	for i := range out {
		out[i].Thinking = ""
	}
	return out
}

// answer is a completion as far as it has come.
type answer struct {
	text     strings.Builder
	logProbs []sdk.ChatCompletionTokenLogprob
	finish   string
	usage    sdk.CompletionUsage
}

func (a *answer) sample() model.Sample {
	s := model.Sample{Text: strings.TrimSpace(a.text.String()), Tokens: int(a.usage.CompletionTokens),
		MeanLogProb: math.NaN(), Truncated: a.finish == "length"}
	if len(a.logProbs) > 0 {
		sum := 0.0
		for _, p := range a.logProbs {
			sum += p.Logprob
		}
		s.MeanLogProb = sum / float64(len(a.logProbs))
	}
	return s
}

func (m *Model) post(ctx context.Context, params sdk.ChatCompletionNewParams, onText func(string)) (*answer, error) {
	if onText != nil {
		return m.stream(ctx, params, onText)
	}
	completion, err := m.client.Chat.Completions.New(ctx, params)
	if err != nil {
		return nil, statusError(err)
	}
	if failure, ok := completion.JSON.ExtraFields["error"]; ok && failure.Raw() != "null" {
		return nil, &retry.StatusError{Code: http.StatusOK, Message: failure.Raw()}
	}
	if len(completion.Choices) == 0 {
		return nil, errors.New("the reply has no choices")
	}
	choice := completion.Choices[0]
	a := &answer{logProbs: choice.Logprobs.Content, finish: choice.FinishReason, usage: completion.Usage}
	a.text.WriteString(choice.Message.Content + choice.Message.Refusal)
	return a, nil
}

// stream calls onText with each piece of the text. An error after a piece is final.
func (m *Model) stream(ctx context.Context, params sdk.ChatCompletionNewParams, onText func(string)) (*answer, error) {
	stream := m.client.Chat.Completions.NewStreaming(ctx, params)
	defer stream.Close()
	a := &answer{}
	for stream.Next() {
		chunk := stream.Current()
		if chunk.Usage.CompletionTokens > 0 {
			a.usage = chunk.Usage
		}
		if len(chunk.Choices) == 0 {
			continue
		}
		choice := chunk.Choices[0]
		a.finish = cmp.Or(choice.FinishReason, a.finish)
		a.logProbs = append(a.logProbs, choice.Logprobs.Content...)
		if piece := choice.Delta.Content + choice.Delta.Refusal; piece != "" {
			a.text.WriteString(piece)
			onText(piece)
		}
	}
	err := stream.Err()
	if err == nil && a.finish == "" {
		err = fmt.Errorf("the answer ended early: %w", io.ErrUnexpectedEOF)
	}
	if err != nil && a.text.Len() > 0 {
		return nil, &retry.FinalError{Err: statusError(err)}
	}
	return a, statusError(err)
}
