package ragft

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/ragft/ragft/retriever"
)

// Recipe turns an index, questions or a corpus, and a model into training rows
// with provenance. Rows are JSONL that a person can read, filter and edit, see
// [WriteRowsFile]; [Train] learns them. The recipes of this package are
// [SelfDemonstrations] in the model's own words, [GoldAnswers], [RALT], [RAFT],
// [Memory] and [Pretraining] from the documents alone, and [Hybrid], which mixes
// others.
//
// A recipe's fields are its options; the zero value of each works. Rows depend
// on the recipe, its input and the model alone. When ctx ends, Rows returns
// its error; with a [CachedModel] the next run takes up where this one stopped.
type Recipe interface {
	// Name says which recipe it is, in a word; rows carry it as Source.
	Name() string
	// Estimate says what Rows will cost at most, before anything is generated.
	// It is also where input that Rows cannot use is an error.
	Estimate(in RecipeInput) (Cost, error)
	// Rows makes the rows.
	Rows(ctx context.Context, in RecipeInput) (*RecipeResult, error)
}

// RecipeInput is what recipes work on. A recipe says which of the fields it needs.
type RecipeInput struct {
	Model     Model              // generates; may be nil for recipes that generate nothing
	Search    retriever.Searcher // finds passages
	Questions []Question         // with their reference answers
	Corpus    []retriever.Chunk  // for recipes that read the documents themselves
	Prompts   Prompts            // zero = the defaults
	Passages  int                // shown with each question; 0 = 4
	Seed      uint64             // everything random follows from it

	// Evidence holds, by question id, the passages that a data set names as its
	// evidence, as [EvalConfig].Evidence does: where the words of the answer do not
	// show which passage holds it, these take the place of Question.Evidence, and
	// [RAFT] looks among them first. Only what the search finds is shown; nil = none.
	Evidence map[string][]retriever.Hit

	Batch    int            // requests made at a time, in units of the recipe; 0 = 8
	Progress func(Progress) // called after each batch, from the caller's goroutine; nil = none
	Logger   *slog.Logger   // nil = slog.Default
}

func (in RecipeInput) withDefaults() RecipeInput {
	if in.Passages <= 0 {
		in.Passages = 4
	}
	if in.Batch <= 0 {
		in.Batch = 8
	}
	if in.Logger == nil {
		in.Logger = slog.Default()
	}
	in.Prompts = in.Prompts.WithDefaults()
	if len(in.Evidence) > 0 {
		in.Questions = slices.Clone(in.Questions)
		for i := range in.Questions {
			in.Questions[i].nameHits(in.Evidence[in.Questions[i].ID])
		}
	}
	return in
}

// RecipeResult is what a recipe made.
type RecipeResult struct {
	Rows    []Row
	Dropped map[DropReason]int // what led to no row, by reason
	Cost    Cost
}

// Cost is what a recipe takes: an upper bound from Estimate, or what it took.
type Cost struct {
	Calls   int           `json:"calls"`   // requests of the model, those that a cache answered included
	Cached  int           `json:"cached"`  // of these, answered by a cache
	Tokens  int           `json:"tokens"`  // generated
	Elapsed time.Duration `json:"elapsed"` // of this run, nanoseconds; 0 in an estimate

	// Generating is the time that the model took for the calls, nanoseconds; of
	// what a [CachedModel] answered, when it was generated. 0 in an estimate.
	Generating time.Duration `json:"generating"`
	// SecondsPerRow is the longer of Elapsed and Generating by the rows that came
	// out, so that a run from the cache does not look cheap; 0 where there is no
	// row, and in an estimate.
	SecondsPerRow float64 `json:"seconds_per_row,omitempty"`
}

// add sums up costs, but for those of a row.
func (c *Cost) add(other Cost) {
	c.Calls += other.Calls
	c.Cached += other.Cached
	c.Tokens += other.Tokens
	c.Elapsed += other.Elapsed
	c.Generating += other.Generating
}

// perRow fills in the seconds of a row.
func (c *Cost) perRow(rows int) {
	if c.SecondsPerRow = 0; rows > 0 {
		c.SecondsPerRow = max(c.Elapsed, c.Generating).Seconds() / float64(rows)
	}
}

// String is the cost in words.
func (c Cost) String() string {
	s := fmt.Sprintf("%d calls, %d tokens", c.Calls, c.Tokens)
	if c.Cached > 0 {
		s += fmt.Sprintf(", %d answered by the cache", c.Cached)
	}
	if c.Elapsed > 0 {
		s += fmt.Sprintf(", %s", c.Elapsed.Round(time.Millisecond))
		if c.Cached > 0 && c.Generating > 0 {
			s += fmt.Sprintf(" (%s with what the cache saved)", c.Generating.Round(time.Millisecond))
		}
		if c.SecondsPerRow > 0 {
			s += fmt.Sprintf(", %.2f s a row", c.SecondsPerRow)
		}
	}
	return s
}

// meter counts what a recipe spends.
type meter struct {
	start         time.Time
	generating    time.Duration // see Cost
	phase         string        // what was reported last
	phaseStart    time.Time
	reported      time.Time // last
	calls, cached int
	tokens        int
	progress      func(Progress)
	logger        *slog.Logger
}

func newMeter(progress func(Progress), logger *slog.Logger) *meter {
	now := time.Now()
	return &meter{start: now, phaseStart: now, reported: now, progress: progress, logger: logger}
}

// chat is one call of a model, counted and checked.
func (m *meter) chat(ctx context.Context, model Model, reqs []ChatRequest) ([]ChatResponse, error) {
	start := time.Now()
	responses, err := chatAll(ctx, model, reqs)
	if err != nil || len(reqs) == 0 {
		return nil, err
	}
	took := time.Since(start)
	var known time.Duration // by a cache, which remembers what each response took when it was generated
	m.calls += len(reqs)
	for _, response := range responses {
		if response.Cached {
			m.cached++
		}
		known += time.Duration(response.Seconds * float64(time.Second))
		for _, sample := range response.Samples {
			m.tokens += sample.Tokens
		}
	}
	if known > 0 {
		took = known
	}
	m.generating += took
	return responses, nil
}

// report tells the progress after a batch: done of total, and the rows so far.
// A recipe may go through several phases, each with a total of its own; the
// time that is left is that of the phase.
func (m *meter) report(phase string, done, total, accepted int) {
	if phase != m.phase {
		m.phase, m.phaseStart = phase, m.reported
	}
	m.reported = time.Now()
	p := Progress{
		Done: done, Total: total, Accepted: accepted, Calls: m.calls, Cached: m.cached,
		Tokens: m.tokens, Elapsed: m.reported.Sub(m.start),
	}
	if done > 0 {
		p.Remaining = time.Duration(float64(m.reported.Sub(m.phaseStart)) / float64(done) * float64(total-done))
	}
	if seconds := m.generating.Seconds(); seconds > 0 {
		p.TokensPerSecond = float64(m.tokens) / seconds
	}
	m.logger.Debug(phase, "done", done, "total", total, "accepted", accepted, "cached", p.Cached)
	if m.progress != nil {
		m.progress(p)
	}
}

// cost is what was spent on this many rows.
func (m *meter) cost(rows int) Cost {
	c := Cost{Calls: m.calls, Cached: m.cached, Tokens: m.tokens, Elapsed: time.Since(m.start), Generating: m.generating}
	c.perRow(rows)
	return c
}

// SelfDemonstrations is the recipe of [Generate]: demonstrations in the
// model's own words (arXiv 2502.10596). It needs Model, Search and Questions.
// Prompts, Passages, Seed, Batch, Progress and Logger of the input take the
// place of those of the options.
type SelfDemonstrations struct{ Options GenerateOptions }

// Name is "self-demo".
func (SelfDemonstrations) Name() string { return "self-demo" }

func (r SelfDemonstrations) options(in RecipeInput) GenerateOptions {
	o := r.Options
	o.Prompts, o.Passages, o.Seed, o.Batch, o.Progress, o.Logger = in.Prompts, in.Passages, in.Seed, in.Batch, in.Progress, in.Logger
	return o // without the defaults, since what is filled twice turns "none" into the default
}

// Estimate counts every candidate, and a call of the judge for each; of a
// knock-out, all its tries.
func (r SelfDemonstrations) Estimate(in RecipeInput) (Cost, error) {
	if err := in.needs(true, true, true, false); err != nil {
		return Cost{}, fmt.Errorf("ragft: %s: %w", r.Name(), err)
	}
	o := r.options(in.withDefaults()).withDefaults()
	arms, candidates := 0, 0
	for _, n := range []int{o.Closed, o.Read, o.Refuse} {
		if n > 0 {
			arms++
			candidates += n
		}
	}
	if o.GreedyFirst && o.Read > 1 {
		arms++
	}
	for _, extra := range []int{min(len(o.ClosedPrompts), o.Closed), min(len(o.ReadPrompts), o.Read)} {
		arms += max(0, extra-1)
	}
	judged, votes := 0, max(o.Judge.Votes, 0)
	switch {
	case o.Judge.Knockout:
		votes = 1
		for left := candidates; left > 1; left = (left + bracketSize - 1) / bracketSize {
			judged += (left + bracketSize - 1) / bracketSize * o.Judge.Tries
		}
	case votes > 0:
		judged = candidates
	}
	calls, tokens := arms+judged, candidates*o.MaxTokens+judged*votes*o.Judge.MaxTokens
	if o.Summarise {
		calls, tokens = calls+candidates, tokens+candidates*o.DraftTokens
	}
	n := len(in.Questions)
	return Cost{Calls: n * calls, Tokens: n * tokens}, nil
}

// Rows is [Generate].
func (r SelfDemonstrations) Rows(ctx context.Context, in RecipeInput) (*RecipeResult, error) {
	if _, err := r.Estimate(in); err != nil {
		return nil, err
	}
	in = in.withDefaults()
	d, err := Generate(ctx, in.Model, in.Search, in.Questions, r.options(in))
	if err != nil {
		return nil, err
	}
	for i := range d.Rows {
		d.Rows[i].Source = r.Name()
	}
	s := d.Summary
	return &RecipeResult{Rows: d.Rows, Dropped: s.Dropped, Cost: s.Cost}, nil
}

// ErrNoModel means that a recipe has the model write something, and was given none.
var ErrNoModel = errors.New("it needs a model")

// needs says what of the input is missing.
func (in RecipeInput) needs(model, search, questions, corpus bool) error {
	switch {
	case model && in.Model == nil:
		return fmt.Errorf("%w: set RecipeInput.Model", ErrNoModel)
	case search && in.Search == nil:
		return fmt.Errorf("it needs an index: set RecipeInput.Search")
	case questions && len(in.Questions) == 0:
		return fmt.Errorf("%w: it needs questions with answers: set RecipeInput.Questions", ErrNoQuestions)
	case questions && !slices.ContainsFunc(in.Questions, func(q Question) bool { return len(q.Golds()) > 0 }):
		return fmt.Errorf("%w that have an answer: all %d would be taught as unanswerable; give each its reference in Question.Answer", ErrNoQuestions, len(in.Questions))
	case corpus && len(in.Corpus) == 0:
		return fmt.Errorf("it needs the documents: set RecipeInput.Corpus")
	case corpus && len(in.Corpus) == 1:
		return fmt.Errorf("%w: the corpus is one passage: add documents, or divide them into smaller passages (retriever.SplitOptions)", ErrTooLittleText)
	}
	if questions {
		if err := uniqueIDs(in.Questions); err != nil {
			return err
		}
	}
	if search {
		return enoughPassages(in.Search)
	}
	return nil
}

// GoldAnswers is retrieval-augmented instruction tuning on the reference
// answers as they are (RA-IT, the baseline of arXiv 2502.10596): the read
// prompt with the passages found, and the reference answer as target. A
// question without an answer teaches Refusal, or nothing where it is empty.
// It generates nothing. It needs Search and Questions.
type GoldAnswers struct {
	Refusal string // target of unanswerable questions; "" = such questions are left out
}

// Name is "gold".
func (GoldAnswers) Name() string { return "gold" }

// Estimate is no cost.
func (r GoldAnswers) Estimate(in RecipeInput) (Cost, error) {
	if err := in.needs(false, true, true, false); err != nil {
		return Cost{}, fmt.Errorf("ragft: %s: %w", r.Name(), err)
	}
	return Cost{}, nil
}

// DropUnanswerable: a question without an answer, in a recipe that has nothing to teach for it.
const DropUnanswerable DropReason = "unanswerable"

// Rows makes one row a question.
func (r GoldAnswers) Rows(ctx context.Context, in RecipeInput) (*RecipeResult, error) {
	if _, err := r.Estimate(in); err != nil {
		return nil, err
	}
	in = in.withDefaults()
	m := newMeter(in.Progress, in.Logger)
	out := &RecipeResult{Dropped: map[DropReason]int{}}
	for i, q := range in.Questions {
		kind, target := KindAnswer, q.Answer
		if len(q.Golds()) == 0 {
			kind, target = KindRefusal, r.Refusal
		}
		if target == "" {
			out.Dropped[DropUnanswerable]++
			continue
		}
		hits, err := in.Search.Search(ctx, q.Question, in.Passages)
		if err != nil {
			return nil, fmt.Errorf("ragft: %s: search for question %s: %w", r.Name(), q.ID, err)
		}
		hits = hits[:min(len(hits), in.Passages)]
		out.Rows = append(out.Rows, Row{
			ID: q.ID + "/" + r.Name(), Kind: kind, Source: r.Name(),
			Messages:   append(q.ReadMessages(in.Prompts, hits), Message{Role: RoleAssistant, Content: target}),
			QuestionID: q.ID, Question: q.Question, Golds: q.Golds(), Context: labelContext(q, hits),
			Chunks: chunkRefs(hits), Provenance: in.provenance(r, nil),
		})
		if (i+1)%in.Batch == 0 || i+1 == len(in.Questions) {
			m.report(r.Name(), i+1, len(in.Questions), len(out.Rows))
		}
	}
	out.Cost = m.cost(len(out.Rows))
	return out, nil
}
