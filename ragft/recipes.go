package ragft

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/ragft/recipe/memory"
	"github.com/ragft/ragft/ragft/recipe/selfdemo"
)

// maker makes the recipes of a config.
type maker struct {
	config   DemonstrateConfig
	judge    model.Model      // nil = the model that generates
	generate selfdemo.Options // of self-demo, with what a search for prompts found
	probes   *memory.Result   // of which Probes and GlobalProbes: what memory kept for the evaluation
}

func newMaker(c DemonstrateConfig, judge model.Model) *maker {
	return &maker{config: c, judge: judge, generate: c.SelfDemo.options(), probes: &memory.Result{}}
}

// fromCorpus reports whether all recipes are made of the documents alone,
// without questions.
func (c *DemonstrateConfig) fromCorpus() bool {
	return !slices.ContainsFunc(c.names(), func(name string) bool { return name != "memory" && name != "pretrain" })
}

// recipe is what the config asks for.
func (m *maker) recipe() (recipe.Recipe, error) {
	var parts []recipe.MixPart
	for _, s := range m.config.Recipe {
		name, weight, weighted := strings.Cut(strings.TrimSpace(s), "=")
		part := recipe.MixPart{}
		if weighted {
			w, err := strconv.ParseFloat(strings.TrimSpace(weight), 64)
			if err != nil || w <= 0 {
				return nil, kindOf(ErrConfig, fmt.Errorf("demonstrate.recipe: %s: the weight is a number above 0", s))
			}
			part.Weight = w
		}
		var err error
		if part.Recipe, err = m.one(strings.TrimSpace(name)); err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	if len(parts) == 1 && m.config.Total == 0 {
		return parts[0].Recipe, nil
	}
	return recipe.Mix{Parts: parts, Total: m.config.Total}, nil
}

func (m *maker) one(name string) (recipe.Recipe, error) {
	c, refusal := m.config, m.config.Refusal.Or("")
	switch name {
	case "self-demo":
		return selfdemo.Recipe{Options: m.demonstrations()}, nil
	case "gold":
		return recipe.Gold{Refusal: refusal}, nil
	case "raft":
		return recipe.RAFT{
			OracleShare: orNegative(c.RAFT.EvidenceShare.Or(0)), Distractors: orNegative(c.RAFT.Distractors.Or(0)),
			WhenAbsent: recipe.WhenAbsent(c.RAFT.WhenAbsent), Refusal: refusal, DropRefusals: refusal == "",
			Reason: c.RAFT.Reason, MaxTokens: c.RAFT.MaxTokens,
		}, nil
	case "ralt":
		return m.ralt()
	case "memory":
		return probing{memory.Recipe{
			MaxEntities: c.Memory.Entities, MaxRelations: orNegative(c.Memory.Relations.Or(0)), MaxLocal: orNegative(c.Memory.Local.Or(0)),
			GlobalChunks: c.Memory.Passages, CorpusRows: orNegative(c.Memory.Corpus.Or(0)), HeldOut: c.Memory.Probes,
			ExtractTokens: c.Memory.ExtractTokens, MaxTokens: c.Memory.MaxTokens,
		}, m.probes}, nil
	case "pretrain":
		r := recipe.Pretrain{
			Replay: orNegative(c.Pretrain.Replay.Or(0)), MinWords: c.Pretrain.MinWords,
			Duplicates: recipe.DuplicateOptions{Similarity: c.Pretrain.Similarity, Shingle: c.Pretrain.Shingle},
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
		TextShare: orNegative(c.RALT.TextShare.Or(0)), InstructionsShare: orNegative(c.RALT.InstructionShare.Or(0)),
	}
	var err error
	if c.Texts == "" {
		r.TextShare = -1
	} else if r.Texts, err = readTexts(c.Texts); err != nil {
		return nil, err
	}
	if c.RALT.Instructions == "" {
		r.InstructionsShare = -1
	} else if r.Instructions, err = readInstructions(c.RALT.Instructions); err != nil {
		return nil, err
	}
	return r, nil
}

// options are those of the library, where 0 is the default and -1 none.
func (c SelfDemoConfig) options() selfdemo.Options {
	return selfdemo.Options{
		Closed: orNegative(c.Closed.Or(0)), Read: orNegative(c.Read.Or(0)), Refuse: orNegative(c.Refuse.Or(0)),
		Temperature: orNegative(c.Temperature.Or(0)), TopP: c.TopP, TopK: c.TopK, MaxTokens: c.MaxTokens,
		GreedyFirst: c.GreedyFirst.Or(true), ClosedPrompts: c.ClosedPrompts, ReadPrompts: c.ReadPrompts,
		Summarise: c.TwoStep, DraftTokens: c.TwoStepTokens, SummaryPrompt: c.SummaryPrompt, Withhold: c.Withhold,
		Judge: judge.Options{
			Knockout: c.Tournament, KnockoutPrompt: c.TournamentPrompt, Tries: c.Tries, Votes: orNegative(c.Votes.Or(0)),
			Temperature: c.JudgeTemperature, MaxTokens: c.JudgeTokens, CorrectF1: c.CorrectF1,
		},
		Policy: selfdemo.Policy{
			MaxRefusals: orNegative(c.MaxRefusals.Or(0)), MinCorrectAbsent: c.MinCorrectAbsent, DropPresentRefusals: c.DropPresentRefusals,
			MaxWords: c.MaxWords, MinF1: c.MinF1, MinPrecision: c.MinPrecision, MinSupport: c.MinSupport,
			MaxRefusalWords: orNegative(c.MaxRefusalWords.Or(0)), ClosedRows: c.ClosedRows,
			Preferences: selfdemo.Preferences{Rejected: c.Rejected, Only: c.PreferencesOnly},
		},
	}
}

// demonstrations are the options of self-demo with the judge.
func (m *maker) demonstrations() selfdemo.Options {
	g := m.generate
	g.Judge.Model = m.judge
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
