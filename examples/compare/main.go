//go:build cgo

// Compare runs training recipes side by side: each makes rows from the same questions over the same index with the same
// model, trains an adapter on as many tokens as the others, and is measured on the same held-out questions, with
// retrieved passages and without any, and on what the model knew before. It ends with one table, recipes x metrics, with
// intervals, and one of differences, as text, Markdown and JSON, and with a report.
//
//	go run ./examples/compare
//	go run ./examples/compare -model MODEL.gguf -docs FOLDER -questions dev-v2.0.json -recipes self-demo,gold
//
// An interrupted run goes on where it was when it is started again with the same flags.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/ragft/ragft/ragft/model/cache"
	"github.com/ragft/ragft/ragft/model/local"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
)

type options struct {
	model, docs, questions, format, out, recipes string
	passages, chunk, rank, epochs, limit         int
	unanswerable, missed, rate                   float64
	seed                                         uint64
	seeds                                        int
}

func main() {
	var o options
	flag.StringVar(&o.model, "model", shippedModel, "base model, a GGUF file")
	flag.StringVar(&o.docs, "docs", "", "folder of documents; none = the passages that come with -questions, or the shipped documents")
	flag.StringVar(&o.questions, "questions", "", "questions with answers; none = those of the shipped documents")
	flag.StringVar(&o.format, "format", "", "format of -questions, see package dataset; none = what its beginning looks like")
	flag.StringVar(&o.recipes, "recipes", "", "names of recipes, with commas; none = all: "+strings.Join(contenderNames(), ", "))
	flag.StringVar(&o.out, "out", "compare-out", "folder for adapters, tables and what a later run need not do again")
	flag.IntVar(&o.passages, "passages", 3, "passages shown for each question")
	flag.IntVar(&o.chunk, "chunk", 60, "words of a passage, at most")
	flag.IntVar(&o.rank, "rank", 16, "rank of the adapters")
	flag.IntVar(&o.epochs, "epochs", 3, "the budget: each recipe trains on as many tokens as so many epochs of all questions with their "+
		"passages")
	flag.IntVar(&o.limit, "limit", 0, "take only this many questions, drawn by seed; 0 = all")
	flag.Float64Var(&o.unanswerable, "unanswerable", 0, "share of the questions that are made unanswerable by leaving their own "+
		"passages out, for sets without such questions")
	flag.Float64Var(&o.missed, "missed", 0, "the setting of Self-Demo's paper: no recipe is told what cannot be answered. Unanswerable "+
		"questions are not learnt from, and for this share of the others the search misses the passages with the answer")
	flag.Float64Var(&o.rate, "rate", 1e-3, "learning rate; 2e-4 suits models of a billion weights")
	flag.Uint64Var(&o.seed, "seed", 1, "seed of everything random")
	flag.IntVar(&o.seeds, "seeds", 1, "how many seeds to run, from -seed on; each decides what is held out, what is drawn and how "+
		"training begins")
	flag.Parse()
	if o.questions == "" {
		o.questions = shippedQuestions
		if o.docs == "" {
			o.docs = shippedDocs
		}
	}
	start("compare", slog.LevelError, func(ctx context.Context) error { return run(ctx, o) })
}

// comparison is what the steps hand on to one another.
type comparison struct {
	options
	index       *retriever.Index
	learnt      retriever.Searcher // the index as the recipes see it
	corpus      []retriever.Chunk
	base        *local.Model
	cached      *cache.Model
	train, held []question.Question
	evidence    map[string][]retriever.Hit // that came with the questions, by their id
	leakage     *question.Leakage
	general     general
	budget      int // tokens that each recipe trains on
	results     []*result
}

func run(ctx context.Context, o options) error {
	chosen, err := chooseContenders(o.recipes)
	if err != nil {
		return err
	}
	if o.seeds <= 1 {
		_, err := compare(ctx, o, chosen)
		return err
	}
	out, first := o.out, o.seed
	var tables []*table
	for i := range o.seeds {
		o.seed = first + uint64(i)
		o.out = filepath.Join(out, fmt.Sprint("seed-", o.seed))
		fmt.Printf("\nseed %d, %d of %d\n", o.seed, i+1, o.seeds)
		t, err := compare(ctx, o, chosen)
		if err != nil {
			return fmt.Errorf("seed %d: %w", o.seed, err)
		}
		tables = append(tables, t)
	}
	text := overSeeds(tables)
	fmt.Print("\n" + text)
	return os.WriteFile(filepath.Join(out, "seeds.md"), []byte(text), 0o644)
}

// compare is the comparison with one seed.
func compare(ctx context.Context, o options, chosen []contender) (*table, error) {
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return nil, err
	}
	c := &comparison{options: o}
	defer c.close()
	if err := c.open(ctx); err != nil {
		return nil, err
	}
	for _, one := range chosen {
		fmt.Printf("\n%s\n", one.name)
		r, err := c.try(ctx, one)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", one.name, err)
		}
		c.results = append(c.results, r)
	}
	fmt.Printf("\nmeasuring on %d held-out questions and %d general ones\n", len(c.held), len(c.general.asked))
	return c.measure(ctx)
}

func (c *comparison) close() {
	for _, r := range c.results {
		if r.tuned != nil {
			r.tuned.Close()
		}
		if r.own != nil {
			r.own.Close()
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

// open reads the data, makes the index and opens the model.
func (c *comparison) open(ctx context.Context) error {
	questions, documents, err := c.read()
	if err != nil {
		return err
	}
	c.train, c.held = question.Split(questions, 0.5, c.seed)
	c.leakage = question.FindLeaks(c.train, c.held, question.LeakOptions{})
	c.leakage.LeftOut = true
	c.held = c.leakage.Without(c.held)
	if err := c.makeIndex(ctx, documents); err != nil {
		return err
	}
	c.learnt = c.index
	if c.missed > 0 {
		c.unlabelled()
	}
	if c.general, err = makeGeneral(c.seed); err != nil {
		return err
	}
	fmt.Printf("%d passages; %d questions to learn from, %d held out, %d left out of these because the others give them away\n",
		len(c.corpus), len(c.train), len(c.held), len(c.leakage.Leaks))
	if c.base, err = local.Open(ctx, c.model, local.Options{Sequences: 16}); err != nil {
		return err
	}
	if c.cached, err = cache.Open(c.base, filepath.Join(c.out, "cache")); err != nil {
		return err
	}
	return c.setBudget(ctx)
}
