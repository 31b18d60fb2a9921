package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/ragft/recipe/memory"
	"github.com/ragft/ragft/ragft/recipe/selfdemo"
)

// recipeFlags are the options of all recipes; each takes those that it has.
type recipeFlags struct {
	recipes  []string
	total    int
	refusal  string
	generate selfdemo.Options
	raft     recipe.RAFT
	absent   string
	ralt     recipe.RALT
	memory   memory.Recipe
	pretrain recipe.Pretrain
	texts    string
	tasks    string
	search   promptSearchFlags

	probes *memory.Result // of which Probes and GlobalProbes: what memory kept for the evaluation
}

// recipeNames are those of the recipes, in the order in which help shows them.
var recipeNames = []string{"self-demo", "gold", "ralt", "raft", "memory", "pretrain"}

// fromCorpus reports whether all recipes are made of the documents alone, without questions.
func (r recipeFlags) fromCorpus() bool {
	return !r.anyRecipe(func(name string) bool { return name != "memory" && name != "pretrain" })
}

func (r recipeFlags) anyRecipe(is func(name string) bool) bool {
	return slices.ContainsFunc(r.recipes, func(s string) bool {
		name, _, _ := strings.Cut(strings.TrimSpace(s), "=")
		return is(name)
	})
}

func (r *recipeFlags) add(f *pflag.FlagSet) {
	f.StringSliceVar(&r.recipes, "recipe", []string{"self-demo"},
		"how rows are made: "+strings.Join(recipeNames, ", ")+"; several are mixed, by weight: self-demo=2,gold=1")
	f.Var(countValue(&r.total, 0, 0), "total", "rows of a mixture (0 = as many as the weights allow)")
	f.StringVar(&r.refusal, "refusal", recipe.DefaultRefusal, "gold, ralt, raft: what is taught where the documents do not say; empty leaves such questions out")
	f.Var(pathValue(&r.texts, ""), "texts", "ralt, pretrain: general text to mix in, one text a line, or JSONL with a field text")
	r.addGeneration(f)
	r.addPolicy(f)
	f.Var(countValue(&r.raft.Distractors, 3, 0), "distractors", "raft: passages without the answer (0 = none)")
	f.Var(shareValue(&r.raft.OracleShare, 0.8), "oracle-share", "raft: share of the rows that show the passage with the answer")
	f.Var(choiceValue(&r.absent, string(recipe.AbsentRefuse), string(recipe.AbsentRefuse), string(recipe.AbsentGold), string(recipe.AbsentSelf)),
		"when-absent", "raft: what is taught where it is not shown")
	f.BoolVar(&r.raft.Reason, "reason", false, "raft: the model writes the way from the passage to the answer")
	f.Var(countValue(&r.ralt.Chunks, 3, 1), "chunks", "ralt: passages of a question, each in a row of its own")
	f.Var(shareValue(&r.ralt.TextShare, 0.1), "text-share", "ralt: share of plain text among the rows, with --texts")
	f.Var(pathValue(&r.tasks, ""), "instructions", "ralt: instructions to mix in, JSONL with prompt and response")
	f.Var(shareValue(&r.ralt.InstructionsShare, 0.05), "instruction-share", "ralt: share of instructions among the rows, with --instructions")
	f.Var(countValue(&r.ralt.MaxRows, 7500, 1), "max-rows", "ralt: largest number of rows of a kind")
	r.addCorpus(f)
}

// addGeneration adds what a self-demonstration is drawn and judged by.
func (r *recipeFlags) addGeneration(f *pflag.FlagSet) {
	g := &r.generate
	f.Var(countValue(&g.Closed, 3, 0), "candidates-closed", "self-demo: candidates without documents")
	f.Var(countValue(&g.Read, 3, 0), "candidates-read", "self-demo: candidates with documents")
	f.Var(countValue(&g.Refuse, 3, 0), "candidates-refuse", "self-demo: candidates that decline")
	f.Float64Var(&g.Temperature, "temperature", 1, "self-demo: temperature of the draws")
	f.Var(shareValue(&g.TopP, 0), "top-p", "self-demo: nucleus of the draws (0 = off)")
	f.Var(countValue(&g.TopK, 0, 0), "top-k", "self-demo: tokens that are drawn from (0 = all)")
	f.Var(countValue(&g.MaxTokens, 128, 1), "max-tokens", "self-demo, raft: longest text that is generated")
	f.BoolVar(&g.GreedyFirst, "greedy-first", true, "self-demo: the first candidate with documents is greedy")
	f.Var(shareValue(&g.Withhold, 0), "withhold", "self-demo: share of the answerable questions whose evidence is taken out, to learn abstention from")
	f.StringArrayVar(&g.ClosedPrompts, "candidate-prompt-closed", nil, "self-demo: system messages of the candidates without documents, in turn, where they are to differ from the rows'; may be given several times")
	f.StringArrayVar(&g.ReadPrompts, "candidate-prompt-read", nil, "self-demo: the same of those with documents")
	r.search.add(f)
	f.BoolVar(&g.Summarise, "draft", false, "self-demo: make each candidate in two turns, a draft and a summary of it")
	f.Var(countValue(&g.DraftTokens, 512, 1), "draft-tokens", "self-demo: longest draft")
	f.StringVar(&g.SummaryPrompt, "prompt-summary", selfdemo.DefaultSummaryPrompt, "self-demo: what asks for the summary of a draft")
	j := &g.Judge
	f.Var(countValue(&j.Votes, 1, 0), "votes", "self-demo: votes of the judge for what comparison leaves open (0 = never ask)")
	f.Float64Var(&j.Temperature, "judge-temperature", 0, "self-demo: temperature of the votes (0 = greedy for one, 0.7 for several)")
	f.Var(countValue(&j.MaxTokens, 16, 1), "judge-tokens", "self-demo: longest vote; a judge that thinks aloud needs more")
	f.Var(shareValue(&j.CorrectF1, 0), "correct-f1", "self-demo: token F1 from which an answer is right without being judged (0 = never)")
	f.BoolVar(&j.Knockout, "knock-out", false, "self-demo: the judge chooses among the candidates, three at a time, in place of voting")
	f.Var(countValue(&j.Tries, 5, 1), "tries", "self-demo: times that a round of --knock-out is asked until the reply can be read")
	f.StringVar(&j.KnockoutPrompt, "prompt-knock-out", judge.Options{}.WithDefaults().KnockoutPrompt, "self-demo: system message of --knock-out")
}

// addPolicy adds what becomes a row.
func (r *recipeFlags) addPolicy(f *pflag.FlagSet) {
	p := &r.generate.Policy
	f.Var(shareValue(&p.MaxRefusals, 0.3), "max-refusals", "self-demo: largest share of refusals among the rows with documents")
	f.Var(countValue(&p.MinCorrectAbsent, 1, 1), "min-correct-absent", "self-demo: right candidates it takes to teach an answer that no passage holds")
	f.BoolVar(&p.DropPresentRefusals, "drop-present-refusals", false, "self-demo: drop a question whose evidence is shown and that no candidate answers right")
	f.BoolVar(&p.ClosedRows, "closed-rows", false, "self-demo: add rows without documents for what the model knows")
	f.Var(countValue(&p.MaxWords, 0, 0), "max-words", "self-demo: longest answer, in words (0 = any)")
	f.Var(shareValue(&p.MinF1, 0), "min-f1", "self-demo: least token F1 of an answer with the reference")
	f.Var(shareValue(&p.MinPrecision, 0), "min-precision", "self-demo: least token precision of an answer")
	f.Var(shareValue(&p.MinSupport, 0), "min-support", "self-demo: least share of an answer's words that stand in the passages")
	f.Var(countValue(&p.MaxRefusalWords, 40, 0), "max-refusal-words", "self-demo: longest refusal, in words (0 = any)")
	f.Var(countValue(&p.Preferences.Rejected, 0, 0), "rejected", "self-demo: add rows that are learnt as preferences (DPO), with at most so many rejected candidates each")
	f.BoolVar(&p.Preferences.Only, "preferences-only", false, "self-demo: leave out the rows that are not, with --rejected")
}

// addCorpus adds what the recipes without questions take.
func (r *recipeFlags) addCorpus(f *pflag.FlagSet) {
	m, p := &r.memory, &r.pretrain
	f.Var(countValue(&m.MaxEntities, 8, 1), "memory-entities", "memory: entities of a passage")
	f.Var(countValue(&m.MaxRelations, 8, 0), "memory-relations", "memory: relations of a passage (0 = none)")
	f.Var(countValue(&m.MaxLocal, 4, 0), "memory-local", "memory: entities and relations of a passage that are asked about")
	f.Var(countValue(&m.GlobalChunks, 30, 1), "memory-passages", "memory: passages shown for an entity or relation, as far as they fit")
	f.Var(countValue(&m.CorpusRows, 5, 0), "memory-corpus", "memory: questions about the documents as a whole")
	f.Var(shareValue(&m.HeldOut, 0), "memory-probes", "memory: share of the questions that is kept for 'ragft eval', in probes.jsonl and global-probes.jsonl")
	f.Var(countValue(&m.ExtractTokens, 1024, 1), "memory-extract-tokens", "memory: longest list of entities and relations")
	f.Var(countValue(&m.MaxTokens, 384, 1), "memory-tokens", "memory: longest question with its answer")
	f.Var(shareValue(&p.Replay, 0.1), "replay", "pretrain: share of the words that are general text, of --texts, so that the model does not forget it")
	f.Var(countValue(&p.MinWords, 5, 1), "min-words", "pretrain: shortest text worth learning")
	f.Var(positiveValue(&p.Duplicates.Similarity, 0.8), "duplicate-similarity", "pretrain: similarity from which texts are duplicates, above 0 to 1")
	f.Var(countValue(&p.Duplicates.Shingle, 5, 1), "duplicate-words", "pretrain: words of the runs by which texts are compared")
}

// make gives the recipe that the flags ask for. judge may be nil.
func (r recipeFlags) make(judge model.Model) (recipe.Recipe, error) {
	var parts []recipe.MixPart
	for _, s := range r.recipes {
		name, weight, weighted := strings.Cut(strings.TrimSpace(s), "=")
		part := recipe.MixPart{}
		if weighted {
			w, err := strconv.ParseFloat(weight, 64)
			if err != nil || w <= 0 {
				return nil, usageError(fmt.Errorf("--recipe %s: the weight is a number above 0", s))
			}
			part.Weight = w
		}
		var err error
		if part.Recipe, err = r.one(name, judge); err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	switch {
	case len(parts) == 0:
		return nil, usageError(errors.New("--recipe names no recipe"))
	case len(parts) == 1 && r.total == 0:
		return parts[0].Recipe, nil
	}
	return recipe.Mix{Parts: parts, Total: r.total}, nil
}

func (r recipeFlags) one(name string, judge model.Model) (recipe.Recipe, error) {
	switch name {
	case "self-demo":
		return selfdemo.Recipe{Options: r.demonstrations(judge)}, nil
	case "gold":
		return recipe.Gold{Refusal: r.refusal}, nil
	case "raft":
		raft := r.raft
		raft.WhenAbsent, raft.Refusal, raft.MaxTokens = recipe.WhenAbsent(r.absent), r.refusal, r.generate.MaxTokens
		raft.DropRefusals = r.refusal == ""
		raft.OracleShare, raft.Distractors = orNegative(raft.OracleShare), orNegative(raft.Distractors)
		return raft, nil
	case "ralt":
		return r.makeRALT()
	case "memory":
		m := r.memory
		for _, n := range []*int{&m.MaxRelations, &m.MaxLocal, &m.CorpusRows} {
			*n = orNegative(*n)
		}
		return probing{m, r.probes}, nil
	case "pretrain":
		p := r.pretrain
		p.Replay = orNegative(p.Replay)
		if r.texts == "" {
			return p, nil // which is an error where text is to be replayed
		}
		var err error
		p.General, err = readTexts(r.texts)
		return p, err
	}
	return nil, usageError(fmt.Errorf("there is no recipe %q; there are %s", name, strings.Join(recipeNames, ", ")))
}

// demonstrations are the options of self-demo as the library has them, where 0 is the default and -1 none.
func (r recipeFlags) demonstrations(judge model.Model) selfdemo.Options {
	g := r.generate
	for _, n := range []*int{&g.Closed, &g.Read, &g.Refuse, &g.Policy.MaxRefusalWords} {
		*n = orNegative(*n)
	}
	g.Temperature, g.Policy.MaxRefusals = orNegative(g.Temperature), orNegative(g.Policy.MaxRefusals)
	if g.Judge.Model = judge; g.Judge.Votes == 0 && !g.Judge.Knockout {
		g.Judge.Model = nil
	}
	g.Judge.Votes = max(g.Judge.Votes, 1)
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
	p.probes.Probes, p.probes.GlobalProbes = append(p.probes.Probes, made.Probes...), append(p.probes.GlobalProbes, made.GlobalProbes...)
	return &made.Result, nil
}

func (r recipeFlags) makeRALT() (recipe.Recipe, error) {
	ralt := r.ralt
	ralt.Refusal = r.refusal
	ralt.TextShare, ralt.InstructionsShare = orNegative(ralt.TextShare), orNegative(ralt.InstructionsShare)
	var err error
	if r.texts == "" {
		ralt.TextShare = -1
	} else if ralt.Texts, err = readTexts(r.texts); err != nil {
		return nil, err
	}
	if r.tasks == "" {
		ralt.InstructionsShare = -1
	} else if ralt.Instructions, err = readInstructions(r.tasks); err != nil {
		return nil, err
	}
	return ralt, nil
}
