package verified

import (
	"context"
	"errors"
	"slices"

	"github.com/ragft/ragft/internal/scoring"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/internal/wordings"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/recipe"
)

// scoredPrompts is the number of prompts that the wordings of a refusal are
// scored with, at most.
const scoredPrompts = 12

// wordingsFor are the texts to choose a refusal from, in the language of the
// prompts; where they do not say, of most questions.
func wordingsFor(in recipe.Input) []string {
	if in.Prompts.Language != "" {
		return wordings.Wordings(in.Prompts.Language)
	}
	texts := make([]string, len(in.Questions))
	for i, q := range in.Questions {
		texts[i] = q.Question
	}
	return wordings.Wordings(wordings.Language(texts))
}

// chooseRefusal takes the wording that the model finds likeliest: by the mean,
// over prompts, of the log probability of a token. A model that cannot score
// gets the first.
func (g *generator) chooseRefusal(ctx context.Context, drafts []*draft) error {
	if g.refusal = g.Refusal; g.refusal != "" {
		return nil
	}
	wordings := wordingsFor(g.in)
	g.refusal = wordings[0]
	prompts := g.promptsToScore(drafts)
	sums := make([]float64, len(wordings))
	scored := 0
	for i, prompt := range prompts {
		completions := make([]model.Completion, len(wordings))
		for k, wording := range wordings {
			completions[k] = model.Completion{Messages: prompt, Response: wording}
		}
		scores, err := scoring.Completions(ctx, g.in.Model, completions)
		switch {
		case errors.Is(err, model.ErrNoScores):
			return nil
		case errors.Is(err, model.ErrPromptTooLong):
			continue
		case err != nil:
			return err
		}
		scored++
		for k, score := range scores {
			sums[k] += score.Sum / float64(score.Tokens)
			g.Calls++
			if score.Cached {
				g.Cached++
			}
		}
		g.Report("choice of the refusal", i+1, len(prompts), 0)
	}
	if scored > 0 {
		g.refusal = wordings[slices.Index(sums, slices.Max(sums))]
	}
	return nil
}

// promptsToScore draws prompts, of those that are to be declined if there are
// any.
func (g *generator) promptsToScore(drafts []*draft) [][]model.Message {
	usable := slices.DeleteFunc(slices.Clone(drafts), func(d *draft) bool { return d.dropped != "" })
	declined := slices.DeleteFunc(slices.Clone(usable), func(d *draft) bool { return d.answerable() })
	if len(declined) > 0 {
		usable = declined
	}
	slices.SortStableFunc(usable, func(a, b *draft) int {
		return seed.Order(g.in.Seed, "choice of the refusal", a.question.ID, b.question.ID)
	})
	usable = usable[:min(scoredPrompts, len(usable))]
	prompts := make([][]model.Message, len(usable))
	for i, d := range usable {
		prompts[i] = d.question.ReadMessages(g.in.Prompts, d.hits)
	}
	return prompts
}
