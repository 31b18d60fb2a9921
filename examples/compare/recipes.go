//go:build cgo

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ragft/ragft/ragft/finetune"
	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/ragft/recipe/memory"
	"github.com/ragft/ragft/ragft/recipe/selfdemo"
	"github.com/ragft/ragft/ragft/rows"
)

// contender is one line of the comparison: a recipe, and how its rows are learnt.
type contender struct {
	name   string
	recipe func(c *comparison) recipe.Recipe
	learn  learner // nil = ragft.Train
	rate   float64 // of the learning rate; 0 = 1
	start  string  // name of the contender whose adapter it goes on from; "" = none
	merged bool    // that adapter is merged into the base's weights, in place of being trained further
	alone  bool    // also measured with each passage read alone, and a vote
}

// declines is what is taught where the documents do not say.
const declines = "Sorry, the documents do not say."

// demonstrations are the options that suit small models and short answers. No judge: what the comparison of texts leaves
// open is wrong. The shipped model judges as well as a coin.
func demonstrations() selfdemo.Recipe {
	return selfdemo.Recipe{
		GreedyFirst: true, MaxTokens: 48,
		Policy: selfdemo.Policy{DropPresentRefusals: true, MinCorrectAbsent: 2, ClosedRows: true},
	}
}

func selfDemo(*comparison) recipe.Recipe { return demonstrations() }

// selfDemoWith is the recipe with some options changed.
func selfDemoWith(change func(c *comparison, o *selfdemo.Recipe)) func(*comparison) recipe.Recipe {
	return func(c *comparison) recipe.Recipe {
		o := demonstrations()
		change(c, &o)
		return o
	}
}

func contenders() []contender {
	gold := recipe.Gold{Refusal: declines}
	return []contender{
		{name: "self-demo", recipe: selfDemo},
		{name: "self-demo-uncapped", recipe: selfDemoWith(func(_ *comparison, o *selfdemo.Recipe) { o.Policy.MaxRefusals = opt.Of(1.0) })},
		{name: "self-demo-judged", recipe: selfDemoWith(func(c *comparison, o *selfdemo.Recipe) { o.Judge.Model = c.cached })},
		{name: "self-demo-dpo", rate: 0.2, recipe: selfDemoWith(func(_ *comparison, o *selfdemo.Recipe) {
			o.Policy.Preferences = selfdemo.Preferences{Rejected: 2, Only: true}
		})},
		{name: "self-demo+dpo", rate: 0.2, recipe: selfDemoWith(func(_ *comparison, o *selfdemo.Recipe) {
			o.Policy.Preferences = selfdemo.Preferences{Rejected: 2}
		})},
		{name: "self-demo-knockout", recipe: selfDemoWith(func(c *comparison, o *selfdemo.Recipe) {
			o.Judge = judge.Options{Model: c.cached, Knockout: true}
		})},
		{name: "self-demo-searched", recipe: func(*comparison) recipe.Recipe { return searched{} }},
		{name: "gold", recipe: func(*comparison) recipe.Recipe { return gold }},
		{name: "ralt", alone: true, recipe: func(*comparison) recipe.Recipe {
			return recipe.RALT{Refusal: declines, TextShare: opt.Of(0.0), InstructionsShare: opt.Of(0.0)}
		}},
		{name: "raft", recipe: func(*comparison) recipe.Recipe { return recipe.RAFT{Distractors: opt.Of(2)} }},
		{name: "memory", recipe: func(*comparison) recipe.Recipe { return memory.Recipe{} }},
		{name: "pretrain", learn: pretrain, recipe: func(c *comparison) recipe.Recipe {
			return recipe.Pretrain{General: c.general.replayText}
		}},
		{name: "pretrain+self-demo", start: "pretrain", recipe: selfDemo},
		{name: "pretrain-merged+self-demo", start: "pretrain", merged: true, recipe: selfDemo},
		{name: "hybrid", recipe: func(c *comparison) recipe.Recipe {
			return recipe.Mix{Recipes: []recipe.Recipe{gold, plain{c.general.replayed}}, Weights: []float64{3, 1}}
		}},
	}
}

func pretrain(ctx context.Context, rows []rows.Row, o finetune.Options) (*finetune.Result, error) {
	o.LoRA.EvaluateEvery = 5 // the stop rule acts where it looks
	return finetune.Train(ctx, rows, o)
}

// searched is the recipe of self-demo with the prompts that a search finds first.
type searched struct{}

func (searched) Name() string { return "self-demo-searched" }

func (searched) options(in recipe.Input) selfdemo.SearchOptions {
	return selfdemo.SearchOptions{
		Train: 20, Eval: 20, Beam: 6, Rounds: 3, MaxTokens: 48, ProposalTokens: 48, Judge: judge.Options{Model: in.Model},
	}
}

func (s searched) Estimate(in recipe.Input) (model.Cost, error) {
	return demonstrations().Estimate(in)
}

func (s searched) Rows(ctx context.Context, in recipe.Input) (*recipe.Result, error) {
	found, err := selfdemo.SearchPrompts(ctx, in, s.options(in))
	if err != nil {
		return nil, err
	}
	defaults := prompt.Set{}.WithDefaults()
	if found.Closed[0].Text == defaults.Closed && found.Read[0].Text == defaults.Read {
		return nil, fmt.Errorf("no instruction that the model proposed does better than those "+
			"that it began with (read %.0f %%, closed %.0f %% of the questions kept apart), in %d calls",
			100*found.Read[0].Eval, 100*found.Closed[0].Eval, found.Cost.Calls)
	}
	fmt.Printf("  found %q and %q\n", found.Closed[0].Text, found.Read[0].Text)
	o := demonstrations()
	found.Apply(&o)
	made, err := o.Rows(ctx, in)
	if err != nil {
		return nil, err
	}
	made.Cost.Calls += found.Cost.Calls
	made.Cost.Cached += found.Cost.Cached
	made.Cost.Tokens += found.Cost.Tokens
	made.Cost.Elapsed += found.Cost.Elapsed
	return made, nil
}

func contenderNames() []string {
	var names []string
	for _, one := range contenders() {
		names = append(names, one.name)
	}
	return names
}

// chooseContenders returns those of the list, in the order in which one can build on another.
func chooseContenders(list string) ([]contender, error) {
	all := contenders()
	if list == "" {
		return all, nil
	}
	wanted := map[string]bool{}
	for name := range strings.SplitSeq(list, ",") {
		name = strings.TrimSpace(name)
		if !slices.Contains(contenderNames(), name) {
			return nil, fmt.Errorf("no recipe %q; there are %s", name, strings.Join(contenderNames(), ", "))
		}
		wanted[name] = true
	}
	chosen := slices.DeleteFunc(all, func(one contender) bool { return !wanted[one.name] })
	for _, one := range chosen {
		if one.start != "" && !wanted[one.start] {
			return nil, fmt.Errorf("%s goes on from %s: name that too", one.name, one.start)
		}
	}
	if len(chosen) == 0 {
		return nil, errors.New("-recipes names none")
	}
	return chosen, nil
}
