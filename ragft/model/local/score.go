//go:build cgo

package local

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ragft/ragft/internal/llamachat"
	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/ragft/model"
)

// Score implements [model.Scorer]. What prompts begin with alike is computed once.
func (m *Model) Score(ctx context.Context, completions []model.Completion) ([]model.Score, error) {
	var requests []llama.ScoreRequest
	var of [][]int // completions of each request
	byPrompt := map[string]int{}
	for i, c := range completions {
		messages := append(llamachat.Messages(c.Messages), llama.Message{Role: model.RoleAssistant, Content: c.Response})
		prompt, response, err := m.model.TokenizeTurn(messages, llama.ChatOptions{})
		if err != nil {
			return nil, fmt.Errorf("ragft: completion %d: %w", i+1, err)
		}
		key := fmt.Sprint(prompt)
		at, known := byPrompt[key]
		if !known {
			at = len(requests)
			byPrompt[key] = at
			requests, of = append(requests, llama.ScoreRequest{Prompt: prompt}), append(of, nil)
		}
		requests[at].Continuations = append(requests[at].Continuations, response)
		of[at] = append(of[at], i)
	}
	out := make([]model.Score, len(completions))
	logProbs, err := scored(m.context.ScoreAll(ctx, requests, func(at, reused int) {
		for _, i := range of[at] {
			out[i].PromptTokens, out[i].ReusedTokens = len(requests[at].Prompt), reused
			reused = len(requests[at].Prompt) // the other completions of a prompt do not read it
			if f := completions[i].OnScore; f != nil {
				f()
			}
		}
	}))
	if err != nil {
		return nil, err
	}
	for at, places := range of {
		for k, i := range places {
			out[i] = add(out[i], logProbs[at][k])
		}
	}
	return out, nil
}

// begin returns the token that the model puts before a text of its own accord, if there is one.
func (m *Model) begin() ([]llama.Token, error) {
	tokens, err := m.model.Tokenize("a", llama.TokenizeOptions{AddSpecial: true})
	if err != nil {
		return nil, fmt.Errorf("ragft: %w", err)
	}
	if bos := m.model.BOS(); bos == llama.NoToken || len(tokens) == 0 || tokens[0] != bos {
		return nil, nil
	}
	return tokens[:1], nil
}

// ScoreTexts implements [model.Scorer].
func (m *Model) ScoreTexts(ctx context.Context, texts []string) ([]model.Score, error) {
	out := make([]model.Score, len(texts))
	begin, err := m.begin()
	if err != nil {
		return nil, err
	}
	for i, text := range texts {
		tokens, err := m.model.Tokenize(text, llama.TokenizeOptions{})
		if err != nil {
			return nil, fmt.Errorf("ragft: text %d: %w", i+1, err)
		}
		before := begin
		if begin == nil && len(tokens) > 0 { // each piece begins after the last token of the one before
			before, tokens = tokens[:1], tokens[1:]
		}
		for piece := range slices.Chunk(tokens, max(1, m.ContextTokens()-1)) {
			request := llama.ScoreRequest{Prompt: before, Continuations: [][]llama.Token{piece}}
			if begin == nil {
				before = piece[len(piece)-1:]
			}
			logProbs, err := scored(m.context.ScoreAll(ctx, []llama.ScoreRequest{request}, nil))
			if err != nil {
				return nil, err
			}
			out[i] = add(out[i], logProbs[0][0])
		}
	}
	return out, nil
}

// scored names the errors of llama's Score as this package does.
func scored(logProbs [][][]float32, err error) ([][][]float32, error) {
	if errors.Is(err, llama.ErrPromptTooLong) {
		return nil, fmt.Errorf("%w: %w", model.ErrPromptTooLong, err)
	}
	if err != nil {
		return nil, fmt.Errorf("ragft: %w", err)
	}
	return logProbs, nil
}

// add adds the log probabilities of further tokens.
func add(s model.Score, logProbs []float32) model.Score {
	for _, p := range logProbs {
		s.Sum += float64(p)
		s.Last = float64(p)
	}
	s.Tokens += len(logProbs)
	return s
}
