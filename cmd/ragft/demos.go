package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/ragft/recipe/memory"
	"github.com/ragft/ragft/ragft/recipe/selfdemo"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/ragft/ragft/retriever"
)

type demosFlags struct {
	modelFlags
	promptFlags
	questionFlags
	recipeFlags
	judge    string
	passages int
	batch    int
	rows     string
	audit    bool
	auditor  model.Model // the judge
	estimate bool
}

func (a *app) demosCommand() *cobra.Command {
	var o demosFlags
	cmd := &cobra.Command{
		Use: "demos", Short: "Make demonstrations to learn from", Args: arguments(cobra.NoArgs),
		Long: `Makes training rows of the questions that are not held out: by default demonstrations in the model's own words, judged
and chosen. What it may cost at most is printed first. Everything that the model writes is kept in the cache, so that the
command, interrupted or repeated, generates nothing twice. The rows are JSONL to read, filter and edit.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runDemos(cmd.Context(), o) },
	}
	f := cmd.Flags()
	o.modelFlags.add(f)
	o.promptFlags.add(f)
	o.questionFlags.add(f)
	o.recipeFlags.add(f)
	f.Var(modelValue(&o.judge), "judge", "model that judges, named as --model is (default: the one that generates)")
	f.Var(countValue(&o.passages, 4, 1), "passages", "passages shown with a question")
	f.Var(countValue(&o.batch, 16, 1), "batch", "questions at a time")
	f.Var(pathValue(&o.rows, ""), "rows", "file to write, JSONL (default rows.jsonl of the project's folder)")
	f.BoolVar(&o.audit, "audit", false, "self-demo: also ask the judge about candidates whose verdict is known, in both orders, and with --knock-out in every order of two or three, to see how far it can be trusted")
	f.BoolVar(&o.estimate, "estimate", false, "say what it may cost, and stop")
	return cmd
}

// demosResult is what demos prints with --json.
type demosResult struct {
	Recipe   string             `json:"recipe"`
	File     string             `json:"file,omitempty"`
	Rows     int                `json:"rows"`
	Kinds    map[string]int     `json:"kinds,omitempty"`
	Sources  map[string]int     `json:"sources,omitempty"`
	Dropped  map[string]int     `json:"dropped,omitempty"`
	Prompts  *foundPrompts      `json:"prompts,omitempty"` // of --search-prompts
	Audit    *judge.AuditResult `json:"audit,omitempty"`
	Probes   []string           `json:"probes,omitempty"` // files with what memory kept for the evaluation
	Estimate model.Cost         `json:"estimate"`
	Cost     model.Cost         `json:"cost"`
}

func (a *app) runDemos(ctx context.Context, o demosFlags) error {
	var train []question.Question
	var evidence map[string][]retriever.Hit
	var err error
	if !o.fromCorpus() {
		if train, _, err = o.read(a); err != nil {
			return err
		}
		if evidence, err = o.evidence(a); err != nil {
			return err
		}
		if len(train) == 0 {
			return fmt.Errorf("%w are left to learn from: --held-out %g holds all of them out", question.ErrNone, o.heldOut)
		}
	}
	index, err := a.openIndex()
	if err != nil {
		return err
	}
	defer index.Close()
	search, err := a.searcher(ctx, index)
	if err != nil {
		return err
	}
	m := &models{}
	defer m.close()
	prompts, err := o.prompts()
	if err != nil {
		return err
	}
	in := recipe.Input{Search: search, Questions: train, Evidence: evidence, Prompts: prompts, Passages: o.passages, Seed: a.seed, Batch: o.batch, Logger: a.log}
	if in.Corpus, err = corpus(ctx, index); err != nil {
		return err
	}
	var judging model.Model
	if o.model != "" {
		if m, err = a.open(ctx, o.modelFlags, ""); err != nil {
			return err
		}
		if in.Model, err = m.cached(a, m.base); err != nil {
			return err
		}
		if judging, err = a.asker(ctx, o.modelFlags, o.judge, m); err != nil {
			return err
		}
	}
	if judging == nil {
		judging = in.Model
	}
	o.auditor = judging
	o.recipeFlags.probes = &memory.Result{}
	if err := o.expectPrompts(prompts); err != nil {
		return err
	}
	rec, err := o.recipeFlags.make(judging)
	if err != nil {
		return err
	}
	cost, err := rec.Estimate(in)
	if errors.Is(err, recipe.ErrNoModel) {
		return usageError(fmt.Errorf("%w; here: --model", err))
	}
	if err != nil {
		return err
	}
	r := demosResult{Recipe: rec.Name(), Estimate: cost}
	expected := fmt.Sprintf("%s over %d questions: at most %s", r.Recipe, len(train), cost)
	if o.fromCorpus() {
		expected = fmt.Sprintf("%s over %d passages: at most %s", r.Recipe, len(in.Corpus), cost)
	}
	if o.search.on {
		if r.Prompts, err = o.estimateSearch(in, judging); err != nil {
			return err
		}
		expected = fmt.Sprintf("the search for prompts: at most %s\n%s", r.Prompts.Estimate, expected)
	}
	if o.estimate {
		return a.result(r, func(w io.Writer) error {
			_, err := fmt.Fprintln(w, expected)
			return err
		})
	}
	a.note("%s", expected)
	if o.search.on {
		if err := a.searchPrompts(ctx, &o.recipeFlags, in, judging, r.Prompts); err != nil {
			return err
		}
		if rec, err = o.recipeFlags.make(judging); err != nil {
			return err
		}
	}
	return a.makeRows(ctx, o, rec, in, r)
}

func (a *app) makeRows(ctx context.Context, o demosFlags, recipe recipe.Recipe, in recipe.Input, r demosResult) error {
	bar := a.bar("generating", "questions")
	in.Progress = func(p model.Progress) {
		note := fmt.Sprintf("%d accepted, %.0f tokens/s", p.Accepted, p.TokensPerSecond)
		if p.Calls > 0 && p.Cached >= p.Calls {
			note = fmt.Sprintf("%d accepted, from the cache", p.Accepted)
			bar.skip(int64(p.Done))
		}
		bar.set(int64(p.Done), int64(p.Total), note)
	}
	bar.set(0, int64(max(len(in.Questions), 1)), "")
	made, err := recipe.Rows(ctx, in)
	bar.done()
	if err != nil {
		return err
	}
	r.Rows, r.Cost = len(made.Rows), made.Cost
	r.Kinds, r.Sources, r.Dropped = map[string]int{}, map[string]int{}, map[string]int{}
	for _, row := range made.Rows {
		r.Kinds[string(row.Kind)]++
		r.Sources[row.Source]++
	}
	for reason, n := range made.Dropped {
		r.Dropped[string(reason)] = n
	}
	if len(made.Rows) == 0 {
		return emptyError(errors.New("no question gave a row: " + counts(r.Dropped)))
	}
	if err := a.makeDir(); err != nil {
		return err
	}
	r.File = cmp.Or(o.rows, a.path(rowsName))
	if err := rows.WriteFile(r.File, made.Rows); err != nil {
		return err
	}
	for _, kept := range []struct {
		name, flag string
		questions  []question.Question
	}{{probesName, "--probes", o.recipeFlags.probes.Probes}, {globalProbesName, "--global-probes", o.recipeFlags.probes.GlobalProbes}} {
		if len(kept.questions) == 0 {
			continue
		}
		file := a.path(kept.name)
		if err := question.WriteFile(file, kept.questions); err != nil {
			return err
		}
		r.Probes = append(r.Probes, file)
		a.note("%s: %d questions that no row asks, for 'ragft eval %s %s'", file, len(kept.questions), kept.flag, file)
	}
	if o.audit {
		var err error
		if r.Audit, err = a.auditJudge(ctx, o, in, made.Rows); err != nil {
			return err
		}
	}
	return a.result(r, func(w io.Writer) error {
		a.note("it took %s", made.Cost)
		if r.Audit != nil {
			if err := r.Audit.WriteText(a.err); err != nil {
				return err
			}
		}
		if len(r.Dropped) > 0 {
			a.note("left out: %s", counts(r.Dropped))
		}
		_, err := fmt.Fprintf(w, "%s: %d rows (%s)\n", r.File, r.Rows, counts(r.Kinds))
		return err
	})
}

// auditJudge asks the judge of the rows about candidates whose verdict is known.
func (a *app) auditJudge(ctx context.Context, o demosFlags, in recipe.Input, rows []rows.Row) (*judge.AuditResult, error) {
	if o.auditor == nil {
		return nil, usageError(errors.New("--audit needs the model that judges: --judge with --model"))
	}
	r := selfdemo.Recipe{Options: o.generate}
	r.Options.Judge.Model = o.auditor
	cost, err := r.EstimateAudit(in, rows)
	if err != nil {
		return nil, err
	}
	a.note("audit of the judge: at most %s", cost)
	bar := a.bar("auditing", "answers")
	in.Progress = func(p model.Progress) {
		bar.set(int64(p.Done), int64(p.Total), fmt.Sprintf("%d calls", p.Calls))
	}
	defer bar.done()
	return r.Audit(ctx, in, rows)
}
