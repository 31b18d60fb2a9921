package confidence

import (
	"context"
	"math"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/internal/scoring"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/retriever"
)

// SignalOptions says which signals of certainty are collected beside the
// answers. The log probability and the retrieval scores cost nothing and are
// always there; the zero value asks for nothing else.
type SignalOptions struct {
	// Consistency is the number of further answers that are sampled, of which
	// the share that agrees with the answer is [SignalConsistency]; 0 = none.
	Consistency int     `json:"consistency,omitempty"`
	Temperature float64 `json:"temperature,omitempty"` // of these; 0 = 0.7

	// True asks the model whether its answer is right, for [SignalTrue]: of a
	// model that can score texts the probability of yes against no, of another
	// that of the first token of its reply.
	True       bool   `json:"true,omitempty"`
	TruePrompt string `json:"true_prompt,omitempty"` // system message of that; "" = [DefaultTruePrompt]
}

// DefaultTruePrompt is the system message that asks a model about its answer.
const DefaultTruePrompt = "Is the proposed answer correct? Reply yes or no."

func (o SignalOptions) WithDefaults() SignalOptions {
	if o.Temperature <= 0 {
		o.Temperature = 0.7
	}
	if o.TruePrompt == "" {
		o.TruePrompt = DefaultTruePrompt
	}
	return o
}

// freeSignals come with the answer.
func FreeSignals(confidence *float64, hits []retriever.Hit) Signals {
	s := Signals{}
	if confidence != nil && *confidence > 0 {
		s[SignalLogProb] = math.Log(*confidence)
	}
	if len(hits) > 0 && hits[0].Score > 0 {
		s[SignalRetrieval] = math.Log(hits[0].Score)
		if len(hits) > 1 && hits[1].Score > 0 {
			s[SignalMargin] = math.Log(hits[0].Score / hits[1].Score)
		}
	}
	return s
}

// ask has the model sample further answers and judge its own. Request i led to
// answer i; extract, where set, takes such answers out of what is sampled.
func (o SignalOptions) Ask(ctx context.Context, m model.Model, s uint64, reqs []model.Request, answers []string, extract func(string) string) ([]Signals, error) {
	out := make([]Signals, len(reqs))
	for i := range out {
		out[i] = Signals{}
	}
	if o.Consistency > 0 && len(reqs) > 0 {
		sampled := slices.Clone(reqs)
		for i := range sampled {
			sampled[i].Samples, sampled[i].Temperature, sampled[i].OnText = o.Consistency, o.Temperature, nil
			sampled[i].Seed = seed.Derive(s, "consistency", layout.Hash(reqs[i].Messages))
		}
		responses, err := model.Chat(ctx, m, sampled)
		if err != nil {
			return nil, err
		}
		for i, response := range responses {
			out[i][SignalConsistency] = agreement(answers[i], response.Samples, extract)
		}
	}
	if o.True && len(reqs) > 0 {
		prompts := make([][]model.Message, len(reqs))
		for i, req := range reqs {
			prompts[i] = o.trueMessages(req.Messages, answers[i])
		}
		judge := readTrue
		if ScoresTrue(m) {
			judge = scoreTrue
		}
		p, err := judge(ctx, m, prompts)
		if err != nil {
			return nil, err
		}
		for i := range p {
			if !math.IsNaN(p[i]) {
				out[i][SignalTrue] = p[i]
			}
		}
	}
	return out, nil
}

// scoresTrue tells how P(True) is found: by [scoreTrue] or [readTrue].
func ScoresTrue(m model.Model) bool {
	_, ok := model.As[model.Scorer](m)
	return ok
}

// Ways of saying yes and no; a model begins a reply with a capital letter or not.
var yesWords, noWords = []string{"yes", "Yes"}, []string{"no", "No"}

// scoreTrue is the probability that a reply to each prompt begins with yes, of
// those that begin with yes or no. What would follow that word has no part in it.
func scoreTrue(ctx context.Context, m model.Model, prompts [][]model.Message) ([]float64, error) {
	words := slices.Concat(yesWords, noWords)
	var pairs []model.Completion
	for _, prompt := range prompts {
		for _, word := range words {
			pairs = append(pairs, model.Completion{Messages: prompt, Response: word})
		}
	}
	scores, err := scoring.Completions(ctx, m, pairs)
	if err != nil {
		return nil, err
	}
	out := make([]float64, len(prompts))
	for i := range out {
		of := scores[i*len(words) : (i+1)*len(words)]
		best := math.Inf(-1)
		for _, l := range of {
			best = max(best, l.Sum-l.Last)
		}
		yes, all := 0.0, 0.0
		for k, l := range of {
			p := math.Exp(l.Sum - l.Last - best)
			all += p
			if k < len(yesWords) {
				yes += p
			}
		}
		out[i] = yes / all
	}
	return out, nil
}

// readTrue has a model that cannot score write the first token of its reply:
// the probability of a yes, or what a no leaves. NaN where it says neither.
func readTrue(ctx context.Context, m model.Model, prompts [][]model.Message) ([]float64, error) {
	asked := make([]model.Request, len(prompts))
	for i, prompt := range prompts {
		// More tokens than one would take what comes after a "no" for doubt of it.
		asked[i] = model.Request{Messages: prompt, MaxTokens: 1}
	}
	responses, err := model.Chat(ctx, m, asked)
	if err != nil {
		return nil, err
	}
	out := make([]float64, len(responses))
	for i, response := range responses {
		out[i] = yesProbability(response.Samples[0])
	}
	return out, nil
}

// trueMessages shows the prompt of the answer again, with the answer.
func (o SignalOptions) trueMessages(p []model.Message, answer string) []model.Message {
	user := ""
	for _, m := range p {
		if m.Role == model.RoleUser {
			user = m.Content
		}
	}
	return prompt.Chat(o.TruePrompt, user+"\n\nProposed answer: "+layout.Indent(answer, layout.JudgeLine))
}

// agreement is the share of the samples that say the same as the answer: equal
// after normalisation, one contained in the other, or most words in common.
func agreement(a string, samples []model.Sample, extract func(string) string) float64 {
	same := 0
	for _, s := range samples {
		text := strings.TrimSpace(s.Text)
		if extract != nil {
			text = extract(text)
		}
		if text != "" && !answer.IsRefusal(text) &&
			(answer.Contains(text, []string{a}) || answer.Contains(a, []string{text}) || answer.F1(text, []string{a}) >= 0.6) {
			same++
		}
	}
	return float64(same) / float64(len(samples))
}

// yesProbability reads a single greedy token, "yes" or "no", with its
// probability. Whatever else the model might have said counts as the other.
// NaN where it is neither.
func yesProbability(s model.Sample) float64 {
	words := strings.Fields(answer.Normalize(s.Text))
	if len(words) == 0 {
		return math.NaN()
	}
	switch p := math.Exp(s.MeanLogProb); words[0] {
	case "yes", "true", "correct":
		return p
	case "no", "false", "incorrect":
		return 1 - p
	}
	return math.NaN()
}
