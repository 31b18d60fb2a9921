package fake

import (
	"context"
	"math"
	"strings"

	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/retriever"
)

// scripted answers by the question in the user message.
type Scripted struct {
	Called  string
	Answers map[string]model.Sample
	Other   string // answer to everything else
	Seen    []model.Request
	Err     error
}

func (m *Scripted) Name() string { return m.Called }

func (m *Scripted) Chat(ctx context.Context, reqs []model.Request) ([]model.Response, error) {
	if m.Err != nil {
		return nil, m.Err
	}
	m.Seen = append(m.Seen, reqs...)
	out := make([]model.Response, len(reqs))
	for i, req := range reqs {
		user := req.Messages[len(req.Messages)-1].Content
		sample := model.Sample{Text: m.Other, MeanLogProb: math.NaN()}
		for question, answer := range m.Answers {
			if strings.HasSuffix(user, "Question: "+question) {
				sample = answer
			}
		}
		out[i] = model.Response{PromptTokens: 10, Seconds: 0.5}
		for range max(1, req.Samples) {
			out[i].Samples = append(out[i].Samples, begin(req, sample))
		}
	}
	return out, nil
}

func Said(text string, probability float64) model.Sample {
	return model.Sample{Text: text, Tokens: 3, MeanLogProb: math.Log(probability)}
}

// shelf finds fixed passages.
type Shelf map[string][]string

func (s Shelf) Search(_ context.Context, query string, k int) ([]retriever.Hit, error) {
	var hits []retriever.Hit
	for i, text := range s[query] {
		hit := retriever.Hit{Score: float64(len(s[query]) - i)}
		hit.ID, hit.Source, hit.Title, hit.Text = query+"#"+string(rune('0'+i)), "village.md", "The village", text
		hits = append(hits, hit)
	}
	return hits, nil
}

const Decline = "Sorry, the documents do not say."
