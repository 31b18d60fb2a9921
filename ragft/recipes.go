package ragft

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/ragft/recipe/memory"
	"github.com/ragft/ragft/ragft/recipe/selfdemo"
	"github.com/ragft/ragft/ragft/recipe/verified"
)

// maker makes the recipes of a config.
type maker struct {
	config   DemonstrateConfig
	judge    model.Model     // nil = there is no model at all
	generate selfdemo.Recipe // of self-demo, with what a search for prompts found
	probes   *memory.Result  // of which Probes and GlobalProbes: what memory kept for the evaluation
}

func newMaker(c DemonstrateConfig, judge model.Model) *maker {
	return &maker{config: c, judge: judge, generate: c.SelfDemo.recipe(), probes: &memory.Result{}}
}

// fromCorpus reports whether all recipes are made of the documents alone,
// without questions.
func (c *DemonstrateConfig) fromCorpus() bool {
	return !slices.ContainsFunc(c.names(), func(name string) bool { return name != "memory" && name != "pretrain" })
}

// recipe is what the config asks for.
func (m *maker) recipe() (recipe.Recipe, error) {
	mix := recipe.Mix{Total: m.config.Total}
	for _, s := range m.config.Recipe {
		name, weight, weighted := strings.Cut(strings.TrimSpace(s), "=")
		share := 1.0
		if weighted {
			w, err := strconv.ParseFloat(strings.TrimSpace(weight), 64)
			if err != nil || w <= 0 {
				return nil, kindOf(ErrConfig, fmt.Errorf("demonstrate.recipe: %s: the weight is a number above 0", s))
			}
			share = w
		}
		one, err := m.one(strings.TrimSpace(name))
		if err != nil {
			return nil, err
		}
		mix.Recipes, mix.Weights = append(mix.Recipes, one), append(mix.Weights, share)
	}
	if len(mix.Recipes) == 1 && mix.Total == 0 {
		return mix.Recipes[0], nil
	}
	return mix, nil
}

func (m *maker) one(name string) (recipe.Recipe, error) {
	c, refusal := m.config, m.config.Refusal.Or("")
	switch name {
	case "verified":
		return verified.Recipe{
			Draws: c.Verified.Draws, Temperature: c.Verified.Temperature, MinP: c.Verified.MinP, MaxTokens: c.Verified.MaxTokens,
			Pairs: c.Verified.Pairs, Refusal: c.Verified.Refusal, Preferences: c.Verified.Preferences,
		}, nil
	case "self-demo":
		return m.demonstrations(), nil
	case "gold":
		return recipe.Gold{Refusal: refusal}, nil
	case "raft":
		return recipe.RAFT{
			OracleShare: c.RAFT.EvidenceShare, Distractors: c.RAFT.Distractors,
			WhenAbsent: c.RAFT.WhenAbsent, Refusal: refusal, DropRefusals: refusal == "",
			Reason: c.RAFT.Reason, MaxTokens: c.RAFT.MaxTokens,
		}, nil
	case "ralt":
		return m.ralt()
	case "memory":
		return probing{memory.Recipe{
			MaxEntities: c.Memory.Entities, MaxRelations: c.Memory.Relations, MaxLocal: c.Memory.Local,
			GlobalChunks: c.Memory.Passages, CorpusRows: c.Memory.Corpus, HeldOut: c.Memory.Probes,
			ExtractTokens: c.Memory.ExtractTokens, MaxTokens: c.Memory.MaxTokens,
		}, m.probes}, nil
	case "pretrain":
		r := recipe.Pretrain{
			Replay: c.Pretrain.Replay, MinWords: c.Pretrain.MinWords,
			Similarity: c.Pretrain.Similarity, Shingle: c.Pretrain.Shingle,
		}
		if c.Texts == "" {
			return r, nil // which is an error where text is to be replayed
		}
		var err error
		r.General, err = readTexts(c.Texts)
		return r, err
	}
	return nil, kindOf(ErrConfig, fmt.Errorf("demonstrate.recipe: there is no %q; there are %s", name, strings.Join(recipeNames, ", ")))
}

func (m *maker) ralt() (recipe.Recipe, error) {
	c := m.config
	r := recipe.RALT{
		Chunks: c.RALT.Chunks, Refusal: c.Refusal.Or(""), MaxRows: c.RALT.MaxRows,
		TextShare: c.RALT.TextShare, InstructionsShare: c.RALT.InstructionShare,
	}
	var err error
	if c.Texts == "" {
		r.TextShare = opt.Of(0.0)
	} else if r.Texts, err = readTexts(c.Texts); err != nil {
		return nil, err
	}
	if c.RALT.Instructions == "" {
		r.InstructionsShare = opt.Of(0.0)
	} else if r.Instructions, err = readInstructions(c.RALT.Instructions); err != nil {
		return nil, err
	}
	return r, nil
}

// recipe is that of the library, without the judge.
func (c SelfDemoConfig) recipe() selfdemo.Recipe {
	return selfdemo.Recipe{
		Closed: c.Closed, Read: c.Read, Refuse: c.Refuse,
		Temperature: c.Temperature, TopP: c.TopP, TopK: c.TopK, MaxTokens: c.MaxTokens,
		GreedyFirst: c.GreedyFirst.Or(true), ClosedPrompts: c.ClosedPrompts, ReadPrompts: c.ReadPrompts,
		Summarise: c.TwoStep, DraftTokens: c.TwoStepTokens, SummaryPrompt: c.SummaryPrompt, Withhold: c.Withhold,
		Judge: judge.Options{
			Knockout: c.Tournament, KnockoutPrompt: c.TournamentPrompt, Tries: c.Tries, Votes: c.Votes.Or(1),
			Temperature: c.JudgeTemperature, MaxTokens: c.JudgeTokens, CorrectF1: c.CorrectF1,
		},
		Policy: selfdemo.Policy{
			MaxRefusals: c.MaxRefusals, MinCorrectAbsent: c.MinCorrectAbsent, DropPresentRefusals: c.DropPresentRefusals,
			MaxWords: c.MaxWords, MinF1: c.MinF1, MinPrecision: c.MinPrecision, MinSupport: c.MinSupport,
			MaxRefusalWords: c.MaxRefusalWords, ClosedRows: c.ClosedRows,
			Preferences: selfdemo.Preferences{Rejected: c.Rejected, Only: c.PreferencesOnly},
		},
	}
}

// demonstrations is the recipe self-demo with the judge, if it is asked.
func (m *maker) demonstrations() selfdemo.Recipe {
	g := m.generate
	if g.Judge.Votes > 0 || g.Judge.Knockout {
		g.Judge.Model = m.judge
	}
	return g
}

// probing is the recipe with what it kept for the evaluation.
type probing struct {
	memory.Recipe
	probes *memory.Result
}

func (p probing) Rows(ctx context.Context, in recipe.Input) (*recipe.Result, error) {
	made, err := p.Build(ctx, in)
	if err != nil {
		return nil, err
	}
	p.probes.Probes = append(p.probes.Probes, made.Probes...)
	p.probes.GlobalProbes = append(p.probes.GlobalProbes, made.GlobalProbes...)
	return &made.Result, nil
}
