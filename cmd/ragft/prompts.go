package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/pflag"

	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/ragft/recipe/selfdemo"
	"github.com/ragft/ragft/ragft/rows"
)

// promptSearchFlags say whether system messages are searched for before candidates are generated with them, and how far.
type promptSearchFlags struct {
	on                     bool
	questions, beam, round int
}

func (s *promptSearchFlags) add(f *pflag.FlagSet) {
	f.BoolVar(&s.on, "search-prompts", false,
		"self-demo: first search for system messages with which the model answers more questions right, and generate the candidates with the three best, where one does better; the rows keep --prompt-read and --prompt-closed")
	f.Var(countValue(&s.questions, 20, 2), "search-questions", "self-demo: questions of --search-prompts, one half to propose from and the other to choose on; the code of the paper takes 60")
	f.Var(countValue(&s.beam, 4, 1), "search-beam", "self-demo: system messages that --search-prompts has the model propose in a round; there 12")
	f.Var(countValue(&s.round, 2, 1), "search-rounds", "self-demo: rounds of --search-prompts; there 5")
}

// foundPrompts are the system messages of a search, with what it was to cost at most.
type foundPrompts struct {
	Estimate model.Cost `json:"estimate"`
	*selfdemo.Found
}

// searchBest is the number of system messages that candidates take in turn.
const searchBest = 3

// expectPrompts has the recipe's estimate count as many system messages as the search may find for the arms that generate.
func (r *recipeFlags) expectPrompts(prompts prompt.Set) error {
	g := &r.generate
	switch {
	case !r.search.on:
		return nil
	case !r.anyRecipe(func(name string) bool { return name == "self-demo" }):
		return usageError(errors.New("--search-prompts is for --recipe self-demo: the others generate no candidates"))
	case len(g.ClosedPrompts)+len(g.ReadPrompts) > 0:
		return usageError(errors.New("--search-prompts finds what --candidate-prompt-closed and --candidate-prompt-read say: leave it out, or them"))
	case r.numbers.closed == 0 && r.numbers.read == 0:
		return usageError(errors.New("--search-prompts finds what --candidates-closed and --candidates-read are generated with, and both are 0"))
	case r.numbers.read > 0 && prompts.Template != nil:
		return usageError(fmt.Errorf("--search-prompts finds a system message, which would take the place of --template %s in candidates with documents: leave out one of the two, or set --candidates-read 0",
			prompts.Template.Name))
	}
	if r.numbers.closed > 0 {
		g.ClosedPrompts = make([]string, searchBest)
	}
	if r.numbers.read > 0 {
		g.ReadPrompts = make([]string, searchBest)
	}
	return nil
}

func (r recipeFlags) searchOptions(judge model.Model) selfdemo.SearchOptions {
	g, s := r.demonstrations(judge), r.search
	var arms []rows.Arm
	if r.numbers.closed > 0 {
		arms = append(arms, "closed")
	}
	if r.numbers.read > 0 {
		arms = append(arms, "read")
	}
	return selfdemo.SearchOptions{
		Arms:  arms,
		Train: s.questions - s.questions/2, Eval: s.questions / 2, Beam: s.beam, Rounds: s.round, Best: searchBest,
		MaxTokens: g.MaxTokens, Judge: g.Judge,
	}
}

func (r recipeFlags) estimateSearch(in recipe.Input, judge model.Model) (*foundPrompts, error) {
	cost, err := r.searchOptions(judge).Estimate(in)
	return &foundPrompts{Estimate: cost}, err
}

// searchPrompts looks for system messages on the questions to learn from, tells what it found, and puts it into the flags,
// for an arm in which something better was found.
func (a *app) searchPrompts(ctx context.Context, r *recipeFlags, in recipe.Input, judge model.Model, found *foundPrompts) error {
	bar := a.bar("searching prompts", "rounds")
	in.Progress = func(p model.Progress) {
		bar.set(int64(p.Done), int64(p.Total), fmt.Sprintf("%d calls, %d of them cached", p.Calls, p.Cached))
	}
	var err error
	found.Found, err = selfdemo.SearchPrompts(ctx, in, r.searchOptions(judge))
	bar.done()
	if err != nil {
		return err
	}
	a.note("the search for prompts took %s", found.Cost)
	found.Apply(&r.generate)
	start := in.Prompts.WithDefaults()
	for _, arm := range []struct {
		name, start string
		best        []selfdemo.ScoredPrompt
		used        *[]string
	}{{"without documents", start.Closed, found.Closed, &r.generate.ClosedPrompts}, {"with documents", start.Read, found.Read, &r.generate.ReadPrompts}} {
		if len(arm.best) == 0 {
			continue // generates nothing
		}
		a.note("candidates %s; right of the questions to choose on, and of those to propose from:", arm.name)
		for _, p := range arm.best {
			a.note("  %5.1f %%  %5.1f %%  %s", 100*p.Eval, 100*p.Train, p.Text)
		}
		if arm.best[0].Text == arm.start {
			*arm.used = nil // candidates are as good as without a search
			a.note("  no proposal does better than the message that the search began with, which is used alone")
		}
	}
	return nil
}
