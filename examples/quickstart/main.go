// Quickstart is the main job from end to end: it indexes a folder of documents, makes demonstrations with a model,
// trains a LoRA adapter on them, measures base against tuned on held-out questions, writes a report, and answers some
// questions with citations.
//
//	go run ./examples/quickstart
//	go run ./examples/quickstart -model MODEL.gguf -docs FOLDER -questions QUESTIONS.jsonl
//
// Without -questions, the model writes the questions for documents of your own. Started again with the same flags, it
// does only what is missing.
//
// With -model it is a real run, limited so that a model with 135 million weights, such as SmolLM2 (examples/results/models.sh
// gets it), should take at most 20 minutes on two cores: 200 questions (-limit), half of them held out, answers of at most 32
// tokens, and no answers without documents.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/ragft/ragft/ragft"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/question"
)

const (
	shippedDocs, shippedQuestions = "examples/quickstart/docs", "examples/quickstart/questions.jsonl"
	shippedModel                  = "examples/basemodel/ragft-base-f16.gguf"
)

func main() {
	c := ragft.Config{Progress: progress()}
	c.Evaluate.MaxTokens, c.Evaluate.DeclinePrompt = 48, true
	c.Assistant.MaxTokens = 48
	flag.StringVar(&c.Model, "model", shippedModel, "base model, a GGUF file")
	flag.StringVar(&c.Documents, "docs", shippedDocs, "folder of documents")
	flag.StringVar(&c.Questions, "questions", "", "questions with answers, JSONL")
	flag.StringVar(&c.Dir, "out", "quickstart-out", "folder for everything that is made")
	flag.IntVar(&c.Passages, "passages", 3, "passages shown for each question")
	flag.IntVar(&c.Index.Chunk, "chunk", 60, "words of a passage, at most")
	flag.IntVar(&c.Train.Epochs, "epochs", 0, "epochs of training (default by the number of rows)")
	flag.Func("seed", "seed of everything random (default 1)", func(s string) error { return c.Set("seed", s) })
	limit := flag.Int("limit", 0, "questions, at most (default all with the shipped model, 200 with another)")
	flag.Parse()
	if c.Questions == "" && c.Documents == shippedDocs {
		c.Questions = shippedQuestions
	}
	if c.Model != shippedModel {
		*limit = cmp.Or(*limit, 200)
		c.Evaluate.Evidence, c.Evaluate.MaxTokens = []string{"retrieval"}, 32
	}
	if err := bound(&c, *limit); err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, c); err != nil {
		log.Fatal(err)
	}
}

// bound keeps to at most limit questions, those of a file or those that are written; 0 is no limit.
func bound(c *ragft.Config, limit int) error {
	if limit == 0 {
		return nil
	}
	c.Write.Limit = opt.Of(limit)
	if c.Questions == "" {
		return nil
	}
	all, err := question.ReadFile(c.Questions)
	if err != nil || len(all) <= limit {
		return err
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return err
	}
	c.Questions = filepath.Join(c.Dir, fmt.Sprintf("first-%d-questions.jsonl", limit))
	return question.WriteFile(c.Questions, all[:limit])
}

func run(ctx context.Context, c ragft.Config) error {
	p, err := ragft.Open(ctx, c)
	if err != nil {
		return err
	}
	defer p.Close()
	if err := p.Run(ctx); err != nil {
		return err
	}
	found, err := p.Evaluate(ctx) // what Run measured
	if err != nil {
		return err
	}
	fmt.Printf("\n%s\n%s\n\nReport: %s\n", found.Text(), found.Headline(), p.ReportFile())
	return ask(ctx, p)
}

// ask shows the assistant at work on some of the questions that it did not learn from.
func ask(ctx context.Context, p *ragft.Project) error {
	_, held, err := p.Split()
	if err != nil {
		return err
	}
	a, err := p.Assistant(ctx)
	if err != nil {
		return err
	}
	fmt.Println("\nThe assistant on held-out questions:")
	for _, q := range held[:min(8, len(held))] {
		answer, err := a.Answer(ctx, q.Question)
		if err != nil {
			return err
		}
		why := fmt.Sprintf("confidence %.2f", answer.Confidence)
		if answer.Abstained {
			why = string(answer.Reason)
		}
		fmt.Printf("\n  Q: %s (reference: %q)\n  A: %s (%s)\n", q.Question, q.Answer, answer.Text, why)
		for _, c := range answer.Citations {
			fmt.Printf("     [%s, bytes %d-%d] %q\n", c.Source, c.Start, c.End, c.Quote)
		}
	}
	return nil
}

// progress prints a line when something new begins, and every ten seconds.
func progress() func(ragft.Progress) {
	phase, printed := "", time.Time{}
	return func(p ragft.Progress) {
		if p.Total == 0 {
			fmt.Printf("%s: %s\n", p.Step, p.Note)
		} else if p.Phase != phase || time.Since(printed) > 10*time.Second {
			phase, printed = p.Phase, time.Now()
			fmt.Printf("%s: %s, %d of %d %s; %s\n", p.Step, p.Phase, p.Done, p.Total, p.Unit, p.Note)
		}
	}
}
