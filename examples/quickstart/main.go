//go:build cgo

// Quickstart is the main job from end to end: it indexes a folder of documents, makes demonstrations with a model,
// trains a LoRA adapter on them, measures base against tuned on held-out questions, answers some questions with citations,
// and writes a report.
//
//	go run ./examples/quickstart
//	go run ./examples/quickstart -model MODEL.gguf -docs FOLDER -questions QUESTIONS.jsonl
//
// Without -questions, the model writes the questions for documents of your own. An interrupted run goes on where it was
// when it is started again with the same flags: generated text and the training's state are kept in the folder -out.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/ragft/ragft/examples/internal/tune"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/model/cache"
	"github.com/ragft/ragft/ragft/model/local"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/recipe/selfdemo"
	"github.com/ragft/ragft/ragft/report"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/ragft/ragft/retriever"
)

type options struct {
	model, docs, questions, out string
	short                       bool
	passages, chunk, candidates int
	rank, epochs                int
	rate                        float64
	seed                        uint64
}

func main() {
	var o options
	flag.StringVar(&o.model, "model", tune.ShippedModel, "base model, a GGUF file")
	flag.StringVar(&o.docs, "docs", tune.ShippedDocs, "folder of documents")
	flag.StringVar(&o.questions, "questions", "", "questions with answers, JSONL; for documents of your own the model writes them if none are given")
	flag.StringVar(&o.out, "out", "quickstart-out", "folder for the adapter, the report and what a later run need not do again")
	flag.BoolVar(&o.short, "short", false, "a fifth of the questions and less training: a check that it runs, not a measurement")
	flag.IntVar(&o.passages, "passages", 3, "passages shown for each question")
	flag.IntVar(&o.chunk, "chunk", 60, "words of a passage, at most")
	flag.IntVar(&o.candidates, "candidates", 3, "candidates of each kind for each question")
	flag.IntVar(&o.rank, "rank", 16, "rank of the adapter")
	flag.IntVar(&o.epochs, "epochs", 3, "epochs of training")
	flag.Float64Var(&o.rate, "rate", 1e-3, "learning rate; 2e-4 suits models of a billion weights")
	flag.Uint64Var(&o.seed, "seed", 1, "seed of everything random")
	flag.Parse()
	if o.questions == "" && o.docs == tune.ShippedDocs {
		o.questions = tune.ShippedQuestions
	}
	tune.Main("quickstart", slog.LevelWarn, func(ctx context.Context) error { return run(ctx, o) })
}

// job is what the steps hand on to one another.
type job struct {
	options
	index   *retriever.Index
	base    *local.Model
	tuned   *local.Model
	cached  *cache.Model // base
	reads   *cache.Model // tuned
	timings []report.Fact
	took    time.Duration // all steps
	demos   *selfdemo.Demonstrations
	trained *tune.Training
}

func run(ctx context.Context, o options) error {
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	j := &job{options: o}
	defer j.close()
	var train, held []question.Question
	var evaluation *eval.Evaluation
	steps := []struct {
		name string
		do   func() error
	}{
		{"Index the documents", func() error { return j.makeIndex(ctx) }},
		{"Open the model", func() error { return j.openModel(ctx) }},
		{"Questions", func() (err error) { train, held, err = j.splitQuestions(ctx); return err }},
		{"Demonstrations in the model's own words", func() error { return j.demonstrate(ctx, train) }},
		{"Train the adapter", func() error { return j.train(ctx) }},
		{"Evaluate base against tuned", func() (err error) { evaluation, err = j.evaluate(ctx, held); return err }},
	}
	for i, s := range steps {
		fmt.Printf("\n[%d/%d] %s\n", i+1, len(steps), s.name)
		started := time.Now()
		if err := s.do(); err != nil {
			return err
		}
		took := time.Since(started)
		j.took += took
		j.timings = append(j.timings, report.Fact{Name: s.name, Value: took.Round(100 * time.Millisecond).String()})
	}
	fmt.Println()
	results := &report.Results{Evaluation: evaluation}
	fmt.Print(results.Text())
	if err := j.ask(ctx, held); err != nil {
		return err
	}
	return j.report(results)
}

func (j *job) close() {
	for _, m := range []*cache.Model{j.cached, j.reads} {
		if m != nil {
			m.Close()
		}
	}
	if j.base != nil {
		j.base.Close()
	}
	if j.index != nil {
		j.index.Close()
	}
}

func (j *job) makeIndex(ctx context.Context) error {
	var err error
	if j.index, err = retriever.NewMemory(retriever.IndexOptions{}); err != nil {
		return err
	}
	report, err := j.index.AddPath(ctx, j.docs, retriever.AddOptions{Split: retriever.SplitOptions{Size: j.chunk}})
	if err != nil {
		return err
	}
	fmt.Printf("  %d documents, %d passages\n", report.Documents, j.index.Len())
	for _, s := range report.Skipped {
		fmt.Printf("  skipped %s: %s\n", s.Path, s.Reason)
	}
	return nil
}

func (j *job) openModel(ctx context.Context) error {
	var err error
	if j.base, err = local.Open(ctx, j.model, local.Options{Sequences: 16}); err != nil {
		return err
	}
	m := j.base.Llama()
	fmt.Printf("  %s: %s, %.1f million weights, context %d\n", filepath.Base(j.model), m.Architecture(), float64(m.Parameters())/1e6, m.ContextLength())
	j.cached, err = cache.Open(j.base, filepath.Join(j.out, "cache"))
	return err
}

// splitQuestions reads the questions, or has the model write them, and keeps half for the evaluation.
func (j *job) splitQuestions(ctx context.Context) (train, held []question.Question, err error) {
	var all []question.Question
	if j.questions != "" {
		all, err = question.ReadFile(j.questions)
	} else {
		all, err = j.compose(ctx)
	}
	if err != nil {
		return nil, nil, err
	}
	if j.short {
		all, _ = question.Split(all, 0.8, j.seed)
	}
	train, held = question.Split(all, 0.5, j.seed)
	fmt.Printf("  %d to learn from, %d held out (%d of these without an answer in the documents)\n", len(train), len(held), unanswerable(held))
	return train, held, nil
}

func unanswerable(questions []question.Question) int {
	n := 0
	for _, q := range questions {
		if q.Unanswerable {
			n++
		}
	}
	return n
}

func (j *job) compose(ctx context.Context) ([]question.Question, error) {
	var chunks []retriever.Chunk
	for c, err := range j.index.Chunks(ctx) {
		if err != nil {
			return nil, err
		}
		chunks = append(chunks, c)
	}
	bar := tune.NewBar("writing", "chunks")
	defer bar.Done()
	composed, err := question.Compose(ctx, j.cached, chunks, question.ComposeOptions{
		Limit: 400, Seed: j.seed, Progress: func(p question.ComposeProgress) { bar.Set(p.Done, p.Total, fmt.Sprintf("%d accepted", p.Accepted)) },
	})
	if err != nil {
		return nil, err
	}
	if len(composed.Questions) < 8 {
		return nil, fmt.Errorf("the model wrote only %d usable questions: give some of your own with -questions", len(composed.Questions))
	}
	return composed.Questions, question.WriteFile(filepath.Join(j.out, "questions.jsonl"), composed.Questions)
}

func (j *job) demonstrate(ctx context.Context, questions []question.Question) error {
	bar := tune.NewBar("generating", "questions")
	demos, err := selfdemo.Generate(ctx, j.cached, j.index, questions, selfdemo.Options{
		Passages: j.passages, Closed: j.candidates, Read: j.candidates, Refuse: j.candidates, GreedyFirst: true, MaxTokens: 48,
		Judge:  judge.Options{Model: j.cached},
		Policy: selfdemo.Policy{DropPresentRefusals: true, MinCorrectAbsent: 2, ClosedRows: true},
		Seed:   j.seed, Batch: 16,
		Progress: func(p model.Progress) { bar.Set(p.Done, p.Total, fmt.Sprintf("%d accepted", p.Accepted)) },
	})
	bar.Done()
	if err != nil {
		return err
	}
	j.demos = demos
	s := demos.Summary
	fmt.Printf("  rows: %d answers, %d refusals, %d without documents; %d questions gave none %v\n",
		s.Rows[rows.KindAnswer], s.Rows[rows.KindRefusal], s.Rows[rows.KindClosed], len(demos.Dropped), s.Dropped)
	fmt.Printf("  %d calls (%d from the cache), %d tokens, %.2f s for an accepted row\n", s.Calls, s.Cached, s.Tokens, s.SecondsPerRow)
	return rows.WriteFile(filepath.Join(j.out, "rows.jsonl"), demos.Rows)
}
