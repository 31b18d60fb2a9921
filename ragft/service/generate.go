//go:build cgo

package service

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ragft/ragft/internal/llamachat"
	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/ragft/model"
)

// run is one running request for text.
type run struct {
	service *Service
	model   *Model
	reply   *reply
	begin   time.Time

	sampling llama.Sampling
	stop     []string
	samples  int
	output   int  // largest number of tokens
	logProbs bool // requested
	top      int

	answered bool          // the first token was generated
	said     map[int]*said // by each choice, if log probabilities were requested
	used     usage
	drafts   bool   // a request with the prompt of the one before it is for drafts
	asked    bool   // an assistant has made its first call
	thinking string // of an assistant's answer
}

// newRun checks the options that all requests for text have in common.
func (s *Service) newRun(m *Model, o *options, reply *reply) (*run, error) {
	a := m.Assistant
	r := &run{
		service: s, model: m, reply: reply, begin: time.Now(), stop: append(o.Stop, a.Stop...), samples: 1,
		said: map[int]*said{},
		sampling: llama.Sampling{
			Temperature: llamachat.Float32(a.Temperature), TopP: llamachat.Float32(a.TopP), TopK: a.TopK, MinP: llamachat.Float32(o.MinP),
			PresencePenalty:  llamachat.Float32(o.PresencePenalty),
			FrequencyPenalty: llamachat.Float32(o.FrequencyPenalty),
			LogitBias:        o.LogitBias, Seed: rand.Uint32(),
		},
	}
	if o.Temperature != nil {
		r.sampling.Temperature = llamachat.Float32(*o.Temperature)
	}
	if o.TopP != nil {
		r.sampling.TopP = llamachat.Float32(*o.TopP)
	}
	if o.TopP != nil && *o.TopP == 0 {
		r.sampling.Temperature = 0 // the likeliest token alone
	}
	if o.RepeatPenalty != nil {
		r.sampling.RepeatPenalty = llamachat.Float32(*o.RepeatPenalty)
	}
	if o.TopK != nil {
		r.sampling.TopK = *o.TopK
	}
	if o.Seed != nil {
		r.sampling.Seed = uint32(*o.Seed ^ *o.Seed>>32)
	}
	if o.N != nil {
		r.samples = *o.N
	}
	r.output = min(s.limits.Output, 256)
	if a.MaxTokens > 0 {
		r.output = min(s.limits.Output, a.MaxTokens)
	}
	if o.MaxTokens != nil {
		r.output = min(s.limits.Output, *o.MaxTokens)
	}
	return r, r.check(o)
}

// maxBiases bounds logit_bias: where a grammar leaves few tokens, llama.cpp compares each of them with every bias, in the batch that
// all requests share.
const maxBiases = 300

func (r *run) check(o *options) error {
	inRange := func(x, most float64) bool { return x >= 0 && x <= most }
	around := func(x, most float64) bool { return x >= -most && x <= most }
	s := r.sampling
	switch {
	case !inRange(float64(s.Temperature), 100):
		return bad("temperature", "temperature must be from 0 to 100")
	case !inRange(float64(s.TopP), 1):
		return bad("top_p", "top_p must be from 0 to 1")
	case !inRange(float64(s.MinP), 1):
		return bad("min_p", "min_p must be from 0 to 1")
	case s.TopK < 0 || s.TopK > 1<<20:
		return bad("top_k", "top_k must be from 0 to %d", 1<<20)
	case o.RepeatPenalty != nil && !(*o.RepeatPenalty >= 0.01 && *o.RepeatPenalty <= 100):
		return bad("repeat_penalty", "repeat_penalty must be from 0.01 to 100; 1 changes nothing")
	case !around(o.PresencePenalty, 2):
		return bad("presence_penalty", "presence_penalty must be from -2 to 2")
	case !around(o.FrequencyPenalty, 2):
		return bad("frequency_penalty", "frequency_penalty must be from -2 to 2")
	case o.N != nil && (*o.N < 1 || *o.N > r.service.limits.Samples):
		return bad("n", "n must be from 1 to %d", r.service.limits.Samples)
	case o.MaxTokens != nil && *o.MaxTokens < 1:
		return bad("max_tokens", "max_tokens must be at least 1")
	case len(o.Stop) > 16:
		return bad("stop", "there are more than 16 stop strings")
	case o.StreamOptions != nil && !o.Stream:
		return bad("stream_options", "stream_options needs stream")
	case len(o.LogitBias) > maxBiases:
		return bad("logit_bias", "logit_bias has %d tokens; it may have at most %d", len(o.LogitBias), maxBiases)
	}
	for token, bias := range o.LogitBias {
		switch {
		case token < 0 || int(token) >= r.model.Local.Llama().VocabSize():
			return bad("logit_bias", "there is no token %d", token)
		case !around(float64(bias), 100):
			return bad("logit_bias", "the bias of token %d must be from -100 to 100", token)
		}
	}
	return nil
}

// request returns the model's request for a prompt.
func (r *run) request(prompt []llama.Token) (llama.Request, error) {
	room := r.model.Local.ContextTokens() - len(prompt)
	if limit := r.service.limits.Context; limit > 0 && len(prompt) > limit {
		room = 0
	}
	if room < 1 {
		return llama.Request{}, r.tooLong(len(prompt))
	}
	return llama.Request{
		Prompt: prompt, Samples: r.samples, MaxTokens: min(r.output, room), Sampling: r.sampling, Stop: r.stop, TopLogProbs: r.top,
	}, nil
}

func (r *run) tooLong(tokens int) error {
	limit := r.model.Local.ContextTokens()
	if c := r.service.limits.Context; c > 0 {
		limit = min(limit, c)
	}
	param := "messages"
	if !r.reply.chat {
		param = "prompt"
	}
	return &apiError{status: http.StatusBadRequest, Code: "context_length_exceeded", Param: param,
		Message: fmt.Sprintf("the prompt has %d tokens; the limit is %d", tokens, limit)}
}

// follow makes a request tell the run what its samples generate, before it tells others. The first one has the index base.
func (r *run) follow(request *llama.Request, base int) {
	onToken, onText := request.OnToken, request.OnText
	request.OnToken = func(sample int, t llama.ChosenToken) {
		r.token(base+sample, t)
		if onToken != nil {
			onToken(sample, t)
		}
	}
	request.OnText = func(sample int, text string) {
		if r.logProbs {
			r.of(base + sample).text.WriteString(text)
		}
		if onText != nil {
			onText(sample, text)
		}
	}
}

func (r *run) token(index int, t llama.ChosenToken) {
	if !r.answered {
		r.answered = true
		r.service.metrics.observe(&r.service.metrics.firstToken, time.Since(r.begin))
	}
	if r.logProbs {
		r.of(index).token(r.model.Local.Llama(), t)
	}
}

// of returns what a choice has said.
func (r *run) of(index int) *said {
	if r.said[index] == nil {
		r.said[index] = &said{}
	}
	return r.said[index]
}

// text streams a piece of a choice's text.
func (r *run) text(index int, text string) {
	if r.reply.stream {
		r.reply.piece(index, text, r.shown(index, text), r.logProbs)
	}
}

// shown returns the tokens of a piece of a choice's text. An answer from passages may be any of several that the model gave.
func (r *run) shown(index int, text string) []llama.ChosenToken {
	if !r.logProbs {
		return nil
	}
	if r.asked {
		for other := range len(r.said) {
			if s := r.of(other); strings.TrimSpace(s.text.String()) == text {
				return s.show(text)
			}
		}
	}
	tokens := r.of(index).show(text)
	for other := 0; r.asked && tokens == nil && other < len(r.said); other++ {
		tokens = r.of(other).show(text)
	}
	return tokens
}

// generate runs requests and counts their tokens.
func (r *run) generate(ctx context.Context, requests []llama.Request) ([]llama.Result, error) {
	results, err := r.model.Local.Generate(ctx, requests)
	if err != nil {
		return nil, err
	}
	if r.used.PromptTokensDetails == nil {
		r.used.PromptTokensDetails = &usageDetails{}
	}
	for i, result := range results {
		if !r.drafts || i == 0 || !slices.Equal(requests[i].Prompt, requests[i-1].Prompt) { // else it was read for the answer
			r.used.PromptTokens += result.PromptTokens
			r.used.PromptTokensDetails.CachedTokens += result.ReusedTokens
		}
		for _, sample := range result.Samples {
			r.used.CompletionTokens += len(sample.Tokens)
		}
	}
	r.used.TotalTokens = r.used.PromptTokens + r.used.CompletionTokens
	return results, nil
}

func (r *run) finished(choices []choice, extra *ragftAnswer) {
	r.service.metrics.tokens(r.model.Name, r.used.PromptTokens, r.used.CompletionTokens)
	r.reply.end(choices, r.used, extra)
}

// allLogProbs returns the log probabilities of the tokens of a choice's whole text, or nil if they were not requested or are in
// the stream.
func (r *run) allLogProbs(index int, text string) any {
	if !r.logProbs || r.reply.stream {
		return nil
	}
	return r.reply.logProbs(index, r.shown(index, text))
}

func finishReason(s llama.Sample) string {
	if s.Stop == llama.StopLength {
		return "length"
	}
	return "stop"
}

// assistantModel is the [model.Model] of an assistant in a run. Its first call is the answer, others measure its confidence.
type assistantModel struct{ *run }

// Name implements [model.Model].
func (m assistantModel) Name() string { return m.model.Local.Name() }

// Unwrap returns the local model, so that passages are shortened as in an evaluation.
func (m assistantModel) Unwrap() model.Model { return m.model.Local }

// sampled is how an answer is sampled: as the client wants, but drafts are drawn as the assistant says.
func (m assistantModel) sampled(own llama.Sampling, drawn bool) llama.Sampling {
	s := m.sampling
	if s.NotFirst = own.NotFirst; drawn && s.Temperature == 0 {
		s.Temperature, s.TopP, s.TopK, s.MinP, s.Seed = own.Temperature, own.TopP, own.TopK, own.MinP, own.Seed
	}
	return s
}

// Chat implements [model.Model].
func (m assistantModel) Chat(ctx context.Context, reqs []model.Request) ([]model.Response, error) {
	requests, samples := make([]llama.Request, len(reqs)), 0
	for i, req := range reqs {
		request, err := m.model.Local.Request(req)
		if err != nil {
			return nil, err
		}
		if limit := m.service.limits.Context; limit > 0 && len(request.Prompt) > limit {
			return nil, model.ErrPromptTooLong
		}
		if !m.asked {
			request.Sampling, request.TopLogProbs = m.sampled(request.Sampling, req.Temperature > 0), m.top
			m.follow(&request, samples)
			samples += max(1, request.Samples)
		}
		requests[i] = request
	}
	m.drafts = true
	results, err := m.generate(ctx, requests)
	if err != nil {
		return nil, err
	}
	responses := make([]model.Response, len(results))
	for i, result := range results {
		responses[i] = llamachat.Response(m.model.Local.Llama(), requests[i].Prompt, result)
	}
	if !m.asked && len(responses) > 0 {
		m.asked, m.thinking = true, responses[0].Samples[0].Thinking
	}
	return responses, nil
}
