//go:build cgo

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"

	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/lora"
	"github.com/ragft/ragft/ragft/finetune"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/model/cache"
	"github.com/ragft/ragft/ragft/model/local"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/ragft/rows"
)

// result is what came of one contender.
type result struct {
	contender
	rows    int
	asked   *metered // in making the rows
	failed  string   // why there is no adapter
	trained *training
	adapter string
	tuned   *cache.Model
	own     *local.Model // its base, where that is not everyone's
}

// enoughRows is the least that is trained on.
const enoughRows = 8

// metered counts what a recipe asks of the model, whether or not it succeeds in the end. What the cache answers counts
// with the time that it took to generate.
type metered struct {
	*cache.Model
	calls, tokens int
	seconds       float64
}

func (m *metered) Chat(ctx context.Context, reqs []model.Request) ([]model.Response, error) {
	responses, err := m.Model.Chat(ctx, reqs)
	m.calls += len(responses)
	for _, r := range responses {
		m.seconds += r.Seconds
		for _, s := range r.Samples {
			m.tokens += s.Tokens
		}
	}
	return responses, err
}

func (c *comparison) metered() *metered {
	return &metered{Model: c.cached}
}

func (c *comparison) input() recipe.Input {
	return recipe.Input{Model: c.cached, Search: c.learnt, Questions: c.train, Evidence: c.evidence, Corpus: c.corpus,
		Passages: c.passages, Seed: c.seed, Batch: 16}
}

// setBudget counts the tokens of all questions with their passages and answers, which gold's rows are.
func (c *comparison) setBudget(ctx context.Context) error {
	made, err := recipe.Gold{Refusal: declines}.Rows(ctx, c.input())
	if err != nil {
		return err
	}
	for _, row := range made.Rows {
		n, err := c.tokens(row)
		if err != nil {
			return err
		}
		c.budget += c.epochs * n
	}
	fmt.Printf("each recipe trains on %d tokens\n", c.budget)
	return nil
}

// tokens is the length of what is learnt of a row; the prompt of preferences counts once.
func (c *comparison) tokens(row rows.Row) (int, error) {
	if row.Text != "" {
		tokens, err := c.base.Llama().Tokenize(row.Text, llama.TokenizeOptions{})
		return len(tokens), err
	}
	n, err := c.base.CountTokens(row.Messages)
	for _, r := range row.Rejected {
		tokens, failed := c.base.Llama().Tokenize(r.Content, llama.TokenizeOptions{})
		if failed != nil {
			return 0, failed
		}
		n += len(tokens)
	}
	return n, err
}

// fill draws rows until the budget is used up. Those that are held out cost nothing of it.
func (c *comparison) fill(r []rows.Row) ([]rows.Row, error) {
	var out []rows.Row
	for _, row := range r {
		if row.HeldOut {
			out = append(out, row)
		}
	}
	r = slices.DeleteFunc(slices.Clone(r), func(row rows.Row) bool { return row.HeldOut })
	lengths := make([]int, len(r))
	for i, row := range r {
		var err error
		if lengths[i], err = c.tokens(row); err != nil {
			return nil, err
		}
	}
	for _, i := range draw(lengths, c.budget, c.seed) {
		out = append(out, r[i])
	}
	return out, nil
}

// draw orders what has these lengths at random until they reach the budget, all before one comes again.
func draw(lengths []int, budget int, seed uint64) []int {
	rng := rand.New(rand.NewPCG(seed, 0x66696c6c))
	var order []int
	for used := 0; used < budget; {
		for _, i := range rng.Perm(len(lengths)) {
			if used < budget {
				order, used = append(order, i), used+max(1, lengths[i])
			}
		}
	}
	return order
}

// try makes the rows of a recipe and trains on them. A recipe that comes to nothing with this model stays in the table,
// with the reason.
func (c *comparison) try(ctx context.Context, one contender) (*result, error) {
	out := &result{contender: one, adapter: filepath.Join(c.out, one.name+".gguf"), asked: c.metered()}
	start := ""
	if one.start != "" {
		from := c.result(one.start)
		if from.tuned == nil {
			out.failed = "there is no adapter of " + one.start
			return out, nil
		}
		start = from.adapter
	}
	in, bar := c.input(), newBar("making rows", "items")
	in.Model = out.asked
	in.Progress = func(p model.Progress) { bar.set(p.Done, p.Total, fmt.Sprintf("%d accepted", p.Accepted)) }
	made, err := one.recipe(c).Rows(ctx, in)
	bar.done()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		out.failed = err.Error()
		fmt.Println("  no rows:", err)
		return out, nil
	}
	out.rows = len(made.Rows)
	fmt.Printf("  %d rows (%s); dropped %v\n", len(made.Rows), made.Cost, made.Dropped)
	if err := rows.WriteFile(filepath.Join(c.out, one.name+".jsonl"), made.Rows); err != nil {
		return nil, err
	}
	if len(made.Rows) < enoughRows {
		out.failed = fmt.Sprintf("only %d rows came of %d questions, dropped %v", len(made.Rows), len(c.train), made.Dropped)
		return out, nil
	}
	return out, c.learn(ctx, out, made.Rows, start)
}

func (c *comparison) result(name string) *result {
	for _, r := range c.results {
		if r.name == name {
			return r
		}
	}
	return nil
}

// learn trains the adapter and puts it on the model.
func (c *comparison) learn(ctx context.Context, r *result, rows []rows.Row, start string) error {
	rows, err := c.fill(rows)
	if err != nil {
		return err
	}
	model, base := c.model, c.base
	if r.merged {
		if model, err = c.merge(ctx, r, start); err != nil {
			return err
		}
		base, start = r.own, ""
	}
	config := lora.Config{Rank: c.rank, LearningRate: c.rate, WindowsPerStep: 2, EvaluateEvery: 20, Seed: c.seed, Start: start}
	if r.rate != 0 {
		config.LearningRate *= r.rate
	}
	learn := r.contender.learn
	if learn == nil {
		learn = finetune.Train
	}
	r.trained, err = trainAdapter(ctx, learn, base.Hash(), rows, finetune.Options{Model: model, Adapter: r.adapter, LoRA: config})
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		r.failed = err.Error()
		fmt.Println("  no adapter:", err)
		return nil
	}
	fmt.Println(" ", r.trained)
	tuned, err := base.Adapted(r.adapter, 1)
	if err != nil {
		return err
	}
	r.tuned, err = cache.Open(tuned, filepath.Join(c.out, "cache"))
	return err
}

// merge makes a base of the adapter that the contender goes on from.
func (c *comparison) merge(ctx context.Context, r *result, adapter string) (path string, err error) {
	path = filepath.Join(c.out, r.name+"-base.gguf")
	if _, err = lora.Merge(ctx, lora.MergeOptions{Base: c.model, Adapter: adapter, Output: path}); err != nil {
		return "", err
	}
	r.own, err = local.Open(ctx, path, local.Options{Sequences: 16})
	return path, err
}
