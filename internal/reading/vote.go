package reading

import (
	"cmp"
	"math"

	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/retriever"
)

// weights returns the softmax of the scores.
func weights(e answer.Ensemble, hits []retriever.Hit) []float64 {
	t := cmp.Or(e.Temperature, 1)
	out := make([]float64, len(hits))
	most, sum := math.Inf(-1), 0.0
	for _, hit := range hits {
		most = max(most, hit.Score/t)
	}
	for i, hit := range hits {
		out[i] = math.Exp(hit.Score/t - most)
		sum += out[i]
	}
	for i := range out {
		out[i] /= sum
	}
	return out
}

// vote merges the answers from single passages into one, with the summed costs, and
// returns the index of the passage it was written from. Its mean log probability is
// the logarithm of its share of the mass. extract, if set, takes the answers to be
// compared out of the texts.
func vote(
	e answer.Ensemble, hits []retriever.Hit, responses []model.Response, extract func(text string) string,
) (out model.Response, from int) {
	type group struct {
		sample model.Sample
		from   int
		best   float64
		mass   float64
	}
	groups := map[string]*group{}
	var order []*group
	total, tokens := 0.0, 0
	for i, w := range weights(e, hits) {
		s := responses[i].Samples[0]
		out.PromptTokens += responses[i].PromptTokens
		out.Seconds += responses[i].Seconds
		tokens += s.Tokens
		said := s.Text
		if extract != nil {
			said = extract(said)
		}
		key := answer.Normalize(said)
		if answer.IsRefusal(said) {
			key = "\x00refusal"
		}
		p := w
		if !math.IsNaN(s.MeanLogProb) {
			p *= math.Exp(s.MeanLogProb * float64(max(1, s.Tokens)))
		}
		g := groups[key]
		if g == nil {
			g = &group{best: -1}
			groups[key] = g
			order = append(order, g)
		}
		g.mass += p
		total += p
		if p > g.best {
			g.best, g.sample, g.from = p, s, i
		}
	}
	var won *group
	for _, g := range order { // of equal masses, the one from the higher-ranked passage
		if won == nil || g.mass > won.mass {
			won = g
		}
	}
	sample := won.sample
	sample.Tokens, sample.MeanLogProb = tokens, math.NaN()
	if total > 0 {
		sample.MeanLogProb = math.Log(won.mass / total)
	}
	out.Samples = []model.Sample{sample}
	return out, won.from
}
