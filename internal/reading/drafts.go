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

// lengthPower weighs the length of a draft: 0 prefers short ones, and 1 compares the mean of the tokens (Wu et al. 2016,
// arXiv 1609.08144, section 7, whose best values are from 0.6 to 0.7).
const lengthPower = 0.7

// drafts returns the request for short answers to choose from beside the answer to the request, or false if there is nothing to
// choose.
func (r Reader) drafts(like model.Request) (model.Request, bool) {
	if r.Drafts == 0 || like.Temperature > 0 {
		return like, false
	}
	like.Samples, like.MaxTokens = r.Drafts, ShortTokens+1
	if r.Like.MaxTokens > 0 {
		like.MaxTokens = min(like.MaxTokens, r.Like.MaxTokens)
	}
	like.Temperature, like.TopP, like.TopK, like.MinP, like.Seed = draftTemperature, draftTopP, 0, 0, draftSeed
	like.OnText = nil
	return like, true
}

// Chosen returns the answer to give of the samples of a response, of which the first is the one of the likeliest tokens and the
// others are drafts: the likeliest of the short ones as a whole. A small model is often surer of all of another answer than of the
// one that begins with its likeliest token. A first answer that is not short, or declines, is given as it is.
func Chosen(samples []model.Sample) model.Sample {
	first := samples[0]
	best, most := first, likelihood(first)
	if math.IsInf(most, -1) || words.IsBlank(first.Text) || answer.IsRefusal(first.Text) {
		return first
	}
	for _, s := range samples[1:] {
		if l := likelihood(s); l > most && !words.IsBlank(s.Text) && !answer.IsRefusal(s.Text) {
			best, most = s, l
		}
	}
	best.Excluded = first.Excluded
	return best
}

// likelihood is how likely a short answer is, with its length taken into account. It is -Inf for others.
func likelihood(s model.Sample) float64 {
	if s.Truncated || s.Tokens == 0 || s.Tokens > ShortTokens || !stats.IsFinite(s.MeanLogProb) {
		return math.Inf(-1)
	}
	return s.MeanLogProb * math.Pow(float64(s.Tokens), 1-lengthPower)
}
