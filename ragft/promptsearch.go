package ragft

import (
	"context"
	"fmt"

	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/ragft/recipe/selfdemo"
	"github.com/ragft/ragft/ragft/rows"
)

// searchBest is the number of instructions that candidates take in turn.
const searchBest = 3

// expectPrompts has the recipe's estimate count as many instructions as the
// search may find for the arms that generate.
func (m *maker) expectPrompts(prompts prompt.Set) error {
	g := &m.generate
	if !m.config.Search.On {
		return nil
	}
	if g.Read.Or(0) > 0 && prompts.Template != nil {
		return kindOf(ErrConfig, fmt.Errorf("demonstrate.search-prompts finds an instruction, which would replace the template %s in "+
			"candidates with documents: leave out one of the two, or set candidates-read to 0", prompts.Template.Name))
	}
	if g.Closed.Or(0) > 0 {
		g.ClosedPrompts = make([]string, searchBest)
	}
	if g.Read.Or(0) > 0 {
		g.ReadPrompts = make([]string, searchBest)
	}
	return nil
}

func (m *maker) searchOptions() selfdemo.SearchOptions {
	g, s := m.demonstrations(), m.config.Search
	var arms []rows.Arm
	if g.Closed.Or(0) > 0 {
		arms = append(arms, "closed")
	}
	if g.Read.Or(0) > 0 {
		arms = append(arms, "read")
	}
	return selfdemo.SearchOptions{
		Arms:  arms,
		Train: s.Questions - s.Questions/2, Eval: s.Questions / 2, Beam: s.Beam, Rounds: s.Rounds, Best: searchBest,
		MaxTokens: g.MaxTokens, Judge: g.Judge,
	}
}

// searchPrompts looks for instructions on the questions to learn from, tells
// what it found, and generates with it where something better was found.
func (m *maker) searchPrompts(ctx context.Context, w *work, in recipe.Input, found *PromptSearch) error {
	w.phase("searching prompts", "rounds")
	in.Progress = func(s model.Progress) { w.set(s.Done, s.Total, "") }
	var err error
	if found.Found, err = selfdemo.SearchPrompts(ctx, in, m.searchOptions()); err != nil {
		return err
	}
	w.say("the search for prompts took %s", found.Cost)
	found.Apply(&m.generate)
	start := in.Prompts.WithDefaults()
	for _, arm := range []struct {
		name, start string
		best        []selfdemo.ScoredPrompt
		used        *[]string
	}{
		{"without documents", start.Closed, found.Closed, &m.generate.ClosedPrompts},
		{"with documents", start.Read, found.Read, &m.generate.ReadPrompts},
	} {
		if len(arm.best) == 0 {
			continue // generates nothing
		}
		w.say("candidates %s: correct on the questions to choose by, and on those to propose from", arm.name)
		for _, p := range arm.best {
			w.say("  %5.1f %%  %5.1f %%  %s", 100*p.Eval, 100*p.Train, p.Text)
		}
		if arm.best[0].Text == arm.start {
			*arm.used = nil // candidates are as good as without a search
			w.say("  no proposal is better than the message that the search started with, which is used alone")
		}
	}
	return nil
}
