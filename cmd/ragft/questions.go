package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/question/dataset"
	"github.com/ragft/ragft/retriever"
)

type questionsFlags struct {
	modelFlags
	compose   question.ComposeOptions
	importing string
	format    string
	documents string
	questions string
	estimate  bool
}

func (a *app) questionsCommand() *cobra.Command {
	var o questionsFlags
	cmd := &cobra.Command{
		Use: "questions", Short: "Write questions about the documents, or take over a data set", Args: arguments(cobra.NoArgs),
		Long: `Lets the model write questions about the passages of the index, and keeps those whose answer stands in the passage.
With --import, takes the questions of a data set in one of the published formats instead, with all that came with each: its
evidence, other passages, and the turns before it, which demos and eval then show. With --documents its passages become documents.
Look at the file before you use it: whether questions are good is not verified. None of those that a model writes is
unanswerable; add some that the documents do not answer, with an empty answer, or there is nothing to learn abstention from.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.importing != "" {
				return a.importQuestions(o)
			}
			return a.writeQuestions(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	o.modelFlags.add(f)
	var formats []string
	for _, name := range dataset.Formats() {
		formats = append(formats, string(name))
	}
	f.Var(pathValue(&o.questions, ""), "questions", "file to write, JSONL (default questions.jsonl of the project's folder)")
	f.Var(countValue(&o.compose.Limit, 400, 0), "limit", "questions to stop at, 0 = no limit")
	f.Var(countValue(&o.compose.PerChunk, 1, 1), "per-chunk", "questions asked for in each passage")
	f.Var(countValue(&o.compose.MaxWords, 12, 1), "max-words", "longest answer, in words")
	f.Var(countValue(&o.compose.MinChunk, 80, 0), "min-chunk", "shortest passage worth asking about, in bytes (0 = any)")
	f.Float64Var(&o.compose.Temperature, "temperature", 0.7, "temperature of the draws")
	f.Var(countValue(&o.compose.MaxTokens, 96, 1), "max-tokens", "longest reply of the model, in tokens")
	f.Var(countValue(&o.compose.Batch, 16, 1), "batch", "passages at a time")
	f.StringVar(&o.compose.Prompt, "prompt-compose", "", "system message with which the model writes questions")
	f.BoolVar(&o.estimate, "estimate", false, "say what it may cost, and stop")
	f.Var(pathValue(&o.importing, ""), "import", "data set to take the questions from")
	f.Var(choiceValue(&o.format, "detect", append([]string{"detect"}, formats...)...), "format", "format of --import")
	f.Var(pathValue(&o.documents, ""), "documents", "with --import: file to write the passages of the data set to, JSONL, for 'ragft index'")
	return cmd
}

// questionsResult is what questions prints with --json.
type questionsResult struct {
	File         string         `json:"file,omitempty"` // none with --estimate
	Questions    int            `json:"questions"`
	Unanswerable int            `json:"unanswerable"`
	Passages     int            `json:"passages,omitempty"` // asked about, or taken over
	Left         map[string]int `json:"left_out,omitempty"` // by reason
	Tokens       int            `json:"tokens,omitempty"`
	Estimate     model.Cost     `json:"estimate,omitzero"`
	Cost         model.Cost     `json:"cost,omitzero"`
}

func (a *app) writeQuestions(ctx context.Context, o questionsFlags) error {
	index, err := a.openIndex()
	if err != nil {
		return err
	}
	defer index.Close()
	chunks, err := corpus(ctx, index)
	if err != nil {
		return err
	}
	o.compose.Temperature, o.compose.MinChunk = orNegative(o.compose.Temperature), orNegative(o.compose.MinChunk)
	r := questionsResult{Estimate: o.compose.Estimate(chunks), Left: map[string]int{}}
	expected := fmt.Sprintf("questions about %d passages: at most %s", r.Estimate.Calls, r.Estimate)
	if o.estimate {
		return a.result(r, func(w io.Writer) error {
			_, err := fmt.Fprintln(w, expected)
			return err
		})
	}
	m, err := a.open(ctx, o.modelFlags, "")
	if err != nil {
		return err
	}
	defer m.close()
	cached, err := m.cached(a, m.base)
	if err != nil {
		return err
	}
	a.note("%s", expected)
	bar := a.bar("writing questions", "passages")
	o.compose.Seed = a.seed
	o.compose.Progress = func(p question.ComposeProgress) {
		bar.set(int64(p.Done), int64(p.Total), fmt.Sprintf("%d accepted, %d calls, %d of them cached", p.Accepted, p.Calls, p.Cached))
	}
	composed, err := question.Compose(ctx, cached, chunks, o.compose)
	bar.done()
	if err != nil {
		return err
	}
	r.Passages, r.Tokens, r.Cost = composed.Chunks, composed.Tokens, composed.Cost
	for reason, n := range composed.Rejected {
		r.Left[string(reason)] = n
	}
	if len(composed.Questions) == 0 {
		return fmt.Errorf("%w: of %d passages the model wrote none that could be verified (%v): use a larger model, or your own questions",
			question.ErrNone, composed.Chunks, composed.Rejected)
	}
	return a.keepQuestions(o, composed.Questions, r, func(path string) error { return question.WriteFile(path, composed.Questions) })
}

func (a *app) importQuestions(o questionsFlags) error {
	format := dataset.Format(o.format)
	if o.format == "detect" {
		format = dataset.Detect
	}
	set, err := dataset.ReadFile(o.importing, format)
	if err != nil {
		return err
	}
	r := questionsResult{Left: set.Skipped}
	if o.documents != "" {
		documents := set.Documents()
		if err := writeDocuments(o.documents, documents); err != nil {
			return err
		}
		r.Passages = len(documents)
	}
	if len(set.Items) == 0 {
		return fmt.Errorf("%s: %w", o.importing, question.ErrNone)
	}
	return a.keepQuestions(o, set.Questions(), r, set.WriteFile)
}

func (a *app) keepQuestions(o questionsFlags, questions []question.Question, r questionsResult, write func(path string) error) error {
	if r.File = o.questions; r.File == "" {
		if err := a.makeDir(); err != nil {
			return err
		}
		r.File = a.path(questionsName)
	}
	r.Questions = len(questions)
	for _, q := range questions {
		if q.Unanswerable {
			r.Unanswerable++
		}
	}
	if err := write(r.File); err != nil {
		return err
	}
	return a.result(r, func(w io.Writer) error {
		if r.Cost.Calls > 0 {
			a.note("it took %s", r.Cost)
		}
		if len(r.Left) > 0 {
			a.note("left out: %s", counts(r.Left))
		}
		_, err := fmt.Fprintf(w, "%s: %d questions, %d of them unanswerable\n", r.File, r.Questions, r.Unanswerable)
		return err
	})
}

// corpus is every passage of the index.
func corpus(ctx context.Context, index *retriever.Index) ([]retriever.Chunk, error) {
	var chunks []retriever.Chunk
	for c, err := range index.Chunks(ctx) {
		if err != nil {
			return nil, err
		}
		chunks = append(chunks, c)
	}
	if len(chunks) == 0 {
		return nil, fmt.Errorf("the index holds nothing: %w", retriever.ErrEmpty)
	}
	return chunks, nil
}
