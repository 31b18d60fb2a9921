package cache

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"

	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/ragft/model"
)

// likelihood is how likely a response is after its prompt.
type Likelihood struct {
	Mean   float64 // log probability of a token, nats
	Tokens int
	end    float64 // log probability of the last token, which ends the response; NaN where a cache does not tell
	Cached bool    // answered by a cache
}

// begins is the log probability of the response without the token that ends it.
func (l Likelihood) Begins() float64 { return l.Mean*float64(l.Tokens) - l.end }

// likelihoods scores responses by a model that is a [model.Scorer], perhaps behind a
// [Model], which then keeps the scores and counts its hits.
func Likelihoods(ctx context.Context, m model.Model, pairs []model.Completion) ([]Likelihood, error) {
	scorer, err := model.AsScorer(m)
	if err != nil {
		return nil, err
	}
	cache, ok := m.(*Model)
	if !ok {
		return scoreAll(ctx, scorer, pairs)
	}
	keys := make([]string, len(pairs))
	for i, pair := range pairs {
		keys[i] = scoreKey(cache.Name(), pair)
	}
	known := make([]model.Response, len(pairs))
	missing, err := cache.lookUp(keys, known)
	if err != nil {
		return nil, err
	}
	send, stored, raws := make([]model.Completion, len(missing)), make([]string, len(missing)), make([]json.RawMessage, len(missing))
	for i, at := range missing {
		send[i], stored[i] = pairs[at], keys[at]
	}
	fresh, err := scoreAll(ctx, scorer, send)
	if err != nil {
		return nil, err
	}
	byKey := map[string]Likelihood{}
	asked := map[int]bool{}
	for _, at := range missing {
		asked[at] = true
	}
	for i, l := range fresh {
		byKey[stored[i]] = l
		if raws[i], err = encodeResponse(model.Response{Samples: []model.Sample{{Tokens: l.Tokens, MeanLogProb: l.Mean}, {Tokens: 1, MeanLogProb: l.end}}}); err != nil {
			return nil, fmt.Errorf("ragft: cache: %w", err)
		}
	}
	if len(missing) > 0 {
		if err := cache.store(stored, raws); err != nil {
			return nil, err
		}
	}
	out := make([]Likelihood, len(pairs))
	for i, key := range keys {
		l, isFresh := byKey[key]
		if !isFresh {
			s := known[i].Samples[0]
			if l = (Likelihood{s.MeanLogProb, s.Tokens, math.NaN(), true}); math.IsNaN(l.Mean) {
				l.Mean = math.Inf(-1) // JSON has no infinity
			}
			if len(known[i].Samples) > 1 {
				l.end = known[i].Samples[1].MeanLogProb
			}
		}
		l.Cached = !asked[i]
		out[i] = l
	}
	return out, nil
}

func scoreAll(ctx context.Context, scorer model.Scorer, pairs []model.Completion) ([]Likelihood, error) {
	if err := ctx.Err(); err != nil || len(pairs) == 0 {
		return nil, err
	}
	scores, err := scorer.ScoreResponses(ctx, pairs)
	if err != nil {
		return nil, err
	}
	if len(scores) != len(pairs) {
		return nil, fmt.Errorf("the model returned %d scores for %d responses", len(scores), len(pairs))
	}
	out := make([]Likelihood, len(pairs))
	for i, tokens := range scores {
		if len(tokens) == 0 {
			return nil, fmt.Errorf("the model gave no score for the response %q", pairs[i].Response)
		}
		out[i] = Likelihood{stats.WeightedSum(tokens, nil) / float64(len(tokens)), len(tokens), tokens[len(tokens)-1], false}
	}
	return out, nil
}

// scoreKey is the hash of all that a score depends on.
func scoreKey(m string, pair model.Completion) string {
	h := sha256.New()
	// Strings cannot fail to encode.
	_ = json.NewEncoder(h).Encode(struct {
		Score    string
		Messages []model.Message
		Response string
	}{m, pair.Messages, pair.Response})
	return hex.EncodeToString(h.Sum(nil))
}
