package ragft

import (
	"context"
	"math"
	"strings"
	"sync"

	"github.com/ragft/ragft/retriever"
)

// fakeModel is a Model whose samples come from a function of the request. It
// records every request that it gets.
type fakeModel struct {
	name   string
	reply  func(req ChatRequest, sample int) ChatSample
	before func(call int) error // nil = none; an error ends the call

	mu       sync.Mutex
	calls    int
	requests []ChatRequest
}

func (m *fakeModel) Name() string {
	if m.name == "" {
		return "fake"
	}
	return m.name
}

func (m *fakeModel) Chat(ctx context.Context, reqs []ChatRequest) ([]ChatResponse, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls++
	if m.before != nil {
		if err := m.before(m.calls); err != nil {
			return nil, err
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	responses := make([]ChatResponse, len(reqs))
	for i, req := range reqs {
		m.requests = append(m.requests, req)
		for j := range max(req.Samples, 1) {
			sample := m.reply(req, j)
			if req.OnText != nil && j == 0 {
				for _, word := range strings.SplitAfter(sample.Text, " ") {
					req.OnText(word)
				}
			}
			responses[i].Samples = append(responses[i].Samples, sample)
		}
	}
	return responses, nil
}

// says is a sample with as many tokens as words, of unknown probability.
func says(text string) ChatSample {
	return ChatSample{Text: text, Tokens: len(strings.Fields(text)), MeanLogProb: math.NaN()}
}

// alwaysSays is a model with one answer to everything.
func alwaysSays(text string) *fakeModel {
	return &fakeModel{reply: func(ChatRequest, int) ChatSample { return says(text) }}
}

// armOf tells by the system message which arm a request belongs to.
func armOf(req ChatRequest) Arm {
	switch req.Messages[0].Content {
	case DefaultClosed:
		return ArmClosed
	case DefaultRead:
		return ArmRead
	case DefaultRefuse:
		return ArmRefuse
	}
	return ""
}

// fixedSearch finds the same passages for every question, or those listed
// for it.
type fixedSearch struct {
	all        []retriever.Hit
	byQuestion map[string][]retriever.Hit
	err        error
}

func (s fixedSearch) Search(ctx context.Context, query string, k int) ([]retriever.Hit, error) {
	if s.err != nil {
		return nil, s.err
	}
	hits := s.all
	if listed, ok := s.byQuestion[query]; ok {
		hits = listed
	}
	return hits[:min(k, len(hits))], ctx.Err()
}

// passage makes a hit that starts at the given offset of its document.
func passage(source, title, text string, start int) retriever.Hit {
	return retriever.Hit{Score: 1, Chunk: retriever.Chunk{
		ID: source + "#" + title, Source: source, Title: title, Text: text, Start: start, End: start + len(text)}}
}
