package abstain

import (
	"context"
	"fmt"

	"github.com/ragft/ragft/internal/reading"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/internal/wordings"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/retriever"
)

// Ask is a question and the passages to show with it, best first. Messages writes the prompt.
type Ask struct {
	Question string
	Messages func(hits []retriever.Hit) []model.Message
	Hits     []retriever.Hit
}

// Measure returns the signals of each question, in order: those of [Match] for the passages that fit into the context of
// the model beside an answer of room tokens (0 = 256), and [Declining] and [Certainty] for what it says. It generates at most
// 17 tokens for each question, all in one call of the model. A model that cannot tell how likely it finds the refusal, as those of servers,
// is an error that wraps [model.ErrRequest]; a question of which no passage fits is one that wraps
// [model.ErrPromptTooLong].
func Measure(ctx context.Context, m model.Model, refusal string, room int, asks ...Ask) ([]Signals, error) {
	asking := make([]*reading.Asking, len(asks))
	for i, ask := range asks {
		hits, err := reading.Fit(m, room, ask.Messages, ask.Hits)
		if err == nil && len(hits) == 0 && len(ask.Hits) > 0 {
			err = model.ErrPromptTooLong
		}
		if err != nil {
			return nil, fmt.Errorf("ragft: abstain: %w", err)
		}
		asking[i] = &reading.Asking{Messages: ask.Messages, Hits: hits}
	}
	r := reading.Reader{Model: m, Least: 1, Like: model.Request{MaxTokens: reading.ShortTokens + 1, Exclude: wordings.With(refusal)}}
	responses, err := r.Answer(ctx, asking)
	if err != nil {
		return nil, fmt.Errorf("ragft: abstain: %w", err)
	}
	out := make([]Signals, len(asks))
	for i, ask := range asks {
		if out[i], err = Of(m, ask.Question, asking[i].From, responses[i].Samples[0]); err != nil {
			return nil, fmt.Errorf("ragft: abstain: %w", err)
		}
	}
	return out, nil
}

// Of returns the signals of a question, the passages shown with it, and an answer of the model to a request that excludes
// the refusal. The error wraps [model.ErrRequest] if the model did not say how likely it found the refusal.
func Of(m model.Model, question string, hits []retriever.Hit, s model.Sample) (Signals, error) {
	if s.Excluded == 0 {
		return nil, fmt.Errorf("%w: the model %s does not tell how likely it is to decline: a model of this process does, a server does not",
			model.ErrRequest, m.Name())
	}
	signals := Match(question, hits)
	signals[Declining] = s.Excluded
	if s.Tokens > 0 && s.Tokens <= reading.ShortTokens && stats.IsFinite(s.MeanLogProb) {
		signals[Certainty] = s.MeanLogProb
	}
	return signals, nil
}
