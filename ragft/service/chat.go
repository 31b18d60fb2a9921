//go:build cgo

package service

import (
	"context"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ragft/ragft/internal/llamachat"
	"github.com/ragft/ragft/internal/reading"
	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/ragft/assistant"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/retriever"
)

// chat answers POST /v1/chat/completions.
func (s *Service) chat(w http.ResponseWriter, r *http.Request) error {
	var req chatRequest
	if err := read(r, &req); err != nil {
		return err
	}
	m, err := s.model(req.Model)
	if err != nil {
		return err
	}
	if n := req.MaxCompletionTokens; n != nil {
		if req.MaxTokens = n; *n < 1 {
			return bad("max_completion_tokens", "max_completion_tokens must be at least 1")
		}
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	work, err := s.newRun(m, &req.options, s.newReply(w, m, &req.options, true, cancel))
	if err != nil {
		return err
	}
	if err := work.chatLogProbs(&req); err != nil {
		return err
	}
	if len(req.Messages) == 0 {
		return bad("messages", "there are no messages")
	}
	tools, err := req.toolUse()
	if err != nil {
		return err
	}
	retrieval, err := s.wantsRetrieval(&req)
	if err != nil {
		return err
	}
	if retrieval {
		return work.fromPassages(ctx, &req)
	}
	return work.converse(ctx, &req, tools)
}

func (r *run) chatLogProbs(req *chatRequest) error {
	if req.TopLogProbs < 0 || req.TopLogProbs > 20 || req.TopLogProbs > 0 && !req.LogProbs {
		return bad("top_logprobs", "top_logprobs must be from 0 to 20, and needs logprobs")
	}
	r.logProbs, r.top = req.LogProbs, req.TopLogProbs
	return nil
}

// wantsRetrieval reports whether to answer from passages.
func (s *Service) wantsRetrieval(req *chatRequest) (bool, error) {
	against := ""
	plain := func(m chatMessage) bool { return m.Role != "tool" && len(m.ToolCalls) == 0 }
	switch {
	case req.Messages[len(req.Messages)-1].Role != model.RoleUser:
		against = "the last message is not the user's"
	case len(req.Tools) > 0 || slices.ContainsFunc(req.Messages, func(m chatMessage) bool { return !plain(m) }):
		against = "the request has tools"
	case req.ResponseFormat != nil && req.ResponseFormat.Type != "text":
		against = "the request has a response format"
	case req.N != nil && *req.N > 1:
		against = "the request is for several choices"
	}
	want := s.config.Index != nil && !s.config.NoRetrieval && against == ""
	q := req.Ragft
	if q.Retrieval != nil {
		want = *q.Retrieval
	}
	switch {
	case want && s.config.Index == nil:
		return false, bad("ragft.retrieval", "this service has no index")
	case want && against != "":
		return false, bad("ragft.retrieval", "retrieval is not possible: %s", against)
	case !want && (q.Passages != nil || q.Careful != nil || q.MinConfidence != nil):
		return false, bad("ragft", "passages, careful and min_confidence need retrieval")
	case q.Passages != nil && (*q.Passages < 1 || *q.Passages > s.limits.Passages):
		return false, bad("ragft.passages", "passages must be from 1 to %d", s.limits.Passages)
	case q.MinConfidence != nil && (*q.MinConfidence < 0 || *q.MinConfidence > 1):
		return false, bad("ragft.min_confidence", "min_confidence must be from 0 to 1")
	}
	return want, nil
}

// timedIndex measures the time of searches.
type timedIndex struct {
	Index
	metrics *metrics
}

// Search implements [retriever.Searcher].
func (t timedIndex) Search(ctx context.Context, query string, k int) ([]retriever.Hit, error) {
	begin := time.Now()
	hits, err := t.Index.Search(ctx, query, k)
	t.metrics.observe(&t.metrics.retrieval, time.Since(begin))
	return hits, err
}

// SourceChunks returns the passages of a document, none if the index does not tell.
func (t timedIndex) SourceChunks(ctx context.Context, source string, most int) ([]retriever.Chunk, error) {
	if of, ok := t.Index.(reading.Documents); ok {
		return of.SourceChunks(ctx, source, most)
	}
	return nil, nil
}

// Ranking says how the index ranks, "" if it does not tell.
func (t timedIndex) Ranking() string { return reading.RankingOf(t.Index) }

// fromPassages answers the last message from the passages of the index.
func (r *run) fromPassages(ctx context.Context, req *chatRequest) error {
	o := r.model.Assistant
	o.Temperature, o.TopP, o.TopK = llamachat.Float64(r.sampling.Temperature), llamachat.Float64(r.sampling.TopP), r.sampling.TopK
	if req.Seed == nil {
		r.sampling.Seed = uint32(o.Seed ^ o.Seed>>32)
	}
	o.Stop, o.MaxTokens = r.stop, r.output
	if p := req.Ragft.Passages; p != nil {
		o.Passages = *p
	}
	o.Passages = r.service.limits.passages(o)
	if c := req.Ragft.Careful; c != nil {
		o.Careful = *c
	}
	if c := req.Ragft.MinConfidence; c != nil {
		o.MinConfidence = *c
	}
	messages, err := req.conversation()
	if err != nil {
		return err
	}
	last := len(messages) - 1
	query := assistant.Query{
		Question: messages[last].Content, History: messages[:last], OnText: trimmed(func(text string) { r.text(0, text) }),
	}
	search := timedIndex{r.service.config.Index, r.service.metrics}
	answer, err := assistant.New(assistantModel{r}, search, o).Ask(ctx, query)
	if err != nil {
		return r.reply.abort(r.passagesError(err, o))
	}
	r.service.metrics.answer(string(answer.Reason))
	reason := "stop"
	if answer.Truncated {
		reason = "length"
	}
	message := chatAnswer{Content: &answer.Text, ReasoningContent: r.thinking}
	r.finished([]choice{r.reply.finish(0, message, reason, r.allLogProbs(0, answer.Text))}, describe(answer))
	return nil
}

// describe returns the additional object of an answer from passages.
func describe(a *assistant.Answer) *ragftAnswer {
	out := &ragftAnswer{Abstained: a.Abstained, Reason: string(a.Reason), Citations: []citation{}, Passages: []passage{}}
	if !math.IsNaN(a.Confidence) {
		out.Confidence = &a.Confidence
	}
	if !math.IsNaN(a.Chance) {
		out.Chance = &a.Chance
	}
	for _, c := range a.Citations {
		out.Citations = append(out.Citations, citation{
			Source: c.Source, Title: c.Title, Place: c.Place, Span: [2]int{c.Start, c.End}, Text: c.Quote, Chunk: c.Chunk.ID,
			Support: c.Support, Marker: c.Marker,
		})
	}
	for _, h := range a.Hits {
		p := describePassage(h.Chunk)
		p.Score = h.Score
		out.Passages = append(out.Passages, p)
	}
	return out
}

func describePassage(c retriever.Chunk) passage {
	return passage{Chunk: c.ID, Source: c.Source, Title: c.Title, Place: c.Place, Span: [2]int{c.Start, c.End}, Text: c.Text}
}

// converse answers from the model alone.
func (r *run) converse(ctx context.Context, req *chatRequest, tools *toolUse) error {
	messages, err := req.conversation()
	if err != nil {
		return err
	}
	m := r.model.Local.Llama()
	prompt, err := m.TokenizeChat(llamachat.Messages(oneSystem(messages)), llama.ChatOptions{Tools: tools.shown, Thinking: r.model.Thinking})
	if err != nil {
		return templateError(err, tools)
	}
	begun := llamachat.OpensThoughts(m, prompt)
	if r.sampling.Grammar, err = r.grammar(req, tools, begun); err != nil {
		return err
	}
	if r.sampling.Grammar == "" && m.Plain() { // it would go on with a question of its own
		r.stop = append(r.stop, "\n")
	}
	request, err := r.request(prompt)
	if err != nil {
		return err
	}
	if len(tools.shown) == 0 { // what is a call is known at the end
		llamachat.Stream(m, &request, r.text)
	}
	r.follow(&request, 0)
	results, err := r.generate(ctx, []llama.Request{request})
	if err != nil {
		return r.reply.abort(err)
	}
	choices := make([]choice, len(results[0].Samples))
	for i, sample := range results[0].Samples {
		thinking := withoutThought(m, &sample, begun)
		message, reason := chatAnswer{Content: &sample.Text, ReasoningContent: thinking}, finishReason(sample)
		if len(tools.shown) > 0 {
			if content, calls := tools.calls(m, sample); len(calls) > 0 {
				message, reason = chatAnswer{ToolCalls: calls, ReasoningContent: thinking}, "tool_calls"
				if content != "" {
					message.Content = &content
				}
			}
			if message.Content != nil {
				r.text(i, *message.Content)
			}
		}
		said := ""
		if message.Content != nil {
			said = *message.Content
		}
		choices[i] = r.reply.finish(i, message, reason, r.allLogProbs(i, said))
	}
	r.finished(choices, nil)
	return nil
}

// withoutThought leaves the answer of a sample, and returns the chain of thought in front of it.
func withoutThought(m *llama.Model, s *llama.Sample, begun bool) (thinking string) {
	thinking, text, first := llamachat.Split(m, *s, begun)
	if text != s.Text {
		text = strings.TrimLeft(text, " \t\r\n")
	}
	s.Text, s.Tokens = text, s.Tokens[first:]
	return thinking
}
