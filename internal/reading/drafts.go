package reading

import (
	"math"

	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/internal/words"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/model"
)

// ShortTokens is the length of the longest answer that is called short, the token that ends it included.
const ShortTokens = 16

// How drafts are drawn.
const (
	draftTemperature = 0.8
	draftTopP        = 0.95
	draftSeed        = 1 // an answer does not depend on when it is asked for
)

// draws reports whether drafts are drawn beside the answer to a question.
func (r Reader) draws(a *Asking) bool {
	return r.Drafts > 0 && r.Like.Temperature == 0 && r.Extract == nil && r.Ensemble == nil && len(a.Hits) > 0
}

// drafts returns the request for short answers to choose from beside the answer to the request.
func (r Reader) drafts(like model.Request) model.Request {
	like.Samples, like.MaxTokens = r.Drafts, ShortTokens+1
	if r.Like.MaxTokens > 0 {
		like.MaxTokens = min(like.MaxTokens, r.Like.MaxTokens)
	}
	like.Temperature, like.TopP, like.TopK, like.MinP, like.Seed = draftTemperature, draftTopP, 0, 0, draftSeed
	like.OnText = nil
	return like
}

// Chosen returns the answer to give of the samples of a response, of which the first is the one of the likeliest tokens and the
// others are drafts: of the short ones, the one of whose tokens the model is surest on average. A small model is often surer of another
// answer than of the one that begins with its likeliest token. A first answer that is not short, or declines, is given as it is.
func Chosen(samples []model.Sample) model.Sample {
	first := samples[0]
	best, most := first, sureness(first)
	if math.IsInf(most, -1) || first.Thinking != "" || words.IsBlank(first.Text) || answer.IsRefusal(first.Text) {
		return first
	}
	for _, s := range samples[1:] {
		if l := sureness(s); l > most && s.Thinking == "" && !words.IsBlank(s.Text) && !answer.IsRefusal(s.Text) {
			best, most = s, l
		}
	}
	best.Excluded = first.Excluded
	return best
}

// sureness is the mean log probability of the tokens of a short answer, the one that ends it included. It is -Inf for others.
func sureness(s model.Sample) float64 {
	if s.Truncated || s.Tokens == 0 || s.Tokens > ShortTokens || !stats.IsFinite(s.MeanLogProb) {
		return math.Inf(-1)
	}
	return s.MeanLogProb
}
