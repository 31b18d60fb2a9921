package eval

import (
	"context"
	"fmt"

	"github.com/ragft/ragft/internal/words"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/retriever"
)

// signals collects them for the records of a batch; refusals have none but
// those that are free.
func (e *evaluator) signals(ctx context.Context, s System, reqs []model.Request, records []Record, shown [][]retriever.Hit) error {
	var open []int
	for i := range records {
		records[i].Signals = confidence.FreeSignals(records[i].Confidence, shown[i])
		if !words.IsBlank(records[i].Answer) && !answer.IsRefusal(records[i].Answer) {
			open = append(open, i)
		}
	}
	collected, err := e.Signals.Ask(ctx, s.Model, e.Seed, pick(reqs, open), pickAnswers(records, open), s.Extract)
	if err != nil {
		return fmt.Errorf("signals of questions from %s: %w", records[0].QuestionID, err)
	}
	for k, i := range open {
		for name, value := range collected[k] {
			records[i].Signals[name] = value
		}
	}
	return nil
}

func pick[T any](all []T, at []int) []T {
	out := make([]T, len(at))
	for k, i := range at {
		out[k] = all[i]
	}
	return out
}

func pickAnswers(records []Record, at []int) []string {
	out := make([]string, len(at))
	for k, i := range at {
		out[k] = records[i].Answer
	}
	return out
}
