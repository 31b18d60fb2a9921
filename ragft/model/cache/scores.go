package cache

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/ragft/ragft/ragft/model"
)

// As sets target, if it is a *[model.Scorer], to one that stores its scores in
// the cache. It reports false if the model behind the cache is not a Scorer.
// [model.As] calls it.
func (c *Model) As(target any) bool {
	out, ok := target.(*model.Scorer)
	if !ok {
		return false
	}
	behind, ok := model.As[model.Scorer](c.model)
	if ok {
		*out = scorer{c, behind}
	}
	return ok
}

// scorer is the [model.Scorer] of a cache.
type scorer struct {
	cache  *Model
	behind model.Scorer
}

// Score implements [model.Scorer].
func (s scorer) Score(ctx context.Context, completions []model.Completion) ([]model.Score, error) {
	return score(ctx, s.cache, completions, completionKey, s.behind.Score)
}

// ScoreTexts implements [model.Scorer].
func (s scorer) ScoreTexts(ctx context.Context, texts []string) ([]model.Score, error) {
	context := 0
	if sized, ok := model.As[model.TokenCounter](s.cache.model); ok {
		context = sized.ContextTokens()
	}
	return score(ctx, s.cache, texts, textKey(context), s.behind.ScoreTexts)
}

// score answers from the cache, and scores the other items with behind.
func score[T any](ctx context.Context, c *Model, items []T, key func(name string, item T) string,
	behind func(context.Context, []T) ([]model.Score, error)) ([]model.Score, error) {
	keys := make([]string, len(items))
	for i, item := range items {
		keys[i] = key(c.Name(), item)
	}
	entries, asked, err := c.answer(ctx, keys, func(missing []int) ([]json.RawMessage, error) {
		send := make([]T, len(missing))
		for i, at := range missing {
			send[i] = items[at]
		}
		fresh, err := behind(ctx, send)
		if err != nil {
			return nil, err
		}
		if len(fresh) != len(send) {
			return nil, fmt.Errorf("model %s returned %d scores for %d texts", c.Name(), len(fresh), len(send))
		}
		return encodeAll(fresh, encodeScore)
	}, func(int) bool { return true })
	if err != nil {
		return nil, err
	}
	scores := make([]model.Score, len(items))
	for i, entry := range entries {
		if scores[i], err = decodeScore(entry); err != nil {
			return nil, fmt.Errorf("ragft: cache: entry %s: %w", keys[i], err)
		}
		scores[i].Cached = !asked[i]
	}
	return scores, nil
}
