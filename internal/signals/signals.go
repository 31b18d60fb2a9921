// Package signals collects what shows how certain an answer is: scores that come with
// it, and further requests to the model. Evaluations and assistants share it, so that a
// calibration made by one holds for the other.
package signals

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/internal/scoring"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/retriever"
)

// The signals, which [confidence.Signals] describes.
const (
	LogProb     = "log_prob"
	True        = "p_true"
	Consistency = "self_consistency"
	Retrieval   = "retrieval"
	Margin      = "retrieval_margin"
)

// DefaultTruePrompt asks a model about its answer, after the prompt and the answer.
const DefaultTruePrompt = "Is the proposed answer correct? Reply yes or no."

// WithDefaults fills in the defaults of options.
func WithDefaults(o confidence.SignalOptions) confidence.SignalOptions {
	o.Temperature = cmp.Or(o.Temperature, 0.7)
	o.TruePrompt = cmp.Or(o.TruePrompt, DefaultTruePrompt)
	return o
}

// Free returns the signals that come with an answer and its passages, best first.
func Free(probability *float64, hits []retriever.Hit) confidence.Signals {
	s := confidence.Signals{}
	if probability != nil && *probability > 0 {
		s[LogProb] = math.Log(*probability)
	}
	if len(hits) > 0 && hits[0].Score > 0 {
		s[Retrieval] = math.Log(hits[0].Score)
		if len(hits) > 1 && hits[1].Score > 0 {
			s[Margin] = math.Log(hits[0].Score / hits[1].Score)
		}
	}
	return s
}

// Answer is an answer with the request that led to it.
type Answer struct {
	Request model.Request
	Text    string
}

// Ask lets the model sample further answers and judge its own, as the options say.
// extract, if set, takes answers out of sampled texts.
func Ask(
	ctx context.Context, m model.Model, o confidence.SignalOptions, answers []Answer, extract func(string) string, seed uint64,
) ([]confidence.Signals, error) {
	o = WithDefaults(o)
	out := make([]confidence.Signals, len(answers))
	for i := range out {
		out[i] = confidence.Signals{}
	}
	if o.Consistency > 0 && len(answers) > 0 {
		if err := sample(ctx, m, o, answers, extract, seed, out); err != nil {
			return nil, err
		}
	}
	if !o.True || len(answers) == 0 {
		return out, nil
	}
	prompts := make([][]model.Message, len(answers))
	for i, a := range answers {
		prompts[i] = trueMessages(o.TruePrompt, a)
	}
	probability := readTrue
	if Scores(m) {
		probability = scoreTrue
	}
	p, err := probability(ctx, m, prompts)
	if err != nil {
		return nil, err
	}
	for i := range p {
		if !math.IsNaN(p[i]) {
			out[i][True] = p[i]
		}
	}
	return out, nil
}

// sample lets the model answer again, and stores the share that agrees.
func sample(
	ctx context.Context, m model.Model, o confidence.SignalOptions, answers []Answer, extract func(string) string, s uint64,
	out []confidence.Signals,
) error {
	reqs := make([]model.Request, len(answers))
	for i, a := range answers {
		reqs[i] = a.Request
		reqs[i].Samples, reqs[i].Temperature, reqs[i].OnText = o.Consistency, o.Temperature, nil
		reqs[i].Seed = seed.Derive(s, "consistency", layout.Hash(a.Request.Messages))
	}
	responses, err := model.Chat(ctx, m, reqs)
	if err != nil {
		return err
	}
	for i, response := range responses {
		out[i][Consistency] = agreement(answers[i].Text, response.Samples, extract)
	}
	return nil
}

// Scores reports whether the signal [True] of a model is based on scores, rather than on
// the first token of its reply.
func Scores(m model.Model) bool {
	_, ok := model.As[model.Scorer](m)
	return ok
}

// Words that begin a reply of yes or no.
var yesWords, noWords = []string{"yes", "Yes"}, []string{"no", "No"}

// scoreTrue returns the probability that a reply to each prompt begins with yes, among
// the replies that begin with yes or no, whatever follows.
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
			best = max(best, l.Sum-l.Last) // without the token that ends the reply
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

// readTrue lets a model that cannot score write the first token of its reply. It
// returns the probability of a yes, or 1 minus that of a no; NaN for neither.
func readTrue(ctx context.Context, m model.Model, prompts [][]model.Message) ([]float64, error) {
	asked := make([]model.Request, len(prompts))
	for i, prompt := range prompts {
		// With more tokens, the text after a "no" would count as doubt about it.
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

// trueMessages repeats the prompt of an answer, so that it is computed once, followed by the answer.
func trueMessages(instruction string, a Answer) []model.Message {
	messages := slices.Clone(a.Request.Messages)
	last := &messages[len(messages)-1]
	last.Content += "\nProposed answer: " + layout.Indent(a.Text, layout.JudgeLine) + "\n" + instruction
	return messages
}

// agreement is the share of the samples that agree with the answer: equal after
// normalisation, one contained in the other, or with most words in common.
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

// yesProbability reads a single greedy token, "yes" or "no", with its probability.
// All other tokens count as the opposite. NaN if it is neither.
func yesProbability(s model.Sample) float64 {
	said := strings.Fields(answer.Normalize(s.Text))
	if len(said) == 0 {
		return math.NaN()
	}
	switch p := math.Exp(s.MeanLogProb); said[0] {
	case "yes", "true", "correct":
		return p
	case "no", "false", "incorrect":
		return 1 - p
	}
	return math.NaN()
}
