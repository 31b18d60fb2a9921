package selfdemo

import (
	"context"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/ragft/ragft/retriever"
)

// Audit measures how far the recipe's judge can be trusted, on the candidates of
// the rows whose verdict comparing strings decides, see [judge.Audit]. It uses
// Prompts, Seed, Batch, Progress and Logger of the input.
func (r Recipe) Audit(ctx context.Context, in recipe.Input, list []rows.Row) (*judge.AuditResult, error) {
	audit, j := r.audit(in)
	return audit.Run(ctx, j, casesOf(list))
}

// EstimateAudit is the most that Audit costs with these rows.
func (r Recipe) EstimateAudit(in recipe.Input, list []rows.Row) (model.Cost, error) {
	audit, j := r.audit(in)
	return audit.Estimate(j, casesOf(list))
}

func (r Recipe) audit(in recipe.Input) (judge.Audit, *judge.Judge) {
	return judge.Audit{Batch: in.Batch, Progress: in.Progress, Logger: in.Logger},
		&judge.Judge{Options: r.Judge, Prompts: in.Prompts, Seed: in.Seed}
}

// casesOf groups the candidates of rows by question, with the passages of a row
// of that question.
func casesOf(list []rows.Row) []*judge.Case {
	var cases []*judge.Case
	byID := map[string]*judge.Case{}
	for _, row := range list {
		c := byID[row.QuestionID]
		if c == nil {
			c = &judge.Case{Question: questionOf(row)}
			byID[row.QuestionID] = c
			cases = append(cases, c)
		}
		if len(c.Passages) == 0 {
			c.Passages = shownPassages(row)
		}
		for _, candidate := range row.Candidates {
			a := judge.Answer{Text: candidate.Text, Excluded: candidate.Truncated, Decision: candidate.Decision}
			if !slices.Contains(c.Answers, a) {
				c.Answers = append(c.Answers, a)
			}
		}
	}
	return cases
}

// questionOf is the question of a row, as far as the row holds it.
func questionOf(row rows.Row) question.Question {
	q := question.Question{ID: row.QuestionID, Question: row.Question, Unanswerable: len(row.Golds) == 0}
	if len(row.Golds) > 0 {
		q.Answer, q.Aliases = row.Golds[0], row.Golds[1:]
	}
	return q
}

// shownPassages takes the passages out of a row's prompt. A prompt in another
// layout than this module's, or without documents, gives none.
func shownPassages(row rows.Row) []retriever.Hit {
	prompt := row.Prompt()
	if len(prompt) == 0 {
		return nil
	}
	passages, _ := layout.SplitDocuments(prompt[len(prompt)-1].Content)
	hits := make([]retriever.Hit, len(passages))
	for i, passage := range passages {
		heading, text, _ := strings.Cut(passage, "\n")
		_, title, _ := strings.Cut(heading, ":")
		hits[i].Title, hits[i].Text = strings.TrimSpace(title), strings.TrimSpace(text)
	}
	return hits
}
