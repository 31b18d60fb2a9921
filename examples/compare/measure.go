//go:build cgo

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/eval/forget"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/report"
)

// Names of systems: those of the contenders, with or without these endings.
const (
	baseName    = "base"
	carefulName = "base, told to decline"
	closed      = ", no documents"
	eachAlone   = ", each passage alone"
)

// measures is all that was measured.
type measures struct {
	held      *eval.Evaluation       // the held-out questions, with passages and without
	facts     *eval.Evaluation       // general questions, without
	prose     map[string]forget.Loss // of general text by contender, against the base
	pairs     []eval.Pair            // of systems that read, as they are compared
	abilities []ability
}

// measure evaluates base and every tuned model and writes the tables.
func (c *comparison) measure(ctx context.Context) (*table, error) {
	m := &measures{prose: map[string]forget.Loss{}, pairs: c.pairs()}
	var err error
	if m.held, err = c.evaluate(ctx, c.heldSystems(), c.held, withClosed(m.pairs)); err != nil {
		return nil, err
	}
	if m.facts, err = c.evaluate(ctx, c.closedSystems(), c.general.asked, closedOnly(m.pairs)); err != nil {
		return nil, err
	}
	for _, r := range c.results {
		if r.tuned == nil {
			continue
		}
		f, err := forget.Run(ctx, forget.Config{Base: c.cached, Tuned: r.tuned, Texts: c.general.scored, Seed: c.seed})
		if err != nil {
			return nil, err
		}
		m.prose[r.name] = f.Losses[0]
	}
	if m.abilities, err = c.abilities(ctx); err != nil {
		return nil, err
	}
	if err := c.report(ctx, m.held); err != nil {
		return nil, err
	}
	return c.write(m)
}

func (c *comparison) evaluate(ctx context.Context, systems []eval.System, questions []question.Question,
	pairs []eval.Pair) (*eval.Evaluation, error) {
	bar := newBar("answering", "answers")
	defer bar.done()
	return eval.Run(ctx, eval.Config{
		Systems: systems, Questions: questions, Search: c.index, Passages: c.passages, MaxTokens: 48, Seed: c.seed, Compare: pairs,
		Progress: func(p eval.Progress) {
			if p.Stage == "answer" {
				bar.set(p.Done, p.Total, p.System)
			}
		},
	})
}

func (c *comparison) heldSystems() []eval.System {
	reading := []eval.System{
		{Name: baseName, Model: c.cached, Setting: eval.SettingRetrieval},
		{Name: carefulName, Model: c.cached, Setting: eval.SettingRetrieval, Prompt: prompt.Default().Careful},
	}
	for _, r := range c.results {
		if r.tuned == nil {
			continue
		}
		s := eval.System{Name: r.name, Model: r.tuned, Setting: eval.SettingRetrieval, Extract: answer.Final}
		reading = append(reading, s)
		if r.alone {
			s.Name, s.Ensemble = r.name+eachAlone, &answer.Ensemble{}
			reading = append(reading, s)
		}
	}
	return append(reading, c.closedSystems()...)
}

func (c *comparison) closedSystems() []eval.System {
	systems := []eval.System{{Name: baseName + closed, Model: c.cached}}
	for _, r := range c.results {
		if r.tuned != nil {
			systems = append(systems, eval.System{Name: r.name + closed, Model: r.tuned, Extract: answer.Final})
		}
	}
	return systems
}

// pairs compares every contender with the base, and the model's own demonstrations with what the paper sets them against.
func (c *comparison) pairs() []eval.Pair {
	var pairs []eval.Pair
	add := func(base, other string) {
		pairs = append(pairs, eval.Pair{Base: base, Other: other})
	}
	for _, r := range c.results {
		if r.tuned != nil {
			add(baseName, r.name)
		}
	}
	if own := c.result("self-demo"); own == nil || own.tuned == nil {
		return pairs
	}
	add(carefulName, "self-demo")
	for _, r := range c.results {
		if r.tuned == nil || r.name == "self-demo" {
			continue
		}
		add(r.name, "self-demo")
		if r.alone {
			add(r.name+eachAlone, "self-demo")
		}
	}
	return pairs
}

// closedOf is the name of the system's model without documents; "" where it is another's.
func closedOf(name string) string {
	if name == carefulName || strings.HasSuffix(name, eachAlone) {
		return ""
	}
	return name + closed
}

func closedOnly(pairs []eval.Pair) []eval.Pair {
	var out []eval.Pair
	for _, p := range pairs {
		if base, other := closedOf(p.Base), closedOf(p.Other); base != "" && other != "" {
			out = append(out, eval.Pair{Base: base, Other: other})
		}
	}
	return out
}

func withClosed(pairs []eval.Pair) []eval.Pair {
	return append(pairs[:len(pairs):len(pairs)], closedOnly(pairs)...)
}

// report writes the page; its headline is about the first contender that has an adapter.
func (c *comparison) report(ctx context.Context, measured *eval.Evaluation) error {
	e := &report.Results{Evaluation: measured}
	info := report.Info{Title: "Recipes side by side", Base: baseName, Tuned: baseName, Created: time.Now(),
		LossBySource: map[string]float64{}}
	info.Models = append(info.Models, report.ModelFile{Role: "base model", Name: filepath.Base(c.model), SHA256: c.base.Hash()})
	info.Settings = []report.Fact{
		{Name: "questions", Value: filepath.Base(c.questions)}, {Name: "passages", Value: fmt.Sprintf("%d of %d, of at most %d words",
			c.passages, len(c.corpus), c.chunk)},
		{Name: "tokens trained by each recipe", Value: fmt.Sprint(c.budget)}, {Name: "rank", Value: fmt.Sprint(c.rank)},
		{Name: "learning rate", Value: fmt.Sprint(c.rate)}, {Name: "seed", Value: fmt.Sprint(c.seed)},
	}
	for _, r := range c.results {
		if r.tuned == nil {
			info.Costs = append(info.Costs, report.Fact{Name: r.name, Value: "no adapter: " + r.failed})
			continue
		}
		info.Models = append(info.Models, report.ModelFile{Role: "adapter", Name: r.tuned.Name()})
		info.Costs = append(info.Costs, report.Fact{Name: r.name, Value: fmt.Sprintf("%d rows, %d calls, %d tokens, %.1f s", r.rows,
			r.asked.calls, r.asked.tokens, r.asked.seconds)})
		info.Timings = append(info.Timings, report.Fact{
			Name: "training, " + r.name, Value: fmt.Sprintf("%.0f s", r.trained.Result.TrainSeconds),
		})
		if l := r.trained.Result.HeldOut; l.Pairs == 0 { // that of preferences is another loss
			for source, loss := range l.BySource {
				info.LossBySource[r.name+": "+source] = loss
			}
		}
		if info.Tuned != baseName {
			continue
		}
		info.Tuned, info.Loss = r.name, r.trained.Result.Losses
		var err error
		if e.Forgetting, err = forget.Run(ctx, forget.Config{
			Base: c.cached, Tuned: r.tuned, Closed: c.general.asked, Texts: c.general.scored, Seed: c.seed, Evaluation: eval.Config{MaxTokens: 48},
		}); err != nil {
			return err
		}
	}
	e.Leakage, e.Info = c.leakage, &info
	if err := e.WriteFile(filepath.Join(c.out, "evaluation.json")); err != nil {
		return err
	}
	return e.WriteHTMLFile(filepath.Join(c.out, "report.html"))
}

// write writes the tables to the terminal and to files.
func (c *comparison) write(m *measures) (*table, error) {
	t := c.table(m)
	text := t.markdown()
	fmt.Print("\n" + text)
	if err := os.WriteFile(filepath.Join(c.out, "recipes.md"), []byte(text), 0o644); err != nil {
		return nil, err
	}
	if err := t.writeJSON(filepath.Join(c.out, "recipes.json")); err != nil {
		return nil, err
	}
	fmt.Printf("\nTables, rows, adapters and report.html: %s\n", c.out)
	return t, nil
}
