package selfdemo

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"

	"github.com/ragft/ragft/internal/meter"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/ragft/ragft/retriever"
)

// DefaultSummaryPrompt asks for the second turn of [Options].Summarise.
const DefaultSummaryPrompt = "Summarise your reply: the answer alone, as short as it can be."

// GenerateOptions controls [Generate]. The zero value is the recipe of
// arXiv 2502.10596, section 3: three candidates in each arm at temperature 1.
type Options struct {
	Prompts  prompt.Set
	Passages int // passages for each question; 0 = 4

	// Candidates in each arm; 0 = 3, negative = none.
	Closed, Read, Refuse int

	Temperature float64 // 0 = 1.0, negative = greedy
	TopP        float64 // 0 = off
	TopK        int     // 0 = off
	MaxTokens   int     // limit for a candidate; 0 = 128
	Stop        []string
	GreedyFirst bool // the first candidate of the read arm is greedy

	// ClosedPrompts and ReadPrompts are system messages that the candidates of
	// these arms are generated with in turn, such as [SearchPrompts] finds; nil
	// = that of Prompts. Rows are made with that of Prompts all the same, which
	// is what the tuned model will be asked with.
	ClosedPrompts, ReadPrompts []string

	// Summarise makes each candidate in two turns, as in the code of the paper: a
	// draft, and then a summary of it, which is the candidate.
	Summarise     bool
	DraftTokens   int    // limit for a draft; 0 = 512
	SummaryPrompt string // "" = [DefaultSummaryPrompt]

	// Withhold is the share of answerable questions, in [0, 1], whose passages
	// with the answer are taken out, so that there is something to abstain
	// from; 0 = none. The next best passages take their place.
	Withhold float64

	Judge  judge.Options
	Policy Policy
	Seed   uint64 // everything random follows from it, the question's id and the arm

	Batch    int                  // questions generated at a time; 0 = 8
	Progress func(model.Progress) // called after each batch, from the caller's goroutine; nil = none
	Logger   *slog.Logger         // nil = slog.Default
}

func (o Options) withDefaults() Options {
	fill := func(n *int, value int) {
		if *n == 0 {
			*n = value
		}
	}
	fill(&o.Passages, 4)
	fill(&o.Closed, 3)
	fill(&o.Read, 3)
	fill(&o.Refuse, 3)
	fill(&o.MaxTokens, 128)
	fill(&o.Batch, 8)
	fill(&o.DraftTokens, 512)
	if o.SummaryPrompt == "" {
		o.SummaryPrompt = DefaultSummaryPrompt
	}
	o.Passages, o.Batch = max(o.Passages, 1), max(o.Batch, 1)
	if o.Temperature == 0 {
		o.Temperature = 1
	}
	o.Temperature = max(o.Temperature, 0)
	o.Prompts = o.Prompts.WithDefaults()
	o.Judge, o.Policy = o.Judge.WithDefaults(), o.Policy.withDefaults()
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

// Summary counts what a generation did.
type Summary struct {
	Questions int
	Rows      map[rows.Kind]int       // rows by kind
	Dropped   map[rows.DropReason]int // questions without a row with documents, by reason
	Contexts  map[answer.Context]int  // questions by context
	Verdicts  map[rows.Arm]map[answer.Verdict]int
	Decisions map[answer.Decision]int // candidates by the step that judged them
	Known     int                     // absent from the passages, but known to the model
	Shortened int                     // questions shown fewer passages, since more did not fit into the model's context
	Unread    int                     // replies of the judge that could not be read
	model.Cost
}

// Demonstrations is the result of [Generate].
type Demonstrations struct {
	Rows    []rows.Row                 // in the order of the questions
	Dropped map[string]rows.DropReason // question id -> why it has no row with documents
	Summary Summary
}

// Generate makes demonstrations in the model's own words, after
// arXiv 2502.10596, section 3. For every question it searches the passages,
// lets the model answer without them, answer with them, and decline; judges
// every candidate against the reference answers (comparison of strings first,
// the model where that decides nothing); and keeps by the policy either the
// best correct answer or a refusal. The target is always a text that the model
// generated, never a reference answer. Unlike the published code, a candidate
// keeps its place and its provenance whatever its text.
//
// Where the passages do not fit into the model's context beside a candidate, the
// last ones are left out, as [assistant.Assistant] does; a question that does not fit with one passage
// is dropped.
//
// Questions are worked through in batches. When ctx ends, Generate returns its
// error; with a [cache.Model] the next run takes up where this one stopped.
// The rows depend on the options, the questions, the index and the model
// alone: a question's candidates do not change with the others around it, as
// far as the model is deterministic across batches.
func Generate(ctx context.Context, model model.Model, search retriever.Searcher, questions []question.Question, opts Options) (*Demonstrations, error) {
	if len(questions) == 0 {
		return nil, fmt.Errorf("ragft: generate: %w", question.ErrNone)
	}
	if err := question.CheckIDs(questions); err != nil {
		return nil, fmt.Errorf("ragft: generate: %w", err)
	}
	g := newGenerator(model, search, opts)
	result, err := g.run(ctx, questions)
	if err != nil {
		return nil, fmt.Errorf("ragft: generate: %w", err)
	}
	return result, nil
}

// generator is the state of one Generate.
type generator struct {
	model         model.Model
	judge         *judge.Judge
	search        retriever.Searcher
	opts          Options
	recipeOptions json.RawMessage // of opts, for the provenance of rows
	*meter.Meter
}

func newGenerator(lm model.Model, search retriever.Searcher, opts Options) *generator {
	g := &generator{model: lm, search: search, opts: opts.withDefaults()}
	g.recipeOptions = recipe.RecipeOptions(g.opts, 0)
	g.Meter = meter.New(g.opts.Progress, g.opts.Logger)
	g.judge = &judge.Judge{Options: g.opts.Judge, Prompts: g.opts.Prompts, Seed: g.opts.Seed}
	if g.judge.Model != nil {
		g.judge.Model = g.Counted(g.judge.Model)
	}
	return g
}

func (g *generator) run(ctx context.Context, questions []question.Question) (*Demonstrations, error) {
	result := &Demonstrations{Dropped: map[string]rows.DropReason{}, Summary: newSummary(len(questions))}
	var list []rows.Row
	for done := 0; done < len(questions); {
		batch := questions[done:min(done+g.opts.Batch, len(questions))]
		drafts, err := g.batch(ctx, batch)
		if err != nil {
			return nil, err
		}
		for _, d := range drafts {
			c := g.opts.Policy.choose(d)
			result.Summary.count(d, c)
			if c.target == nil {
				result.Dropped[d.question.ID] = c.reason
			}
			list = append(list, g.rows(d, c)...)
		}
		done += len(batch)
		g.Report("demonstrations", done, len(questions), done-len(result.Dropped))
	}
	kept, capped := g.opts.Policy.capRefusals(list, g.opts.Seed)
	for _, id := range capped {
		result.Dropped[id] = DropRefusalCap
	}
	if g.opts.Policy.Preferences.Only {
		kept = slices.DeleteFunc(kept, func(r rows.Row) bool { return len(r.Rejected) == 0 })
	}
	result.Rows = kept
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

func newSummary(questions int) Summary {
	return Summary{
		Questions: questions, Rows: map[rows.Kind]int{}, Dropped: map[rows.DropReason]int{}, Contexts: map[answer.Context]int{},
		Verdicts: map[rows.Arm]map[answer.Verdict]int{}, Decisions: map[answer.Decision]int{},
	}
}

// count adds one question.
func (s *Summary) count(d *draft, c choice) {
	s.Contexts[d.context]++
	if c.known {
		s.Known++
	}
	if d.shortened {
		s.Shortened++
	}
	for _, candidate := range d.candidates {
		if s.Verdicts[candidate.Arm] == nil {
			s.Verdicts[candidate.Arm] = map[answer.Verdict]int{}
		}
		s.Verdicts[candidate.Arm][candidate.Verdict]++
		s.Decisions[candidate.Decision]++
	}
}

// finish fills in what is known only at the end.
func (g *generator) finish(result *Demonstrations) {
	s := &result.Summary
	for _, row := range result.Rows {
		s.Rows[row.Kind]++
	}
	for _, reason := range result.Dropped {
		s.Dropped[reason]++
	}
	var replies int
	s.Cost = g.Cost(len(result.Rows))
	if replies, s.Unread = g.judge.Replies(); 2*s.Unread > replies {
		g.opts.Logger.Warn("most replies of the judge could not be read", "judge", g.judge.Model.Name(), "unread", s.Unread, "replies", replies)
	}
	if len(result.Rows) == 0 {
		g.opts.Logger.Warn("no demonstration came out of the generation", "questions", s.Questions, "dropped", s.Dropped)
	}
}

// withhold decides by seed whether a question loses the passages that answer
// it, and takes them out.
func (g *generator) withhold(q question.Question, hits []retriever.Hit) ([]retriever.Hit, bool) {
	golds := q.Golds()
	if g.opts.Withhold <= 0 || len(golds) == 0 {
		return hits, false
	}
	if seed.Uniform(g.opts.Seed, "withhold", q.ID) >= g.opts.Withhold {
		return hits, false
	}
	kept := make([]retriever.Hit, 0, len(hits))
	for _, hit := range hits {
		if !question.HoldsPart(hit, q) {
			kept = append(kept, hit)
		}
	}
	return kept, len(kept) < len(hits)
}
