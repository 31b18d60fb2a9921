package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
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
	template string
	texts    string
	tasks    string
}

// recipeNames are those of the recipes, in the order in which help shows them.
var recipeNames = []string{"self-demo", "gold", "ralt", "raft"}

func (r *recipeFlags) add(f *pflag.FlagSet) {
	f.StringSliceVar(&r.recipes, "recipe", []string{"self-demo"},
		"how rows are made: "+strings.Join(recipeNames, ", ")+"; several are mixed, by weight: self-demo=2,gold=1")
	f.IntVar(&r.total, "total", 0, "rows of a mixture (0 = as many as the weights allow)")
	f.StringVar(&r.refusal, "refusal", ragft.DefaultRefusal, "gold, ralt, raft: what is taught where the documents do not say; empty leaves such questions out")
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
	p := &g.Policy
	f.Float64Var(&p.MaxRefusals, "max-refusals", 0.3, "self-demo: largest share of refusals among the rows with documents")
	f.IntVar(&p.MinCorrectAbsent, "min-correct-absent", 1, "self-demo: right candidates it takes to teach an answer that no passage holds")
	f.BoolVar(&p.DropPresentRefusals, "drop-present-refusals", false, "self-demo: drop a question whose evidence is shown and that no candidate answers right")
	f.BoolVar(&p.ClosedRows, "closed-rows", false, "self-demo: add rows without documents for what the model knows")
	f.IntVar(&p.MaxWords, "max-words", 0, "self-demo: longest answer, in words (0 = any)")
	f.Float64Var(&p.MinF1, "min-f1", 0, "self-demo: least token F1 of an answer with the reference")
	f.Float64Var(&p.MinPrecision, "min-precision", 0, "self-demo: least token precision of an answer")
	f.Float64Var(&p.MinSupport, "min-support", 0, "self-demo: least share of an answer's words that stand in the passages")
	f.IntVar(&g.Judge.Votes, "votes", 1, "self-demo: votes of the judge for what comparison leaves open, -1 = never ask")
	f.IntVar(&r.raft.Distractors, "distractors", 3, "raft: passages without the answer")
	f.Float64Var(&r.raft.OracleShare, "oracle-share", 0.8, "raft: share of the rows that show the passage with the answer")
	f.Var(choiceValue(&r.absent, string(ragft.AbsentRefuse), string(ragft.AbsentRefuse), string(ragft.AbsentGold), string(ragft.AbsentSelf)),
		"when-absent", "raft: what is taught where it is not shown")
	f.BoolVar(&r.raft.Reason, "reason", false, "raft: the model writes the way from the passage to the answer")
	f.IntVar(&r.ralt.Chunks, "chunks", 3, "ralt: passages of a question, each in a row of its own")
	f.Var(choiceValue(&r.template, "read", "read", "fedrag", "ra-dit"), "template", "ralt: layout of the prompt")
	f.Var(pathValue(&r.texts, ""), "texts", "ralt: plain text to mix in, one text a line, or JSONL with a field text")
	f.Float64Var(&r.ralt.TextShare, "text-share", 0.1, "ralt: share of plain text among the rows, with --texts")
	f.Var(pathValue(&r.tasks, ""), "instructions", "ralt: instructions to mix in, JSONL with prompt and response")
	f.Float64Var(&r.ralt.InstructionsShare, "instruction-share", 0.05, "ralt: share of instructions among the rows, with --instructions")
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
			if *n == 0 {
				*n = -1
			}
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
	}
	return nil, usageError(fmt.Errorf("there is no recipe %q; there are %s", name, strings.Join(recipeNames, ", ")))
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

// readTexts reads one text a line, or one object with a field text.
func readTexts(path string) ([]string, error) {
	var texts []string
	err := readLines(path, func(line []byte) error {
		if line[0] != '{' {
			texts = append(texts, string(line))
			return nil
		}
		var row struct {
			Text string `json:"text"`
		}
		if err := json.Unmarshal(line, &row); err != nil {
			return err
		}
		if row.Text == "" {
			return errors.New(`the field "text" is missing`)
		}
		texts = append(texts, row.Text)
		return nil
	})
	return texts, err
}

func readInstructions(path string) ([]ragft.Instruction, error) {
	var tasks []ragft.Instruction
	err := readLines(path, func(line []byte) error {
		var t ragft.Instruction
		if err := json.Unmarshal(line, &t); err != nil {
			return err
		}
		if t.Prompt == "" || t.Response == "" {
			return errors.New(`the fields "prompt" and "response" are needed`)
		}
		tasks = append(tasks, t)
		return nil
	})
	return tasks, err
}

// readLines calls each with every line that is not blank; its errors name the line.
func readLines(path string, each func(line []byte) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	scan := bufio.NewScanner(f)
	scan.Buffer(nil, ragft.MaxLine)
	n := 0
	for scan.Scan() {
		n++
		line := strings.TrimSpace(scan.Text())
		if line == "" {
			continue
		}
		if err := each([]byte(line)); err != nil {
			return &ragft.LineError{Name: path, Line: n, Err: err}
		}
	}
	if err := scan.Err(); err != nil {
		return &ragft.LineError{Name: path, Line: n + 1, Err: err}
	}
	if n == 0 {
		return emptyError(fmt.Errorf("%s holds nothing", path))
	}
	return nil
}
