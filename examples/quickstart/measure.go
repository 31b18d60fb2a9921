//go:build cgo

package main

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/ragft/ragft/ragft"
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

func (j *job) evaluate(ctx context.Context, questions []ragft.Question) (*ragft.Evaluation, error) {
	bar := newBar("answering", "answers")
	defer bar.done()
	evaluation, err := ragft.Evaluate(ctx, ragft.EvalConfig{
		Systems: []ragft.System{
			{Name: baseReads, Model: j.cached, Retrieval: true},
			{Name: baseCareful, Model: j.cached, Retrieval: true, Prompt: ragft.DefaultCareful},
			{Name: tunedReads, Model: j.reads, Retrieval: true},
			{Name: tunedCareful, Model: j.reads, Retrieval: true, Prompt: ragft.DefaultCareful},
			{Name: baseAlone, Model: j.cached},
			{Name: tunedAlone, Model: j.reads},
		},
		Questions: questions, Search: j.index, K: j.passages, MaxTokens: 48, Seed: j.seed,
		Compare: []ragft.Pair{{Base: baseReads, Other: tunedReads}, {Base: baseCareful, Other: tunedReads}, {Base: baseAlone, Other: tunedAlone}},
		Progress: func(p ragft.EvalProgress) {
			if p.Stage == "answer" {
				bar.set(p.Done, p.Total, p.System)
			}
		},
	})
	if err != nil {
		return nil, err
	}
	return evaluation, evaluation.WriteJSONFile(filepath.Join(j.out, "evaluation.json"))
}

// ask shows the assistant at work on some of the held-out questions.
func (j *job) ask(ctx context.Context, questions []ragft.Question) error {
	assistant := ragft.NewAssistant(j.tuned, j.index, ragft.AssistantOptions{Passages: j.passages, MaxTokens: 48})
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

func reference(q ragft.Question) string {
	if q.Unanswerable {
		return "not in the documents"
	}
	return q.Answer
}

func (j *job) report(e *ragft.Evaluation) error {
	path := filepath.Join(j.out, "report.html")
	r, s := j.trained, j.demos.Summary
	info := ragft.ReportInfo{
		Base: baseReads, Tuned: tunedReads, Loss: j.loss, Timings: j.timings, Created: time.Now(),
		Models: []ragft.ReportModel{{Role: "base model", Name: filepath.Base(j.model), SHA256: j.base.Hash()}, {Role: "adapter", Name: j.tuned.Name()}},
		Settings: []ragft.Fact{
			{Name: "seed", Value: strconv.FormatUint(j.seed, 10)}, {Name: "passages", Value: strconv.Itoa(j.passages)},
			{Name: "rank", Value: strconv.Itoa(j.rank)}, {Name: "epochs", Value: strconv.Itoa(j.epochs)},
			{Name: "learning rate", Value: fmt.Sprint(j.rate)}, {Name: "candidates of each kind", Value: strconv.Itoa(j.candidates)},
		},
		Costs: []ragft.Fact{
			{Name: "calls for demonstrations", Value: strconv.Itoa(s.Calls)}, {Name: "tokens generated", Value: strconv.Itoa(s.Tokens)},
			{Name: "rows", Value: strconv.Itoa(len(j.demos.Rows))}, {Name: "tokens trained", Value: strconv.Itoa(r.Tokens)},
			{Name: "training memory", Value: fmt.Sprintf("%.0f MiB", float64(r.Memory.Weights+r.Memory.State+r.Memory.Compute)/(1<<20))},
		},
	}
	if err := ragft.WriteReport(path, e, info); err != nil {
		return err
	}
	fmt.Printf("\n%s\n\nReport: %s\n", ragft.Headline(e), path)
	if c := j.timings; len(c) > 0 {
		total := 0.0
		for _, t := range c {
			total += t.Took.Seconds()
		}
		fmt.Printf("All steps took %s.\n", time.Duration(math.Round(total))*time.Second)
	}
	return nil
}
