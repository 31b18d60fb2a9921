package recipe

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"

	"github.com/ragft/ragft/internal/reading"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/ragft/ragft/retriever"
)

// Input is what recipes work on. A recipe says which of the fields it needs.
// The methods are for those who write a recipe of their own.
type Input struct {
	Model     model.Model         // generates; nil for recipes that generate nothing
	Search    retriever.Searcher  // finds passages
	Questions []question.Question // with their reference answers
	Corpus    []retriever.Chunk   // for recipes that read the documents themselves
	Prompts   prompt.Set          // zero = the defaults
	Passages  int                 // shown with each question; 0 = 4
	Seed      uint64              // of all random choices

	// Evidence holds, by question id, the passages that a data set names as its
	// evidence. If the words of the answer do not tell which passage holds it,
	// these replace Question.Evidence, and [RAFT] prefers them. Only what the
	// search finds is shown. Nil = none.
	Evidence map[string][]retriever.Hit

	Batch    int                  // questions, or other units of the recipe, at a time; 0 = 8
	Progress func(model.Progress) // called after each batch, from the caller's goroutine; nil = none
	Logger   *slog.Logger         // nil = slog.Default
}

// WithDefaults returns in with all defaults filled in, and with the evidence of
// Evidence in its questions. The caller's questions stay as they are.
func (in Input) WithDefaults() Input {
	in.Passages, in.Batch = cmp.Or(in.Passages, 4), cmp.Or(in.Batch, 8)
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

// NeedModel is [ErrInput] without a model.
func (in Input) NeedModel() error {
	if in.Model == nil {
		return errNoModel
	}
	return nil
}

// NeedSearch is [ErrInput] without a search, or with one that says that it has
// fewer than two passages, and for negative numbers.
func (in Input) NeedSearch() error {
	if in.Search == nil {
		return inputErrorf("there is no index: set Input.Search")
	}
	if in.Passages < 0 || in.Batch < 0 {
		return inputErrorf("negative options: Passages %d, Batch %d", in.Passages, in.Batch)
	}
	if err := reading.EnoughPassages(in.Search); err != nil {
		return inputError{err}
	}
	return nil
}

// NeedQuestions is [ErrInput] unless there are questions, one of them with an
// answer, and each has an id of its own.
func (in Input) NeedQuestions() error {
	if len(in.Questions) == 0 {
		return inputErrorf("%w: set Input.Questions", question.ErrNone)
	}
	if !slices.ContainsFunc(in.Questions, func(q question.Question) bool { return len(q.Golds()) > 0 }) {
		return inputErrorf("%w with an answer: all %d would be taught as unanswerable; give each its reference in Question.Answer",
			question.ErrNone, len(in.Questions))
	}
	seen := make(map[string]bool, len(in.Questions)) // seeds and rows are keyed by the id
	for i, q := range in.Questions {
		if q.ID == "" {
			return inputErrorf("question %d (%q) has no id", i+1, q.Question)
		}
		if seen[q.ID] {
			return inputErrorf("two questions have the id %q", q.ID)
		}
		seen[q.ID] = true
	}
	return nil
}

// NeedCorpus is [ErrInput] unless the corpus has two passages.
func (in Input) NeedCorpus() error {
	switch len(in.Corpus) {
	case 0:
		return inputErrorf("there are no documents: set Input.Corpus")
	case 1:
		return inputErrorf("%w: the corpus is one passage: add documents, or split them into smaller passages (retriever.SplitOptions)",
			reading.ErrTooLittleText)
	}
	return nil
}

// Row starts a row about a question: all but kind, target and provenance. Its
// messages are the prompt to answer from these passages.
func (in Input) Row(source string, q question.Question, hits []retriever.Hit) rows.Row {
	return rows.Row{
		ID: q.ID + "/" + source, Source: source, Messages: q.ReadMessages(in.Prompts, hits),
		QuestionID: q.ID, Question: q.Question, Golds: q.Golds(), Context: q.Context(hits), Chunks: refs(hits),
	}
}

func refs(hits []retriever.Hit) []rows.ChunkRef {
	out := make([]rows.ChunkRef, len(hits))
	for i, hit := range hits {
		out[i] = rows.ChunkRef{ID: hit.ID, Source: hit.Source, Start: hit.Start, End: hit.End, Score: hit.Score}
	}
	return out
}

// answered adds the target to a row.
func answered(row rows.Row, kind rows.Kind, target string) rows.Row {
	row.Kind, row.Messages = kind, append(slices.Clip(row.Messages), model.Message{Role: model.RoleAssistant, Content: target})
	return row
}

// search finds the passages of a question.
func (in Input) search(ctx context.Context, q question.Question, n int) ([]retriever.Hit, error) {
	hits, err := in.Search.Search(ctx, q.Question, n)
	if err != nil {
		return nil, fmt.Errorf("search for question %s: %w", q.ID, err)
	}
	return hits[:min(len(hits), n)], nil
}
