//go:build cgo

// Compare runs training recipes side by side: each makes rows from the same questions over the same index with the same
// model, trains an adapter with the same settings, and is measured on the same held-out questions, with retrieved
// passages and without any. It ends with one table, recipes x metrics, with intervals, as text and as Markdown.
//
//	go run ./examples/compare
//	go run ./examples/compare -model MODEL.gguf -docs FOLDER -set dev-v2.0.json -recipes self-demo,gold
//
// An interrupted run goes on where it was when it is started again with the same flags.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/ragft/ragft/lora"
	"github.com/ragft/ragft/ragft"
	"github.com/ragft/ragft/ragft/dataset"
	"github.com/ragft/ragft/retriever"
)

type options struct {
	model, docs, questions, set, out, recipes string
	passages, chunk, rank, epochs, limit      int
	rate                                      float64
	seed                                      uint64
}

func main() {
	var o options
	flag.StringVar(&o.model, "model", "examples/basemodel/ragft-base-f16.gguf", "base model, a GGUF file")
	flag.StringVar(&o.docs, "docs", "examples/quickstart/docs", "folder of documents; empty = the passages that come with -set")
	flag.StringVar(&o.questions, "questions", "examples/quickstart/questions.jsonl", "questions with answers, JSONL")
	flag.StringVar(&o.set, "set", "", "a published question set in place of -questions, see package dataset")
	flag.StringVar(&o.recipes, "recipes", "", "names of recipes, with commas; empty = all: "+strings.Join(recipeNames(), ", "))
	flag.StringVar(&o.out, "out", "compare-out", "folder for adapters, tables and what a later run need not do again")
	flag.IntVar(&o.passages, "passages", 3, "passages shown for each question")
	flag.IntVar(&o.chunk, "chunk", 60, "words of a passage, at most")
	flag.IntVar(&o.rank, "rank", 16, "rank of the adapters")
	flag.IntVar(&o.epochs, "epochs", 3, "epochs of training")
	flag.IntVar(&o.limit, "limit", 0, "take only this many questions, drawn by seed; 0 = all")
	flag.Float64Var(&o.rate, "rate", 1e-3, "learning rate; 2e-4 suits models of a billion weights")
	flag.Uint64Var(&o.seed, "seed", 1, "seed of everything random")
	flag.Parse()

	slog.SetLogLoggerLevel(slog.LevelError)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		if errors.Is(err, context.Canceled) {
			fmt.Fprintln(os.Stderr, "compare: interrupted; start it again with the same flags to go on")
			os.Exit(130)
		}
		os.Exit(1)
	}
}

// comparison is what the steps hand on to one another.
type comparison struct {
	options
	index       *retriever.Index
	corpus      []retriever.Chunk
	base        *ragft.LocalModel
	cached      *ragft.CachedModel
	train, held []ragft.Question
	results     []result
}

// result is one recipe's row of the table.
type result struct {
	name    string
	rows    int
	cost    ragft.Cost
	trained *ragft.TrainResult
	failed  string // why there is no adapter
	tuned   *ragft.CachedModel
}

func run(ctx context.Context, o options) error {
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	chosen, err := chooseRecipes(o.recipes)
	if err != nil {
		return err
	}
	c := &comparison{options: o}
	defer c.close()
	if err := c.open(ctx); err != nil {
		return err
	}
	for _, r := range chosen {
		fmt.Printf("\n%s\n", r.Name())
		res, err := c.try(ctx, r)
		if err != nil {
			return fmt.Errorf("%s: %w", r.Name(), err)
		}
		c.results = append(c.results, res)
	}
	fmt.Printf("\nmeasuring on %d held-out questions\n", len(c.held))
	return c.measure(ctx)
}

func (c *comparison) close() {
	for _, r := range c.results {
		if r.tuned != nil {
			r.tuned.Close()
		}
	}
	if c.cached != nil {
		c.cached.Close()
	}
	if c.base != nil {
		c.base.Close()
	}
	if c.index != nil {
		c.index.Close()
	}
}

// open makes the index, opens the model and splits the questions.
func (c *comparison) open(ctx context.Context) error {
	questions, documents, err := c.read()
	if err != nil {
		return err
	}
	if c.limit > 0 && len(questions) > c.limit {
		_, questions = ragft.SplitQuestions(questions, float64(c.limit)/float64(len(questions)), c.seed)
	}
	c.train, c.held = ragft.SplitQuestions(questions, 0.5, c.seed)
	leaks := ragft.FindLeaks(c.train, c.held, ragft.LeakOptions{})
	c.held = ragft.WithoutLeaks(c.held, leaks)
	if c.index, err = retriever.NewMemory(retriever.IndexOptions{}); err != nil {
		return err
	}
	split := retriever.SplitOptions{Size: c.chunk}
	if c.docs != "" {
		_, err = c.index.AddPath(ctx, c.docs, retriever.AddOptions{Split: split})
	} else {
		err = addDocuments(ctx, c.index, documents, split)
	}
	if err != nil {
		return err
	}
	for chunk, err := range c.index.Chunks(ctx) {
		if err != nil {
			return err
		}
		c.corpus = append(c.corpus, chunk)
	}
	fmt.Printf("%d passages; %d questions to learn from, %d held out, %d left out of these because the others give them away\n",
		len(c.corpus), len(c.train), len(c.held), len(leaks))
	if c.base, err = ragft.OpenLocal(ctx, c.model, ragft.LocalOptions{Sequences: 16}); err != nil {
		return err
	}
	c.cached, err = ragft.NewCachedModel(c.base, filepath.Join(c.out, "cache"))
	return err
}

// read returns the questions, and the documents that came with a published set.
func (c *comparison) read() ([]ragft.Question, []retriever.Document, error) {
	if c.set == "" {
		questions, err := ragft.ReadQuestionsFile(c.questions)
		return questions, nil, err
	}
	set, err := dataset.ReadFile(c.set, dataset.Detect)
	if err != nil {
		return nil, nil, err
	}
	return set.Questions(), set.Documents(), nil
}

func addDocuments(ctx context.Context, index *retriever.Index, documents []retriever.Document, o retriever.SplitOptions) error {
	var chunks []retriever.Chunk
	for _, d := range documents {
		more, err := retriever.Split(d, o)
		if err != nil {
			return err
		}
		chunks = append(chunks, more...)
	}
	return index.Add(ctx, chunks)
}

// try makes the rows of a recipe and trains on them. A recipe that comes to nothing with this model stays in the table,
// with the reason.
func (c *comparison) try(ctx context.Context, r ragft.Recipe) (result, error) {
	out := result{name: r.Name()}
	made, err := r.Rows(ctx, ragft.RecipeInput{
		Model: c.cached, Search: c.index, Questions: c.train, Corpus: c.corpus, Passages: c.passages, Seed: c.seed, Batch: 16,
		Progress: func(p ragft.Progress) { status("  rows: %d of %d, %d accepted ", p.Done, p.Total, p.Accepted) },
	})
	if ctx.Err() != nil {
		return out, ctx.Err()
	}
	if err != nil {
		out.failed = err.Error()
		fmt.Println("  no rows:", err)
		return out, nil
	}
	out.rows, out.cost = len(made.Rows), made.Cost
	status("")
	fmt.Printf("  %d rows (%s); dropped %v\n", len(made.Rows), made.Cost, made.Dropped)
	if err := ragft.WriteRowsFile(filepath.Join(c.out, r.Name()+".jsonl"), made.Rows); err != nil {
		return out, err
	}
	if len(made.Rows) < 8 {
		out.failed = fmt.Sprintf("only %d rows, dropped %v", len(made.Rows), made.Dropped)
		return out, nil
	}
	adapter := filepath.Join(c.out, r.Name()+".gguf")
	config := ragft.TrainOptions{Model: c.model, Adapter: adapter, LoRA: lora.Config{
		Rank: c.rank, Epochs: c.epochs, LearningRate: c.rate, WindowsPerStep: 2, Seed: c.seed,
		Progress: func(p lora.Progress) { status("  step %d of %d, loss %.3f ", p.Step, p.Steps, p.Loss) },
	}}
	out.trained, err = ragft.Train(ctx, made.Rows, config)
	if errors.Is(err, lora.ErrCheckpoint) { // of other flags
		if err := os.Remove(adapter + ".checkpoint"); err != nil {
			return out, err
		}
		out.trained, err = ragft.Train(ctx, made.Rows, config)
	}
	if err != nil {
		return out, err
	}
	status("")
	fmt.Printf("  %d steps, held-out loss %.3f -> %.3f, %.0f s\n", out.trained.Steps, out.trained.BaseLoss, out.trained.HeldOutLoss, out.trained.TrainSeconds)
	tuned, err := c.base.Adapted(adapter, 1)
	if err != nil {
		return out, err
	}
	out.tuned, err = ragft.NewCachedModel(tuned, filepath.Join(c.out, "cache"))
	return out, err
}

// status shows a line that the next one takes the place of, on a terminal only.
func status(format string, args ...any) {
	if info, err := os.Stdout.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return
	}
	fmt.Printf("\r\x1b[K"+format, args...)
}
