//go:build cgo

package main

import (
	"context"
	"fmt"

	"github.com/ragft/ragft/ragft"
	"github.com/ragft/ragft/ragft/abstain"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/assistant"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
)

// fitOn is the number of questions that the rule of a model that was not tuned is fitted on, as many as training keeps.
const fitOn = 240

// rule returns the rule of the adapter, or fits one for a model that is not tuned.
func (p program) rule(ctx context.Context, project *ragft.Project, j job, m model.Model, learnt side) (*abstain.Rule, error) {
	if j.arm.recipe != nil {
		file, err := project.AdapterFile()
		if err != nil {
			return nil, err
		}
		settings, err := assistant.ReadAdapter(file)
		if err == nil && (settings == nil || settings.Rule == nil) {
			err = fmt.Errorf("%s has no rule", file)
		}
		if err != nil {
			return nil, err
		}
		return settings.Rule, nil
	}
	index, err := memoryIndex(ctx, learnt, retriever.English)
	if err != nil {
		return nil, err
	}
	defer index.Close()
	_, drawn := question.Split(learnt.questions, min(1, fitOn/float64(len(learnt.questions))), j.seed)
	var asks []abstain.Ask
	var points []abstain.Point
	for _, q := range drawn {
		hits, err := index.Search(ctx, q.Question, p.passages)
		if err != nil {
			return nil, err
		}
		if len(hits) == 0 {
			continue
		}
		asks = append(asks, abstain.Ask{Question: q.Question, Hits: hits, Messages: func(hits []retriever.Hit) []model.Message {
			return j.set.prompts().ReadMessages(q.Question, hits)
		}})
		points = append(points, abstain.Point{Held: q.Context(hits) == answer.Present})
	}
	show := p.progress(j.name())
	const batch = 16
	for from := 0; from < len(asks); from += batch {
		to := min(from+batch, len(asks))
		signals, err := abstain.Measure(ctx, m, j.set.refusal(), maxTokens, asks[from:to]...)
		if err != nil {
			return nil, err
		}
		for i, s := range signals {
			points[from+i].Signals = s
		}
		show(ragft.Progress{Step: "measure", Phase: "the rule", Done: to, Total: len(asks)})
	}
	return abstain.Fit(points, j.set.refusal(), abstain.Options{})
}
