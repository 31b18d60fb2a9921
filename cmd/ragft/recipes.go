package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/ragft/ragft/ragft"
)

// recipeFlags are the options of all recipes; each takes those that it has.
type recipeFlags struct {
	recipes  []string
	total    int
	refusal  string
	generate ragft.GenerateOptions
	raft     ragft.RAFT
	absent   string
	ralt     ragft.RALT
	memory   ragft.Memory
	pretrain ragft.Pretraining
	template string
	texts    string
	tasks    string

	probes *[]ragft.Question // what memory kept for the evaluation
}

// recipeNames are those of the recipes, in the order in which help shows them.
var recipeNames = []string{"self-demo", "gold", "ralt", "raft", "memory", "pretrain"}

// fromCorpus reports whether all recipes are made of the documents alone, without questions.
func (r recipeFlags) fromCorpus() bool {
	return !slices.ContainsFunc(r.recipes, func(s string) bool {
		name, _, _ := strings.Cut(strings.TrimSpace(s), "=")
		return name != "memory" && name != "pretrain"
	})
}

func (r *recipeFlags) add(f *pflag.FlagSet) {
	f.StringSliceVar(&r.recipes, "recipe", []string{"self-demo"},
		"how rows are made: "+strings.Join(recipeNames, ", ")+"; several are mixed, by weight: self-demo=2,gold=1")
	f.IntVar(&r.total, "total", 0, "rows of a mixture (0 = as many as the weights allow)")
	f.StringVar(&r.refusal, "refusal", ragft.DefaultRefusal, "gold, ralt, raft: what is taught where the documents do not say; empty leaves such questions out")
	f.Var(pathValue(&r.texts, ""), "texts", "ralt, pretrain: general text to mix in, one text a line, or JSONL with a field text")
	r.addGeneration(f)
	r.addPolicy(f)
	f.IntVar(&r.raft.Distractors, "distractors", 3, "raft: passages without the answer")
	f.Float64Var(&r.raft.OracleShare, "oracle-share", 0.8, "raft: share of the rows that show the passage with the answer")
	f.Var(choiceValue(&r.absent, string(ragft.AbsentRefuse), string(ragft.AbsentRefuse), string(ragft.AbsentGold), string(ragft.AbsentSelf)),
		"when-absent", "raft: what is taught where it is not shown")
	f.BoolVar(&r.raft.Reason, "reason", false, "raft: the model writes the way from the passage to the answer")
	f.IntVar(&r.ralt.Chunks, "chunks", 3, "ralt: passages of a question, each in a row of its own")
	f.Var(choiceValue(&r.template, "read", "read", "fedrag", "ra-dit"), "template", "ralt: layout of the prompt")
	f.Float64Var(&r.ralt.TextShare, "text-share", 0.1, "ralt: share of plain text among the rows, with --texts")
	f.Var(pathValue(&r.tasks, ""), "instructions", "ralt: instructions to mix in, JSONL with prompt and response")
	f.Float64Var(&r.ralt.InstructionsShare, "instruction-share", 0.05, "ralt: share of instructions among the rows, with --instructions")
	f.IntVar(&r.ralt.MaxRows, "max-rows", 7500, "ralt: largest number of rows of a kind")
	r.addCorpus(f)
}

// addGeneration adds what a self-demonstration is drawn and judged by.
func (r *recipeFlags) addGeneration(f *pflag.FlagSet) {
	g := &r.generate
	f.IntVar(&g.Closed, "candidates-closed", 3, "self-demo: candidates without documents")
	f.IntVar(&g.Read, "candidates-read", 3, "self-demo: candidates with documents")
	f.IntVar(&g.Refuse, "candidates-refuse", 3, "self-demo: candidates that decline")
	f.Float64Var(&g.Temperature, "temperature", 1, "self-demo: temperature of the draws")
	f.Float64Var(&g.TopP, "top-p", 0, "self-demo: nucleus of the draws (0 = off)")
	f.IntVar(&g.TopK, "top-k", 0, "self-demo: tokens that are drawn from (0 = all)")
	f.IntVar(&g.MaxTokens, "max-tokens", 128, "self-demo, raft: longest text that is generated")
	f.BoolVar(&g.GreedyFirst, "greedy-first", true, "self-demo: the first candidate with documents is greedy")
	f.Float64Var(&g.Withhold, "withhold", 0, "self-demo: share of the answerable questions whose evidence is taken out, to learn abstention from")
	f.StringArrayVar(&g.ClosedPrompts, "candidate-prompt-closed", nil, "self-demo: system messages of the candidates without documents, in turn, where they are to differ from the rows'; may be given several times")
	f.StringArrayVar(&g.ReadPrompts, "candidate-prompt-read", nil, "self-demo: the same of those with documents")
	f.BoolVar(&g.Summarise, "draft", false, "self-demo: make each candidate in two turns, a draft and a summary of it")
	f.IntVar(&g.DraftTokens, "draft-tokens", 512, "self-demo: longest draft")
	f.StringVar(&g.SummaryPrompt, "prompt-summary", ragft.DefaultSummaryPrompt, "self-demo: what asks for the summary of a draft")
	j := &g.Judge
	f.IntVar(&j.Votes, "votes", 1, "self-demo: votes of the judge for what comparison leaves open, -1 = never ask")
	f.Float64Var(&j.Temperature, "judge-temperature", 0, "self-demo: temperature of the votes (0 = greedy for one, 0.7 for several)")
	f.IntVar(&j.MaxTokens, "judge-tokens", 16, "self-demo: longest vote; a judge that thinks aloud needs more")
	f.Float64Var(&j.CorrectF1, "correct-f1", 0, "self-demo: token F1 from which an answer is right without being judged (0 = never)")
	f.BoolVar(&j.Knockout, "knock-out", false, "self-demo: the judge chooses among the candidates, three at a time, in place of voting")
	f.IntVar(&j.Tries, "tries", 5, "self-demo: times that a round of --knock-out is asked until the reply can be read")
	f.StringVar(&j.KnockoutPrompt, "prompt-knock-out", ragft.DefaultKnockoutPrompt, "self-demo: system message of --knock-out")
}

// addPolicy adds what becomes a row.
func (r *recipeFlags) addPolicy(f *pflag.FlagSet) {
	p := &r.generate.Policy
	f.Float64Var(&p.MaxRefusals, "max-refusals", 0.3, "self-demo: largest share of refusals among the rows with documents")
	f.IntVar(&p.MinCorrectAbsent, "min-correct-absent", 1, "self-demo: right candidates it takes to teach an answer that no passage holds")
	f.BoolVar(&p.DropPresentRefusals, "drop-present-refusals", false, "self-demo: drop a question whose evidence is shown and that no candidate answers right")
	f.BoolVar(&p.ClosedRows, "closed-rows", false, "self-demo: add rows without documents for what the model knows")
	f.IntVar(&p.MaxWords, "max-words", 0, "self-demo: longest answer, in words (0 = any)")
	f.Float64Var(&p.MinF1, "min-f1", 0, "self-demo: least token F1 of an answer with the reference")
	f.Float64Var(&p.MinPrecision, "min-precision", 0, "self-demo: least token precision of an answer")
	f.Float64Var(&p.MinSupport, "min-support", 0, "self-demo: least share of an answer's words that stand in the passages")
	f.IntVar(&p.MaxRefusalWords, "max-refusal-words", 40, "self-demo: longest refusal, in words")
	f.IntVar(&p.Preferences.Rejected, "rejected", 0, "self-demo: add rows that are learnt as preferences (DPO), with at most so many rejected candidates each")
	f.BoolVar(&p.Preferences.Only, "preferences-only", false, "self-demo: leave out the rows that are not, with --rejected")
}

// addCorpus adds what the recipes without questions take.
func (r *recipeFlags) addCorpus(f *pflag.FlagSet) {
	m, p := &r.memory, &r.pretrain
	f.IntVar(&m.MaxEntities, "memory-entities", 8, "memory: entities of a passage")
	f.IntVar(&m.MaxRelations, "memory-relations", 8, "memory: relations of a passage")
	f.IntVar(&m.MaxLocal, "memory-local", 4, "memory: entities and relations of a passage that are asked about")
	f.IntVar(&m.GlobalChunks, "memory-passages", 30, "memory: passages shown for an entity or relation, as far as they fit")
	f.IntVar(&m.CorpusRows, "memory-corpus", 5, "memory: questions about the documents as a whole")
	f.Float64Var(&m.HeldOut, "memory-probes", 0, "memory: share of the questions about passages that is kept for 'ragft eval --forgetting --closed-questions', in probes.jsonl")
	f.IntVar(&m.ExtractTokens, "memory-extract-tokens", 1024, "memory: longest list of entities and relations")
	f.IntVar(&m.MaxTokens, "memory-tokens", 384, "memory: longest question with its answer")
	f.Float64Var(&p.Replay, "replay", 0.1, "pretrain: share of the words that are general text, of --texts, so that the model does not forget it")
	f.IntVar(&p.MinWords, "min-words", 5, "pretrain: shortest text worth learning")
	f.Float64Var(&p.Duplicates.Similarity, "duplicate-similarity", 0.8, "pretrain: similarity from which texts are duplicates, above 0 to 1")
	f.IntVar(&p.Duplicates.Shingle, "duplicate-words", 5, "pretrain: words of the runs by which texts are compared")
}

// make gives the recipe that the flags ask for. judge may be nil.
func (r recipeFlags) make(judge ragft.Model) (ragft.Recipe, error) {
	var parts []ragft.HybridPart
	for _, s := range r.recipes {
		name, weight, weighted := strings.Cut(strings.TrimSpace(s), "=")
		part := ragft.HybridPart{}
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
	return ragft.Hybrid{Parts: parts, Total: r.total}, nil
}

func (r recipeFlags) one(name string, judge ragft.Model) (ragft.Recipe, error) {
	switch name {
	case "self-demo":
		g := r.generate // of whose options 0 is the default, and -1 none
		for _, n := range []*int{&g.Closed, &g.Read, &g.Refuse} {
			*n = cmp.Or(*n, -1)
		}
		g.Temperature, g.Policy.MaxRefusals = orNegative(g.Temperature), orNegative(g.Policy.MaxRefusals)
		g.Judge.Model = judge
		return ragft.SelfDemonstrations{Options: g}, nil
	case "gold":
		return ragft.GoldAnswers{Refusal: r.refusal}, nil
	case "raft":
		raft := r.raft
		raft.WhenAbsent, raft.Refusal, raft.MaxTokens = ragft.WhenAbsent(r.absent), r.refusal, r.generate.MaxTokens
		return raft, nil
	case "ralt":
		return r.makeRALT()
	case "memory":
		m := r.memory
		for _, n := range []*int{&m.MaxLocal, &m.CorpusRows} {
			*n = cmp.Or(*n, -1)
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

// probing is the recipe with what it kept for the evaluation.
type probing struct {
	ragft.Memory
	probes *[]ragft.Question
}

func (p probing) Rows(ctx context.Context, in ragft.RecipeInput) (*ragft.RecipeResult, error) {
	made, err := p.Build(ctx, in)
	if err != nil {
		return nil, err
	}
	*p.probes = append(*p.probes, made.Probes...)
	return &made.RecipeResult, nil
}

func (r recipeFlags) makeRALT() (ragft.Recipe, error) {
	ralt := r.ralt
	ralt.Refusal = r.refusal
	ralt.TextShare, ralt.InstructionsShare = orNegative(ralt.TextShare), orNegative(ralt.InstructionsShare)
	switch r.template {
	case "fedrag":
		ralt.Template = ragft.FedRAGTemplate
	case "ra-dit":
		ralt.Template = ragft.RADITTemplate
	}
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
