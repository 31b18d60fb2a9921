//go:build cgo

package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/ragft/ragft/examples/internal/tune"
	"github.com/ragft/ragft/ragft/assistant"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/report"
)

// The systems that are compared. The third tells what a prompt can do without any training.
const (
	baseAlone    = "base, no documents"
	baseReads    = "base"
	baseCareful  = "base, told to decline"
	tunedAlone   = "tuned, no documents"
	tunedReads   = "tuned"
	tunedCareful = "tuned, told to decline"
)

func (j *job) evaluate(ctx context.Context, questions []question.Question) (*eval.Evaluation, error) {
	bar := tune.NewBar("answering", "answers")
	defer bar.Done()
	evaluation, err := eval.Run(ctx, eval.Config{
		Systems: []eval.System{
			{Name: baseReads, Model: j.cached, Setting: eval.SettingRetrieval},
			{Name: baseCareful, Model: j.cached, Setting: eval.SettingRetrieval, Prompt: prompt.DefaultCareful},
			{Name: tunedReads, Model: j.reads, Setting: eval.SettingRetrieval},
			{Name: tunedCareful, Model: j.reads, Setting: eval.SettingRetrieval, Prompt: prompt.DefaultCareful},
			{Name: baseAlone, Model: j.cached},
			{Name: tunedAlone, Model: j.reads},
		},
		Questions: questions, Search: j.index, Passages: j.passages, MaxTokens: 48, Seed: j.seed,
		Compare: []eval.Pair{{Base: baseReads, Other: tunedReads}, {Base: baseCareful, Other: tunedReads}, {Base: baseAlone, Other: tunedAlone}},
		Progress: func(p eval.Progress) {
			if p.Stage == "answer" {
				bar.Set(p.Done, p.Total, p.System)
			}
		},
	})
	if err != nil {
		return nil, err
	}
	return evaluation, nil
}

// ask shows the assistant at work on some of the held-out questions.
func (j *job) ask(ctx context.Context, questions []question.Question) error {
	assistant := assistant.New(j.tuned, j.index, assistant.Options{Passages: j.passages, MaxTokens: 48})
	fmt.Println("\nThe assistant on held-out questions:")
	shown := map[bool]int{}
	for _, q := range questions {
		if shown[q.Unanswerable] == 4 {
			continue
		}
		shown[q.Unanswerable]++
		a, err := assistant.Answer(ctx, q.Question)
		if err != nil {
			return err
		}
		fmt.Printf("\n  Q: %s\n  A: %s\n", q.Question, a.Text)
		switch {
		case a.Abstained:
			fmt.Print("     abstained")
		case len(a.Citations) == 0:
			fmt.Print("     no passage supports this")
		default:
			c := a.Citations[0]
			fmt.Printf("     [%s, bytes %d-%d] %s\n    ", c.Source, c.Start, c.End, strings.Join(strings.Fields(c.Quote), " "))
		}
		fmt.Printf(" (confidence %.2f; reference: %s)\n", a.Confidence, reference(q))
	}
	return nil
}

func reference(q question.Question) string {
	if q.Unanswerable {
		return "not in the documents"
	}
	return q.Answer
}

func (j *job) report(e *report.Results) error {
	path := filepath.Join(j.out, "report.html")
	s := j.demos.Summary
	info := report.Info{
		Base: baseReads, Tuned: tunedReads, Timings: j.timings, Created: time.Now(),
		Models: []report.ModelFile{{Role: "base model", Name: filepath.Base(j.model), SHA256: j.base.Hash()}, {Role: "adapter", Name: j.tuned.Name()}},
		Settings: []report.Fact{
			{Name: "seed", Value: strconv.FormatUint(j.seed, 10)}, {Name: "passages", Value: strconv.Itoa(j.passages)},
			{Name: "rank", Value: strconv.Itoa(j.rank)}, {Name: "epochs", Value: strconv.Itoa(j.epochs)},
			{Name: "learning rate", Value: fmt.Sprint(j.rate)}, {Name: "candidates of each kind", Value: strconv.Itoa(j.candidates)},
		},
		Costs: []report.Fact{
			{Name: "calls for demonstrations", Value: strconv.Itoa(s.Calls)}, {Name: "tokens generated", Value: strconv.Itoa(s.Tokens)},
		},
	}
	info.AddTraining(j.trained.Result.Training())
	e.Info = &info
	if err := e.WriteFile(filepath.Join(j.out, "evaluation.json")); err != nil {
		return err
	}
	if err := e.WriteAnswersFile(filepath.Join(j.out, "answers.jsonl")); err != nil {
		return err
	}
	if err := e.WriteHTMLFile(path); err != nil {
		return err
	}
	fmt.Printf("\n%s\n\nReport: %s\n", e.Headline(), path)
	fmt.Printf("All steps took %s.\n", j.took.Round(time.Second))
	return nil
}
