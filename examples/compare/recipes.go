//go:build cgo

package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ragft/ragft/ragft"
)

// allRecipes are the recipes with the options that suit small models and short answers.
func allRecipes() []ragft.Recipe {
	return []ragft.Recipe{
		ragft.SelfDemonstrations{Options: ragft.GenerateOptions{
			GreedyFirst: true, MaxTokens: 48,
			Policy: ragft.PolicyOptions{DropPresentRefusals: true, MinCorrectAbsent: 2, ClosedRows: true},
		}},
		ragft.GoldAnswers{Refusal: ragft.DefaultRefusal},
		ragft.RALT{Refusal: ragft.DefaultRefusal, TextShare: -1, InstructionsShare: -1},
		ragft.RAFT{Distractors: 2},
	}
}

func recipeNames() []string {
	var names []string
	for _, r := range allRecipes() {
		names = append(names, r.Name())
	}
	return names
}

func chooseRecipes(list string) ([]ragft.Recipe, error) {
	if list == "" {
		return allRecipes(), nil
	}
	var chosen []ragft.Recipe
	for _, name := range strings.Split(list, ",") {
		name = strings.TrimSpace(name)
		i := slices.IndexFunc(allRecipes(), func(r ragft.Recipe) bool { return r.Name() == name })
		if i < 0 {
			return nil, fmt.Errorf("no recipe %q; there are %s", name, strings.Join(recipeNames(), ", "))
		}
		chosen = append(chosen, allRecipes()[i])
	}
	return chosen, nil
}
