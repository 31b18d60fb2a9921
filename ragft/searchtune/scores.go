package searchtune

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/ragft/ragft/internal/scoring"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/retriever"
)

// score finds the passages of every question and has the model score them.
func (t *lsr) score(ctx context.Context) ([]*lsrQuestion, error) {
	var out []*lsrQuestion
	for from := 0; from < len(t.questions); from += t.Batch {
		to := min(from+t.Batch, len(t.questions))
		var batch []*lsrQuestion
		for _, q := range t.questions[from:to] {
			if len(q.Golds()) == 0 {
				t.out.Dropped["unanswerable"]++
				continue
			}
			e, err := t.index.Explain(ctx, q.Question, t.Chunks)
			if err != nil {
				return nil, fmt.Errorf("search for question %s: %w", q.ID, err)
			}
			batch = append(batch, &lsrQuestion{Question: q, passages: e})
		}
		if err := t.ask(ctx, batch); err != nil {
			return nil, fmt.Errorf("questions %s to %s: %w", t.questions[from].ID, t.questions[to-1].ID, err)
		}
		for _, one := range batch {
			if len(one.logs) < 2 {
				t.out.Dropped["one-passage"]++
				continue
			}
			out = append(out, one)
		}
		t.meter.Report("search tuning", to, len(t.questions), len(out))
	}
	return out, nil
}

// ask makes p_LSR of a batch of questions in one call. If that does not fit the
// model's context, passages are scored one by one, and those that do not fit are
// left out.
func (t *lsr) ask(ctx context.Context, batch []*lsrQuestion) error {
	var pairs []model.Completion
	for _, q := range batch {
		pairs = append(pairs, t.pairs(q)...)
	}
	if len(pairs) == 0 {
		return nil
	}
	scores, err := scoring.Completions(ctx, t.model, pairs)
	if errors.Is(err, model.ErrPromptTooLong) {
		return t.askOneByOne(ctx, batch)
	}
	if err != nil {
		return err
	}
	for _, q := range batch {
		n := len(q.passages.Hits)
		t.distribute(q, scores[:n])
		scores = scores[n:]
	}
	return nil
}

func (t *lsr) pairs(q *lsrQuestion) []model.Completion {
	pairs := make([]model.Completion, len(q.passages.Hits))
	for i, hit := range q.passages.Hits {
		pairs[i] = model.Completion{Messages: q.Question.ReadMessages(t.Prompts, []retriever.Hit{hit.Hit}), Response: q.Golds()[0]}
	}
	return pairs
}

func (t *lsr) askOneByOne(ctx context.Context, batch []*lsrQuestion) error {
	for _, q := range batch {
		var scores []model.Score
		var fit []retriever.Explained
		for i, pair := range t.pairs(q) {
			one, err := scoring.Completions(ctx, t.model, []model.Completion{pair})
			if errors.Is(err, model.ErrPromptTooLong) {
				continue
			}
			if err != nil {
				return err
			}
			scores, fit = append(scores, one...), append(fit, q.passages.Hits[i])
		}
		q.passages.Hits = fit
		t.distribute(q, scores)
	}
	return nil
}

// distribute makes p_LSR of a question from the scores of its passages.
func (t *lsr) distribute(q *lsrQuestion, scores []model.Score) {
	q.logs = make([]float64, len(scores))
	for i, s := range scores {
		t.meter.Calls++
		if s.Cached {
			t.meter.Cached++
		}
		t.meter.Tokens += s.Tokens
		p := math.Exp(s.Sum)
		if t.PerToken {
			p = math.Exp(s.Sum / float64(s.Tokens))
		}
		q.logs[i] = p / t.Temperature
	}
	logSoftmax(q.logs)
}

// logSoftmax turns any numbers into the logarithms of a distribution.
func logSoftmax(values []float64) {
	if len(values) == 0 {
		return
	}
	most, sum := slices.Max(values), 0.0
	for _, v := range values {
		sum += math.Exp(v - most)
	}
	for i := range values {
		values[i] -= most + math.Log(sum)
	}
}
