// Package scoring asks a model how likely texts are, and checks what it returns.
package scoring

import (
	"context"
	"fmt"

	"github.com/ragft/ragft/ragft/model"
)

// Completions scores responses by m or a model that it wraps. It is
// [model.ErrNoScores] if none of them is a [model.Scorer].
func Completions(ctx context.Context, m model.Model, completions []model.Completion) ([]model.Score, error) {
	scorer, ok := model.As[model.Scorer](m)
	if !ok {
		return nil, noScores(m)
	}
	if err := ctx.Err(); err != nil || len(completions) == 0 {
		return nil, err
	}
	scores, err := scorer.Score(ctx, completions)
	if err != nil {
		return nil, err
	}
	if len(scores) != len(completions) {
		return nil, fmt.Errorf("model %s returned %d scores for %d responses", m.Name(), len(scores), len(completions))
	}
	for i, score := range scores {
		if score.Tokens < 1 {
			return nil, fmt.Errorf("model %s returned no score for the response %q", m.Name(), completions[i].Response)
		}
	}
	return scores, nil
}

// Texts scores texts by m or a model that it wraps. It is [model.ErrNoScores]
// if none of them is a [model.Scorer].
func Texts(ctx context.Context, m model.Model, texts []string) ([]model.Score, error) {
	scorer, ok := model.As[model.Scorer](m)
	if !ok {
		return nil, noScores(m)
	}
	if err := ctx.Err(); err != nil || len(texts) == 0 {
		return nil, err
	}
	scores, err := scorer.ScoreTexts(ctx, texts)
	if err != nil {
		return nil, err
	}
	if len(scores) != len(texts) {
		return nil, fmt.Errorf("model %s returned %d scores for %d texts", m.Name(), len(scores), len(texts))
	}
	return scores, nil
}

func noScores(m model.Model) error { return fmt.Errorf("ragft: %w (%s)", model.ErrNoScores, m.Name()) }
