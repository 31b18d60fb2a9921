package answer

import (
	"math"

	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/retriever"
)

// Ensemble answers from each passage alone and lets the answers vote, RA-DIT's
// way at inference (arXiv 2310.01352, section 2.1): p(y|x) is the sum over the
// passages c of p(y | c, x) times softmax(score)(c). For generation each
// passage gives one greedy answer; answers that are the same after
// normalisation are one, and so are all refusals; an answer's mass is the sum
// of its probabilities times the weights, and the confidence its share of all
// mass. It cites the passage that the likeliest wording was written from, whose
// number there is 1. The zero value is usable.
//
// Small passages fit where all of them together would not, at the price of one
// call a passage; only one that does not fit alone is left out. In the paper it is level with concatenation for a model
// tuned for it (50.1 against 50.9) and worse for one that is not.
type Ensemble struct {
	// Temperature of the soft-max over the scores of the search; 0 = 1. BM25
	// scores lie far apart: a higher temperature lets later passages speak.
	Temperature float64
}

// weights are the soft-max of the scores.
func (e Ensemble) Weights(hits []retriever.Hit) []float64 {
	t := e.Temperature
	if t <= 0 {
		t = 1
	}
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

// vote joins the answers to one, with the summed costs, and tells the place of
// the passage that it was written from. Its mean log probability is the
// logarithm of its share of the mass. extract, where set, takes out of the texts
// the answers that are compared.
func (e Ensemble) Vote(hits []retriever.Hit, responses []model.Response, extract func(text string) string) (out model.Response, from int) {
	type group struct {
		sample model.Sample
		from   int
		best   float64
		mass   float64
	}
	groups := map[string]*group{}
	var order []*group
	total, tokens := 0.0, 0
	for i, w := range e.Weights(hits) {
		s := responses[i].Samples[0]
		out.PromptTokens += responses[i].PromptTokens
		out.Seconds += responses[i].Seconds
		tokens += s.Tokens
		answer := s.Text
		if extract != nil {
			answer = extract(answer)
		}
		key := Normalize(answer)
		if IsRefusal(answer) {
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
	for _, g := range order { // the first of equals comes from the better passage
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
