package recipe

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/ragft/ragft/internal/meter"
	"github.com/ragft/ragft/internal/reading"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/ragft/ragft/retriever"
)

// Recipe turns an index, questions or a corpus, and a model into training rows
// with provenance. Rows are JSONL that a person can read, filter and edit, see
// [rows.WriteFile]; [finetune.Train] learns them. The recipes of this package are
// [selfdemo.Recipe] in the model's own words, [Gold], [RALT], [RAFT],
// [memory.Recipe] and [Pretrain] from the documents alone, and [Mix], which mixes
// others.
//
// A recipe's fields are its options; the zero value of each works. Rows depend
// on the recipe, its input and the model alone. When ctx ends, Rows returns
// its error; with a [cache.Model] the next run takes up where this one stopped.
type Recipe interface {
	// Name says which recipe it is, in a word; rows carry it as Source.
	Name() string
	// Estimate says what Rows will cost at most, before anything is generated.
	// It is also where input that Rows cannot use is an error.
	Estimate(in Input) (model.Cost, error)
	// Rows makes the rows.
	Rows(ctx context.Context, in Input) (*Result, error)
}

// RecipeInput is what recipes work on. A recipe says which of the fields it needs.
type Input struct {
	Model     model.Model         // generates; may be nil for recipes that generate nothing
	Search    retriever.Searcher  // finds passages
	Questions []question.Question // with their reference answers
	Corpus    []retriever.Chunk   // for recipes that read the documents themselves
	Prompts   prompt.Set          // zero = the defaults
	Passages  int                 // shown with each question; 0 = 4
	Seed      uint64              // everything random follows from it

	// Evidence holds, by question id, the passages that a data set names as its
	// evidence, as [eval.Config].Evidence does: where the words of the answer do not
	// show which passage holds it, these take the place of Question.Evidence, and
	// [RAFT] looks among them first. Only what the search finds is shown; nil = none.
	Evidence map[string][]retriever.Hit

	Batch    int                  // requests made at a time, in units of the recipe; 0 = 8
	Progress func(model.Progress) // called after each batch, from the caller's goroutine; nil = none
	Logger   *slog.Logger         // nil = slog.Default
}

func (in Input) WithDefaults() Input {
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
			in.Questions[i].NameHits(in.Evidence[in.Questions[i].ID])
		}
	}
	return in
}

// RecipeResult is what a recipe made.
type Result struct {
	Rows    []rows.Row
	Dropped map[rows.DropReason]int // what led to no row, by reason
	Cost    model.Cost
}

// ErrNoModel means that a recipe has the model write something, and was given none.
var ErrNoModel = errors.New("it needs a model")

// needs says what of the input is missing.
func (in Input) Needs(model, search, questions, corpus bool) error {
	switch {
	case model && in.Model == nil:
		return fmt.Errorf("%w: set RecipeInput.Model", ErrNoModel)
	case search && in.Search == nil:
		return fmt.Errorf("it needs an index: set RecipeInput.Search")
	case questions && len(in.Questions) == 0:
		return fmt.Errorf("%w: it needs questions with answers: set RecipeInput.Questions", question.ErrNone)
	case questions && !slices.ContainsFunc(in.Questions, func(q question.Question) bool { return len(q.Golds()) > 0 }):
		return fmt.Errorf("%w that have an answer: all %d would be taught as unanswerable; give each its reference in Question.Answer", question.ErrNone, len(in.Questions))
	case corpus && len(in.Corpus) == 0:
		return fmt.Errorf("it needs the documents: set RecipeInput.Corpus")
	case corpus && len(in.Corpus) == 1:
		return fmt.Errorf("%w: the corpus is one passage: add documents, or split them into smaller passages (retriever.SplitOptions)", reading.ErrTooLittleText)
	}
	if questions {
		if err := question.CheckIDs(in.Questions); err != nil {
			return err
		}
	}
	if search {
		return reading.EnoughPassages(in.Search)
	}
	return nil
}

// GoldAnswers is retrieval-augmented instruction tuning on the reference
// answers as they are (RA-IT, the baseline of arXiv 2502.10596): the read
// prompt with the passages found, and the reference answer as target. A
// question without an answer teaches Refusal, or nothing where it is empty.
// It generates nothing. It needs Search and Questions.
type Gold struct {
	Refusal string // target of unanswerable questions; "" = such questions are left out
}

// Name is "gold".
func (Gold) Name() string { return "gold" }

// Estimate is no cost.
func (r Gold) Estimate(in Input) (model.Cost, error) {
	if err := in.Needs(false, true, true, false); err != nil {
		return model.Cost{}, fmt.Errorf("ragft: %s: %w", r.Name(), err)
	}
	return model.Cost{}, nil
}

// Rows makes one row a question.
func (r Gold) Rows(ctx context.Context, in Input) (*Result, error) {
	if _, err := r.Estimate(in); err != nil {
		return nil, err
	}
	in = in.WithDefaults()
	m := meter.New(in.Progress, in.Logger)
	out := &Result{Dropped: map[rows.DropReason]int{}}
	for i, q := range in.Questions {
		kind, target := rows.KindAnswer, q.Answer
		if len(q.Golds()) == 0 {
			kind, target = rows.KindRefusal, r.Refusal
		}
		if target == "" {
			out.Dropped[rows.DropUnanswerable]++
			continue
		}
		hits, err := in.Search.Search(ctx, q.Question, in.Passages)
		if err != nil {
			return nil, fmt.Errorf("ragft: %s: search for question %s: %w", r.Name(), q.ID, err)
		}
		hits = hits[:min(len(hits), in.Passages)]
		out.Rows = append(out.Rows, rows.Row{
			ID: q.ID + "/" + r.Name(), Kind: kind, Source: r.Name(),
			Messages:   append(q.ReadMessages(in.Prompts, hits), model.Message{Role: model.RoleAssistant, Content: target}),
			QuestionID: q.ID, Question: q.Question, Golds: q.Golds(), Context: question.LabelContext(q, hits),
			Chunks: rows.ChunkRefs(hits), Provenance: in.Provenance(r, nil),
		})
		if (i+1)%in.Batch == 0 || i+1 == len(in.Questions) {
			m.Report(r.Name(), i+1, len(in.Questions), len(out.Rows))
		}
	}
	out.Cost = m.Cost(len(out.Rows))
	return out, nil
}
