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

// Score implements [model.Scorer]. Prompts that are equal are computed once.
func (m *Model) Score(ctx context.Context, completions []model.Completion) ([]model.Score, error) {
	type group struct {
		prompt    []llama.Token
		responses [][]llama.Token
		of        []int
	}
	var groups []*group
	byPrompt := map[string]*group{}
	for i, c := range completions {
		messages := append(llamachat.Messages(c.Messages), llama.Message{Role: model.RoleAssistant, Content: c.Response})
		prompt, response, err := m.model.TokenizeTurn(messages, llama.ChatOptions{})
		if err != nil {
			return nil, fmt.Errorf("ragft: completion %d: %w", i+1, err)
		}
		key := fmt.Sprint(prompt)
		g := byPrompt[key]
		if g == nil {
			g = &group{prompt: prompt}
			byPrompt[key] = g
			groups = append(groups, g)
		}
		g.responses = append(g.responses, response)
		g.of = append(g.of, i)
	}
	out := make([]model.Score, len(completions))
	for _, g := range groups {
		logProbs, err := m.logProbs(ctx, g.prompt, g.responses)
		if err != nil {
			return nil, err
		}
		for k, i := range g.of {
			out[i] = add(out[i], logProbs[k])
		}
	}
	return out, nil
}

// ScoreTexts implements [model.Scorer].
func (m *Model) ScoreTexts(ctx context.Context, texts []string) ([]model.Score, error) {
	out := make([]model.Score, len(texts))
	for i, text := range texts {
		tokens, err := m.model.Tokenize(text, llama.TokenizeOptions{})
		if err != nil {
			return nil, fmt.Errorf("ragft: text %d: %w", i+1, err)
		}
		var begin []llama.Token
		if bos := m.model.BOS(); bos != llama.NoToken {
			begin = []llama.Token{bos}
		}
		size := m.ContextTokens() - len(begin)
		for piece := range slices.Chunk(tokens, max(2, size)) {
			prompt := slices.Concat(begin, piece)
			if len(prompt) < 2 {
				continue
			}
			logProbs, err := m.logProbs(ctx, prompt[:1], [][]llama.Token{prompt[1:]})
			if err != nil {
				return nil, err
			}
			out[i] = add(out[i], logProbs[0])
		}
	}
	return out, nil
}

func (m *Model) logProbs(ctx context.Context, prompt []llama.Token, continuations [][]llama.Token) ([][]float32, error) {
	logProbs, err := m.context.Score(ctx, prompt, continuations)
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
