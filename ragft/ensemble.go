package ragft

import (
	"context"
	"math"
	"strings"

	"github.com/ragft/ragft/retriever"
)

// Ensemble answers from each passage alone and lets the answers vote, RA-DIT's
// way at inference (arXiv 2310.01352, section 2.1): p(y|x) is the sum over the
// passages c of p(y | c, x) times softmax(score)(c). For generation each
// passage gives one greedy answer; answers that are the same after
// normalisation are one, and so are all refusals; an answer's mass is the sum
// of its probabilities times the weights. The zero value is usable.
//
// Small passages fit where all of them together would not, at the price of one
// call a passage. In the paper it is level with concatenation for a model
// tuned for it (50.1 against 50.9) and worse for one that is not.
type Ensemble struct {
	// Temperature of the soft-max over the scores of the search; 0 = 1. BM25
	// scores lie far apart: a higher temperature lets later passages speak.
	Temperature float64
}

// weights are the soft-max of the scores.
func (e Ensemble) weights(hits []retriever.Hit) []float64 {
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

// requests asks about each passage alone.
func (e Ensemble) requests(messages func([]retriever.Hit) []Message, hits []retriever.Hit, like ChatRequest) []ChatRequest {
	reqs := make([]ChatRequest, len(hits))
	for i := range hits {
		reqs[i] = like
		reqs[i].Messages, reqs[i].OnText = messages(hits[i:i+1]), nil
	}
	return reqs
}

// vote joins the answers to one, with the summed costs. Its mean log
// probability is that of its share of the mass, spread over its tokens.
func (e Ensemble) vote(hits []retriever.Hit, responses []ChatResponse) ChatResponse {
	type group struct {
		sample ChatSample
		best   float64
		mass   float64
	}
	groups := map[string]*group{}
	var order []*group
	out := ChatResponse{}
	total := 0.0
	for i, w := range e.weights(hits) {
		s := responses[i].Samples[0]
		out.PromptTokens += responses[i].PromptTokens
		out.Seconds += responses[i].Seconds
		key := Normalize(s.Text)
		if IsRefusal(s.Text) {
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
			g.best, g.sample = p, s
		}
	}
	var won *group
	for _, g := range order { // the first of equals comes from the better passage
		if won == nil || g.mass > won.mass {
			won = g
		}
	}
	sample := won.sample
	sample.MeanLogProb = math.NaN()
	if total > 0 {
		sample.MeanLogProb = math.Log(won.mass / total)
	}
	out.Samples = []ChatSample{sample}
	return out
}

// chat answers one request for each list of passages.
func (e Ensemble) chat(ctx context.Context, m Model, messages []func([]retriever.Hit) []Message, hits [][]retriever.Hit, like ChatRequest) ([]ChatResponse, error) {
	var reqs []ChatRequest
	from := make([]int, len(hits))
	for i := range hits {
		from[i] = len(reqs)
		if len(hits[i]) == 0 {
			one := like
			one.Messages = messages[i](nil)
			reqs = append(reqs, one)
			continue
		}
		reqs = append(reqs, e.requests(messages[i], hits[i], like)...)
	}
	all, err := chatAll(ctx, m, reqs)
	if err != nil {
		return nil, err
	}
	out := make([]ChatResponse, len(hits))
	for i := range hits {
		if len(hits[i]) == 0 {
			out[i] = all[from[i]]
			continue
		}
		out[i] = e.vote(hits[i], all[from[i]:from[i]+len(hits[i])])
		out[i].Samples[0].Text = strings.TrimSpace(out[i].Samples[0].Text)
	}
	return out, nil
}
