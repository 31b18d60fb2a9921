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

// ScoreResponses is that of [model.Scorer]. Pairs with the same prompt compute it once.
func (m *Model) ScoreResponses(ctx context.Context, pairs []model.Completion) ([][]float64, error) {
	type group struct {
		prompt    []llama.Token
		responses [][]llama.Token
		of        []int
	}
	var groups []*group
	byPrompt := map[string]*group{}
	for i, pair := range pairs {
		messages := append(llamachat.Messages(pair.Messages), llama.Message{Role: model.RoleAssistant, Content: pair.Response})
		prompt, response, err := m.model.TokenizeTurn(messages, llama.ChatOptions{})
		if err != nil {
			return nil, fmt.Errorf("ragft: pair %d: %w", i+1, err)
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
	out := make([][]float64, len(pairs))
	for _, g := range groups {
		scores, err := m.score(ctx, g.prompt, g.responses)
		if err != nil {
			return nil, err
		}
		for k, i := range g.of {
			out[i] = scores[k]
		}
	}
	return out, nil
}

// ScoreTexts is that of [model.Scorer].
func (m *Model) ScoreTexts(ctx context.Context, texts []string) ([][]float64, error) {
	out := make([][]float64, len(texts))
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
			scores, err := m.score(ctx, prompt[:1], [][]llama.Token{prompt[1:]})
			if err != nil {
				return nil, err
			}
			out[i] = append(out[i], scores[0]...)
		}
	}
	return out, nil
}

// tokenScorer is an engine that can score; that of a model with
// LocalOptions.Serve is none.
type tokenScorer interface {
	Score(ctx context.Context, prompt []llama.Token, continuations [][]llama.Token) ([][]float32, error)
}

func (m *Model) CanScore() bool {
	_, ok := m.work.(tokenScorer)
	return ok
}

func (m *Model) score(ctx context.Context, prompt []llama.Token, continuations [][]llama.Token) ([][]float64, error) {
	scorer, ok := m.work.(tokenScorer)
	if !ok {
		return nil, fmt.Errorf("%w: open it without LocalOptions.Serve", model.ErrNoScores)
	}
	scores, err := scorer.Score(ctx, prompt, continuations)
	if errors.Is(err, llama.ErrPromptTooLong) {
		return nil, fmt.Errorf("%w: %w", model.ErrPromptTooLong, err)
	}
	if err != nil {
		return nil, fmt.Errorf("ragft: %w", err)
	}
	out := make([][]float64, len(scores))
	for i, s := range scores {
		out[i] = make([]float64, len(s))
		for k, p := range s {
			out[i][k] = float64(p)
		}
	}
	return out, nil
}
