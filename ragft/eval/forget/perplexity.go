package forget

import (
	"context"
	"fmt"
	"math"

	"github.com/ragft/ragft/internal/reading"
	"github.com/ragft/ragft/internal/scoring"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/ragft/model"
)

// Perplexity returns the perplexity of texts, exp of the mean negative log probability of
// their tokens, with a bootstrap interval over the texts. The model must be a
// [model.Scorer]. Perplexities of models with different vocabularies are not comparable.
func Perplexity(ctx context.Context, m model.Model, texts []string, seed uint64) (stats.Estimate, error) {
	if len(texts) == 0 {
		return stats.Estimate{}, fmt.Errorf("ragft: perplexity: %w", reading.ErrTooLittleText)
	}
	scores, err := scoring.Texts(ctx, m, texts)
	if err != nil {
		return stats.Estimate{}, fmt.Errorf("ragft: perplexity: %w", err)
	}
	sums := sumsOf(scores)
	return stats.Bootstrap(
		len(texts),
		stats.DefaultResamples,
		seed,
		func(weights []float64) float64 { return math.Exp(-sums.Mean(weights)) },
	), nil
}
