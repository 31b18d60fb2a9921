//go:build cgo

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ragft/ragft/examples/internal/tune"
	"github.com/ragft/ragft/ragft"
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
	held      *ragft.Evaluation     // the held-out questions, with passages and without
	facts     *ragft.Evaluation     // general questions, without
	prose     map[string]ragft.Loss // of general text by contender, against the base
	pairs     []ragft.Pair          // of systems that read, as they are compared
	abilities []ability
}

// measure evaluates base and every tuned model and writes the tables.
func (c *comparison) measure(ctx context.Context) (*table, error) {
	m := &measures{prose: map[string]ragft.Loss{}, pairs: c.pairs()}
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
		f, err := ragft.MeasureForgetting(ctx, ragft.ForgettingConfig{Base: c.cached, Tuned: r.tuned, Texts: c.general.scored, Seed: c.seed})
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

func (c *comparison) evaluate(ctx context.Context, systems []ragft.System, questions []ragft.Question, pairs []ragft.Pair) (*ragft.Evaluation, error) {
	bar := tune.NewBar("answering", "answers")
	defer bar.Done()
	return ragft.Evaluate(ctx, ragft.EvalConfig{
		Systems: systems, Questions: questions, Search: c.index, K: c.passages, MaxTokens: 48, Seed: c.seed, Compare: pairs,
		Judge: ragft.JudgeOptions{Votes: -1},
		Progress: func(p ragft.EvalProgress) {
			if p.Stage == "answer" {
				bar.Set(p.Done, p.Total, p.System)
			}
		},
	})
}

func (c *comparison) heldSystems() []ragft.System {
	reading := []ragft.System{
		{Name: baseName, Model: c.cached, Setting: ragft.SettingRetrieval},
		{Name: carefulName, Model: c.cached, Setting: ragft.SettingRetrieval, Prompt: ragft.DefaultCareful},
	}
	for _, r := range c.results {
		if r.tuned == nil {
			continue
		}
		s := ragft.System{Name: r.name, Model: r.tuned, Setting: ragft.SettingRetrieval, Extract: ragft.FinalAnswer}
		reading = append(reading, s)
		if r.alone {
			s.Name, s.Ensemble = r.name+eachAlone, &ragft.Ensemble{}
			reading = append(reading, s)
		}
	}
	return append(reading, c.closedSystems()...)
}

func (c *comparison) closedSystems() []ragft.System {
	systems := []ragft.System{{Name: baseName + closed, Model: c.cached}}
	for _, r := range c.results {
		if r.tuned != nil {
			systems = append(systems, ragft.System{Name: r.name + closed, Model: r.tuned, Extract: ragft.FinalAnswer})
		}
	}
	return systems
}

// pairs compares every contender with the base, and the model's own demonstrations with what the paper sets them against.
func (c *comparison) pairs() []ragft.Pair {
	var pairs []ragft.Pair
	add := func(base, other string) {
		pairs = append(pairs, ragft.Pair{Base: base, Other: other})
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

func closedOnly(pairs []ragft.Pair) []ragft.Pair {
	var out []ragft.Pair
	for _, p := range pairs {
		if base, other := closedOf(p.Base), closedOf(p.Other); base != "" && other != "" {
			out = append(out, ragft.Pair{Base: base, Other: other})
		}
	}
	return out
}

func withClosed(pairs []ragft.Pair) []ragft.Pair {
	return append(pairs[:len(pairs):len(pairs)], closedOnly(pairs)...)
}

// report writes the page; its headline is about the first contender that has an adapter.
func (c *comparison) report(ctx context.Context, measured *ragft.Evaluation) error {
	e := &ragft.Results{Evaluation: measured}
	info := ragft.ReportInfo{Title: "Recipes side by side", Base: baseName, Tuned: baseName, Created: time.Now(), LossBySource: map[string]float64{}}
	info.Models = append(info.Models, ragft.ReportModel{Role: "base model", Name: filepath.Base(c.model), SHA256: c.base.Hash()})
	info.Settings = []ragft.Fact{
		{Name: "questions", Value: filepath.Base(c.questions)}, {Name: "passages", Value: fmt.Sprintf("%d of %d, of at most %d words", c.passages, len(c.corpus), c.chunk)},
		{Name: "tokens trained by each recipe", Value: fmt.Sprint(c.budget)}, {Name: "rank", Value: fmt.Sprint(c.rank)},
		{Name: "learning rate", Value: fmt.Sprint(c.rate)}, {Name: "seed", Value: fmt.Sprint(c.seed)},
	}
	for _, r := range c.results {
		if r.tuned == nil {
			info.Costs = append(info.Costs, ragft.Fact{Name: r.name, Value: "no adapter: " + r.failed})
			continue
		}
		info.Models = append(info.Models, ragft.ReportModel{Role: "adapter", Name: r.tuned.Name()})
		info.Costs = append(info.Costs, ragft.Fact{Name: r.name, Value: fmt.Sprintf("%d rows, %d calls, %d tokens, %.1f s", r.rows, r.asked.calls, r.asked.tokens, r.asked.seconds)})
		info.Timings = append(info.Timings, ragft.Timing{Name: "training, " + r.name, Took: time.Duration(r.trained.Result.TrainSeconds * float64(time.Second))})
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
		if e.Forgetting, err = ragft.MeasureForgetting(ctx, ragft.ForgettingConfig{
			Base: c.cached, Tuned: r.tuned, Closed: c.general.asked, Texts: c.general.scored, Seed: c.seed, Evaluation: ragft.EvalConfig{MaxTokens: 48},
		}); err != nil {
			return err
		}
	}
	e.Leakage, e.Info = c.leakage, &info
	if err := e.WriteJSONFile(filepath.Join(c.out, "evaluation.json")); err != nil {
		return err
	}
	return ragft.WriteReport(filepath.Join(c.out, "report.html"), e, ragft.ReportInfo{})
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
