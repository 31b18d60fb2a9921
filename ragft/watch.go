package ragft

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/ragft/ragft/internal/handback"
	"github.com/ragft/ragft/ragft/model"
)

// watched is a model whose answers are counted by the step at work, each when
// it is there. A model of this process answers a batch and tells of each; one
// of a server is given the requests one by one, of which it has as many at a
// time as it can.
type watched struct {
	model.Model
	project *Project
	local   bool // a model of this process, with which streaming costs nothing
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
	if w == nil {
		return m.Model.Chat(ctx, requests)
	}
	var responses []model.Response
	var err error
	if m.local {
		responses, err = m.Model.Chat(ctx, w.watch(requests))
	} else {
		responses, err = m.each(ctx, w, requests)
	}
	for _, r := range responses {
		w.prompt(r.Cached, r.PromptTokens, r.ReusedTokens)
	}
	return responses, err
}

// watch has the requests counted.
func (w *work) watch(requests []model.Request) []model.Request {
	out := slices.Clone(requests)
	for i, r := range requests {
		out[i].OnText = func(piece string) {
			w.called(0, max(r.Samples, 1)) // of which the first is streamed
			if r.OnText != nil {
				r.OnText(piece)
			}
		}
		out[i].OnDone = func() {
			w.called(1, 0)
			if r.OnDone != nil {
				r.OnDone()
			}
		}
	}
	return out
}

// each asks for one answer at a time. The first error ends the others.
func (m *watched) each(ctx context.Context, w *work, requests []model.Request) ([]model.Response, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	responses := make([]model.Response, len(requests))
	handback.Run(func(caller *handback.Caller) {
		var all sync.WaitGroup
		for i := range requests {
			all.Go(func() {
				one, err := m.Model.Chat(ctx, []model.Request{caller.Request(requests[i])})
				if err == nil && len(one) != 1 {
					err = fmt.Errorf("%s gave %d responses to a request", m.Name(), len(one))
				}
				if err != nil {
					cancel(err)
					return
				}
				responses[i] = one[0]
				w.called(1, 0)
			})
		}
		all.Wait()
	})
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return responses, nil
}

// watchedScorer is a scorer whose calls are counted.
type watchedScorer struct {
	model.Scorer
	project *Project
}

func (s *watchedScorer) Score(ctx context.Context, completions []model.Completion) ([]model.Score, error) {
	w := s.project.atWork()
	if w == nil {
		return s.Scorer.Score(ctx, completions)
	}
	told := 0
	seen := slices.Clone(completions)
	for i, c := range completions {
		seen[i].OnScore = func() {
			told++
			w.called(1, 0)
			if c.OnScore != nil {
				c.OnScore()
			}
		}
	}
	scores, err := s.Scorer.Score(ctx, seen)
	if err == nil {
		w.called(len(completions)-told, 0) // those that the model did not tell of
		for _, score := range scores {
			w.prompt(score.Cached, score.PromptTokens, score.ReusedTokens)
		}
	}
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
