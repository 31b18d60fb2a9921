package selfdemo

import (
	"context"
	"fmt"
	"slices"

	"github.com/ragft/ragft/internal/meter"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/ragft/ragft/retriever"
)

// generator is one run of a [Recipe].
type generator struct {
	opts    Recipe       // defaults filled in
	in      recipe.Input // defaults filled in
	judge   *judge.Judge
	options map[string]any // of opts, for the provenance of rows
	*meter.Meter
}

func newGenerator(in recipe.Input, r Recipe) *generator {
	g := &generator{opts: r.withDefaults(), in: in.WithDefaults()}
	g.options = g.opts.options(g.in.Passages)
	g.Meter = meter.New(g.in.Progress, g.in.Logger)
	g.judge = &judge.Judge{Options: g.opts.Judge, Prompts: g.in.Prompts, Seed: g.in.Seed}
	if g.judge.Model != nil {
		g.judge.Model = g.Counted(g.judge.Model)
	}
	return g
}

// demonstrations is the result of a run.
type demonstrations struct {
	rows    []rows.Row        // in the order of the questions
	dropped map[string]string // question id -> why it has no row with documents
	summary summary
}

// summary counts what a run did.
type summary struct {
	rows      map[rows.Kind]int
	dropped   map[string]int         // questions without a row with documents, by reason
	contexts  map[answer.Context]int // questions by context
	verdicts  map[rows.Arm]map[answer.Verdict]int
	decisions map[answer.Decision]int // candidates by what decided on them
	known     int                     // questions that the model answers although no passage does
	shortened int                     // questions shown fewer passages, to fit into the model's context
	unread    int                     // replies of the judge that could not be read
	model.Cost
}

func (g *generator) run(ctx context.Context) (*demonstrations, error) {
	questions := g.in.Questions
	result := &demonstrations{dropped: map[string]string{}, summary: newSummary()}
	var list []rows.Row
	for done := 0; done < len(questions); {
		batch := questions[done:min(done+g.in.Batch, len(questions))]
		drafts, err := g.batch(ctx, batch)
		if err != nil {
			return nil, err
		}
		for _, d := range drafts {
			c := g.opts.Policy.choose(d)
			result.summary.count(d, c)
			if c.target == nil {
				result.dropped[d.question.ID] = c.reason
			}
			list = append(list, g.rows(d, c)...)
		}
		done += len(batch)
		g.Report("demonstrations", done, len(questions), done-len(result.dropped))
	}
	kept, capped := g.opts.Policy.capRefusals(list, g.in.Seed)
	for _, id := range capped {
		result.dropped[id] = "refusal-cap"
	}
	if g.opts.Policy.Preferences.Only {
		kept = slices.DeleteFunc(kept, func(r rows.Row) bool { return len(r.Rejected) == 0 })
	}
	result.rows = kept
	g.finish(result)
	return result, nil
}

// batch takes questions through search, generation and judging.
func (g *generator) batch(ctx context.Context, questions []question.Question) ([]*draft, error) {
	drafts := make([]*draft, len(questions))
	for i, q := range questions {
		d, err := g.retrieve(ctx, q)
		if err != nil {
			return nil, err
		}
		drafts[i] = d
	}
	what := fmt.Sprintf("questions %s to %s", questions[0].ID, questions[len(questions)-1].ID)
	if err := g.candidatesThatFit(ctx, drafts); err != nil {
		return nil, fmt.Errorf("candidates for %s: %w", what, err)
	}
	if err := g.decide(ctx, drafts); err != nil {
		return nil, fmt.Errorf("judging %s: %w", what, err)
	}
	return drafts, nil
}

func newSummary() summary {
	return summary{
		rows: map[rows.Kind]int{}, dropped: map[string]int{}, contexts: map[answer.Context]int{},
		verdicts: map[rows.Arm]map[answer.Verdict]int{}, decisions: map[answer.Decision]int{},
	}
}

// count adds one question.
func (s *summary) count(d *draft, c choice) {
	s.contexts[d.context]++
	if c.known {
		s.known++
	}
	if d.shortened {
		s.shortened++
	}
	for _, candidate := range d.candidates {
		if s.verdicts[candidate.Arm] == nil {
			s.verdicts[candidate.Arm] = map[answer.Verdict]int{}
		}
		s.verdicts[candidate.Arm][candidate.Verdict]++
		s.decisions[candidate.Decision]++
	}
}

// finish fills in what is known only at the end.
func (g *generator) finish(result *demonstrations) {
	s := &result.summary
	for _, row := range result.rows {
		s.rows[row.Kind]++
	}
	for _, reason := range result.dropped {
		s.dropped[reason]++
	}
	var replies int
	s.Cost = g.Cost(len(result.rows))
	if replies, s.unread = g.judge.Replies(); 2*s.unread > replies {
		g.in.Logger.Warn("most replies of the judge could not be read", "judge", g.judge.Model.Name(), "unread", s.unread, "replies", replies)
	}
	if s.shortened > 0 {
		g.in.Logger.Info("passages were left out to fit into the model's context", "questions", s.shortened, "of", len(g.in.Questions))
	}
	if len(result.rows) == 0 {
		g.in.Logger.Warn("the generation gave no demonstration", "questions", len(g.in.Questions), "dropped", s.dropped)
	}
}

// withhold takes out the passages that answer a question, if the seed says so.
func (g *generator) withhold(q question.Question, hits []retriever.Hit) ([]retriever.Hit, bool) {
	golds := q.Golds()
	if g.opts.Withhold <= 0 || len(golds) == 0 {
		return hits, false
	}
	if seed.Uniform(g.in.Seed, "withhold", q.ID) >= g.opts.Withhold {
		return hits, false
	}
	kept := make([]retriever.Hit, 0, len(hits))
	for _, hit := range hits {
		if !q.HeldBy(hit) {
			kept = append(kept, hit)
		}
	}
	return kept, len(kept) < len(hits)
}
