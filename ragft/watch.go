package ragft

import (
	"context"

	"github.com/ragft/ragft/ragft/model"
)

// watched is a model whose answers are counted by the step at work, while it
// answers where it streams.
type watched struct {
	model.Model
	project *Project
	streams bool // whether streaming costs nothing, as with a model of this process
}

func (m *watched) Unwrap() model.Model { return m.Model }

// As gives a scorer that is counted, too.
func (m *watched) As(target any) bool {
	into, wanted := target.(*model.Scorer)
	if !wanted {
		return false
	}
	scorer, ok := model.As[model.Scorer](m.Model)
	if ok {
		*into = &watchedScorer{scorer, m.project}
	}
	return ok
}

func (m *watched) Chat(ctx context.Context, requests []model.Request) ([]model.Response, error) {
	w := m.project.atWork()
	if w == nil || len(requests) == 0 {
		return m.Model.Chat(ctx, requests)
	}
	if m.streams {
		counted := make([]model.Request, len(requests))
		for i, r := range requests {
			counted[i] = r
			counted[i].OnText = func(piece string) {
				w.called(0, max(r.Samples, 1)) // of which the first is streamed
				if r.OnText != nil {
					r.OnText(piece)
				}
			}
		}
		requests = counted
	}
	responses, err := m.Model.Chat(ctx, requests)
	if err == nil {
		w.called(len(requests), 0)
	}
	return responses, err
}

// watchedScorer is a scorer whose calls are counted.
type watchedScorer struct {
	model.Scorer
	project *Project
}

func (s *watchedScorer) Score(ctx context.Context, completions []model.Completion) ([]model.Score, error) {
	scores, err := s.Scorer.Score(ctx, completions)
	s.project.scored(len(completions), err)
	return scores, err
}

func (s *watchedScorer) ScoreTexts(ctx context.Context, texts []string) ([]model.Score, error) {
	scores, err := s.Scorer.ScoreTexts(ctx, texts)
	s.project.scored(len(texts), err)
	return scores, err
}

func (p *Project) scored(n int, err error) {
	if w := p.atWork(); w != nil && err == nil {
		w.called(n, 0)
	}
}
