package fake

import (
	"context"
	"math"
	"strings"
	"sync"

	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/retriever"
)

// fakeModel is a Model whose samples come from a function of the request. It
// records every request that it gets.
type Model struct {
	Called string
	Reply  func(req model.Request, sample int) model.Sample
	Before func(call int) error // nil = none; an error ends the call

	mu       sync.Mutex
	Calls    int
	Requests []model.Request
}

func (m *Model) Name() string {
	if m.Called == "" {
		return "fake"
	}
	return m.Called
}

func (m *Model) Chat(ctx context.Context, reqs []model.Request) ([]model.Response, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.Calls++
	if m.Before != nil {
		if err := m.Before(m.Calls); err != nil {
			return nil, err
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	responses := make([]model.Response, len(reqs))
	for i, req := range reqs {
		m.Requests = append(m.Requests, req)
		for j := range max(req.Samples, 1) {
			sample := begin(req, m.Reply(req, j))
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

// begin is what a model makes of a sample where the request excludes beginnings.
func begin(req model.Request, s model.Sample) model.Sample {
	if len(req.Exclude) == 0 {
		s.Excluded = 0
	} else if s.Excluded != 0 && req.OnFirst != nil && !req.OnFirst(s.Excluded) {
		s = model.Sample{MeanLogProb: math.NaN(), Excluded: s.Excluded}
	}
	return s
}

// says is a sample with as many tokens as words, of unknown probability.
func Says(text string) model.Sample {
	return model.Sample{Text: text, Tokens: len(strings.Fields(text)), MeanLogProb: math.NaN()}
}

// alwaysSays is a model with one answer to everything.
func AlwaysSays(text string) *Model {
	return &Model{Reply: func(model.Request, int) model.Sample { return Says(text) }}
}

// fixedSearch finds the same passages for every question, or those listed
// for it.
type Search struct {
	All        []retriever.Hit
	byQuestion map[string][]retriever.Hit
	Err        error
}

func (s Search) Search(ctx context.Context, query string, k int) ([]retriever.Hit, error) {
	if s.Err != nil {
		return nil, s.Err
	}
	hits := s.All
	if listed, ok := s.byQuestion[query]; ok {
		hits = listed
	}
	return hits[:min(k, len(hits))], ctx.Err()
}

// passage makes a hit that starts at the given offset of its document.
func Passage(source, title, text string, start int) retriever.Hit {
	return retriever.Hit{Score: 1, Chunk: retriever.Chunk{
		ID: source + "#" + title, Source: source, Title: title, Text: text, Start: start, End: start + len(text)}}
}
