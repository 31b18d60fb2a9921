package recipe

import (
	"cmp"
	"context"

	"github.com/ragft/ragft/internal/meter"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/rows"
)

// Gold is retrieval-augmented instruction tuning on the reference answers as
// they are (RA-IT, the baseline of arXiv 2502.10596): the read prompt with the
// passages found, and the reference answer as target. It generates nothing. It
// needs Search and Questions.
type Gold struct {
	Refusal string // target of unanswerable questions; "" = such questions are left out
}

// Name is "gold".
func (Gold) Name() string { return "gold" }

// Estimate is no cost.
func (r Gold) Estimate(in Input) (model.Cost, error) {
	return model.Cost{}, named(r, cmp.Or(in.NeedSearch(), in.NeedQuestions()))
}

// Rows makes one row for each question.
func (r Gold) Rows(ctx context.Context, in Input) (*Result, error) {
	if _, err := r.Estimate(in); err != nil {
		return nil, err
	}
	in = in.WithDefaults()
	m := meter.New(in.Progress, in.Logger)
	out := &Result{Dropped: map[string]int{}}
	provenance := in.Provenance(map[string]any{"Passages": in.Passages, "Refusal": r.Refusal}, nil)
	for i, q := range in.Questions {
		kind, target := rows.KindAnswer, reference(q)
		if target == "" {
			kind, target = rows.KindRefusal, r.Refusal
		}
		if target == "" {
			out.Dropped["unanswerable"]++
			continue
		}
		hits, err := in.search(ctx, q, in.Passages)
		if err != nil {
			return nil, named(r, err)
		}
		row := answered(in.Row(r.Name(), q, hits), kind, target)
		row.Provenance = provenance
		out.Rows = append(out.Rows, row)
		if (i+1)%in.Batch == 0 || i+1 == len(in.Questions) {
			m.Report(r.Name(), i+1, len(in.Questions), len(out.Rows))
		}
	}
	out.Cost = m.Cost(len(out.Rows))
	return out, nil
}

// reference is the first reference answer, which is an alias if there is no other; "" = unanswerable.
func reference(q question.Question) string {
	if golds := q.Golds(); len(golds) > 0 {
		return golds[0]
	}
	return ""
}
