//go:build cgo

package service

import (
	"context"
	"net/http"

	"github.com/ragft/ragft/llama"
)

// complete answers POST /v1/completions. It continues texts without a chat template.
func (s *Service) complete(w http.ResponseWriter, r *http.Request) error {
	var req completionRequest
	if err := read(r, &req); err != nil {
		return err
	}
	m, err := s.model(req.Model)
	if err != nil {
		return err
	}
	switch {
	case req.Echo:
		return bad("echo", "echo is not supported")
	case req.Suffix != "":
		return bad("suffix", "suffix is not supported")
	case req.BestOf != nil && (req.N == nil && *req.BestOf != 1 || req.N != nil && *req.BestOf != *req.N):
		return bad("best_of", "best_of other than n is not supported")
	case req.LogProbs != nil && (*req.LogProbs < 0 || *req.LogProbs > 20):
		return bad("logprobs", "logprobs must be from 0 to 20")
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	work, err := s.newRun(m, &req.options, s.newReply(w, m, &req.options, false, cancel))
	if err != nil {
		return err
	}
	if req.LogProbs != nil {
		work.logProbs, work.top = true, *req.LogProbs
	}
	prompts, err := req.Prompt.tokenize(m.Local.Llama(), s.limits.Samples, "prompt")
	if err != nil {
		return err
	}
	if len(prompts)*work.samples > s.limits.Samples {
		return bad("prompt", "there are more than %d choices: the number of prompts times n", s.limits.Samples)
	}
	requests := make([]llama.Request, len(prompts))
	for i, prompt := range prompts {
		if requests[i], err = work.request(prompt); err != nil {
			return err
		}
		base := i * work.samples
		requests[i].OnText = func(sample int, text string) { work.text(base+sample, text) }
		work.follow(&requests[i], base)
	}
	results, err := work.generate(ctx, requests)
	if err != nil {
		return work.reply.abort(err)
	}
	var choices []choice
	for _, result := range results {
		for _, sample := range result.Samples {
			i := len(choices)
			answer := chatAnswer{Content: &sample.Text}
			choices = append(choices, work.reply.finish(i, answer, finishReason(sample), work.allLogProbs(i, sample.Text)))
		}
	}
	work.finished(choices, nil)
	return nil
}

// tokenize tokenizes the prompts.
func (p *prompts) tokenize(m *llama.Model, most int, param string) ([][]llama.Token, error) {
	if n := len(p.texts) + len(p.tokens); n < 1 || n > most {
		return nil, bad(param, "%s has %d texts; it must have 1 to %d", param, n, most)
	}
	var out [][]llama.Token
	for _, text := range p.texts {
		tokens, err := m.Tokenize(text, llama.TokenizeOptions{AddSpecial: true})
		if err != nil {
			return nil, err
		}
		out = append(out, tokens)
	}
	for _, list := range p.tokens {
		tokens := make([]llama.Token, len(list))
		for i, t := range list {
			if t < 0 || int(t) >= m.VocabSize() {
				return nil, bad(param, "there is no token %d", t)
			}
			tokens[i] = llama.Token(t)
		}
		out = append(out, tokens)
	}
	for _, tokens := range out {
		if len(tokens) == 0 {
			return nil, bad(param, "a text of %s is empty", param)
		}
	}
	return out, nil
}
