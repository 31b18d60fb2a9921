package ragft

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/ragft/ragft/internal/plural"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/ragft/ragft/retriever"
)

// Demonstrate makes training rows of the questions that are neither held out nor
// kept for the rule of Config.Decide: by default the model's own right answers
// and a refusal, checked against reference and passages. It writes
// them to rows.jsonl, a file to read, filter and edit. What the model writes is
// kept in the cache, so that nothing is generated twice.
func (p *Project) Demonstrate(ctx context.Context) (*DemonstrateResult, error) {
	return inStep(ctx, p, StepDemonstrate, p.demonstrateHere)
}

// demonstrateHere is Demonstrate in this process.
func (p *Project) demonstrateHere(ctx context.Context, w *work) (*DemonstrateResult, error) {
	d := &demonstration{Project: p, w: w, result: &DemonstrateResult{}}
	if err := d.prepare(ctx); err != nil {
		return nil, err
	}
	in, err := d.inputs(ctx)
	if err != nil {
		return nil, err
	}
	if ok, err := p.kept(StepDemonstrate, in, d.result); ok || err != nil {
		d.result.UpToDate, d.result.File = ok, p.rowsFile()
		for i, file := range d.result.Probes { // the folder may have been another
			d.result.Probes[i] = p.Path(filepath.Base(file))
		}
		return d.result, err
	}
	if err := d.open(ctx, !p.config.EstimateOnly); err != nil {
		return nil, err
	}
	expected, err := d.estimate()
	if err != nil || p.config.EstimateOnly {
		return d.result, err
	}
	w.say("%s", expected)
	if err := d.make(ctx, in); err != nil {
		return nil, err
	}
	return d.result, nil
}

// demonstration is the step at work.
type demonstration struct {
	*Project
	w      *work
	in     recipe.Input
	maker  *maker
	recipe recipe.Recipe
	apart  []question.Question // kept from the rows
	result *DemonstrateResult
}

func (d *demonstration) fromCorpus() bool { return d.config.Demonstrate.fromCorpus() }

// prepare reads what the rows are made of.
func (d *demonstration) prepare(ctx context.Context) error {
	var train []question.Question
	var evidence map[string][]retriever.Hit
	var err error
	if !d.fromCorpus() {
		if train, d.apart, err = d.learnt(); err != nil {
			return err
		}
		train = d.drawn(train)
		if evidence, err = d.evidence(); err != nil {
			return err
		}
		if len(train) == 0 {
			return fmt.Errorf("%w are left to learn from: test-share %v holds all of them out", question.ErrNone, d.config.TestShare)
		}
	}
	if err := d.openIndex(); err != nil {
		return err
	}
	search, err := d.unhidden(ctx, "")
	if err != nil {
		return err
	}
	prompts, err := d.prompts(ctx, "")
	if err != nil {
		return err
	}
	d.in = recipe.Input{
		Search: search, Questions: train, Evidence: evidence, Prompts: prompts, Passages: d.config.Passages, Seed: d.seed(),
		Batch: d.config.Demonstrate.Batch, Logger: d.config.Logger,
	}
	d.in.Corpus, err = corpus(ctx, search)
	return err
}

// inputs are what the rows follow from.
func (d *demonstration) inputs(ctx context.Context) (inputs, error) {
	c := d.config.Demonstrate
	in, err := d.settings([]string{"demonstrate", "passages", "language", "prompts", "seed", "test-share", "decide.share", "context"},
		"demonstrate.batch", "demonstrate.judge")
	if err != nil {
		return nil, err
	}
	if err := in.written(d.Project, "file of rows", d.rowsFile()); err != nil {
		return nil, err
	}
	// Recipes of the documents alone go by the questions, too: these say what is hidden, and in which language.
	if err := in.file("questions", d.questionsFile()); err != nil {
		return nil, err
	}
	if err := in.search(ctx, d.Project, d.index); err != nil {
		return nil, err
	}
	if err := in.model(ctx, d.Project, "model", d.config.Model); err != nil {
		return nil, err
	}
	return in, in.model(ctx, d.Project, "judge", d.judgeOf(c.Judge))
}

// judgeOf is the judge of a section, or else that of the config.
func (p *Project) judgeOf(own string) string {
	if own != "" {
		return own
	}
	return p.config.Judge
}

// unopened stands for a model in an estimate.
type unopened struct{ model.Model }

// open makes the recipe, and opens the models if they are to work.
func (d *demonstration) open(ctx context.Context, toWork bool) error {
	var judge model.Model
	if d.config.Model != "" && !toWork {
		d.in.Model = unopened{}
	}
	if toWork {
		if err := d.hide(ctx); err != nil {
			return err
		}
	}
	if d.config.Model != "" && toWork {
		if err := d.openBase(ctx, d.w); err != nil {
			return err
		}
		d.in.Model = d.models.asked
		var err error
		if judge, err = d.judge(ctx, d.w, d.judgeOf(d.config.Demonstrate.Judge)); err != nil {
			return err
		}
	}
	if judge == nil {
		judge = d.in.Model
	}
	c := d.config.Demonstrate
	c.Refusal = opt.Of(c.refusal(d.in.Prompts.Language))
	d.maker = newMaker(c, judge)
	if err := d.maker.expectPrompts(d.in.Prompts); err != nil {
		return err
	}
	var err error
	d.recipe, err = d.maker.recipe()
	return err
}

// hide keeps the passages that answer questions which are kept from the rows from being shown in them.
func (d *demonstration) hide(ctx context.Context) error {
	aside, err := setAside(ctx, d.in.Search, d.in.Evidence, d.in.Questions, d.apart)
	if err == nil && len(aside) > 0 {
		d.in.Search = question.Unhidden{Searcher: d.in.Search, Hidden: aside}
	}
	return err
}

// estimate says in words what the step takes at most.
func (d *demonstration) estimate() (string, error) {
	cost, err := d.recipe.Estimate(d.in)
	if missing := d.in.NeedModel(); missing != nil && errors.Is(err, missing) {
		return "", kindOf(ErrConfig, fmt.Errorf("the recipe %s needs a model: set model", d.recipe.Name()))
	}
	if err != nil {
		return "", err
	}
	d.result.Recipe, d.result.Estimate = d.recipe.Name(), cost
	expected := fmt.Sprintf("%s over %s: at most %s", d.recipe.Name(), plural.N(len(d.in.Questions), "question"), cost)
	if d.fromCorpus() {
		expected = fmt.Sprintf("%s over %s: at most %s", d.recipe.Name(), plural.N(len(d.in.Corpus), "passage"), cost)
	}
	if d.config.Demonstrate.Search.On {
		d.result.Prompts = &PromptSearch{}
		if d.result.Prompts.Estimate, err = d.maker.searchOptions().Estimate(d.in); err != nil {
			return "", err
		}
		expected = fmt.Sprintf("the search for prompts: at most %s\n%s", d.result.Prompts.Estimate, expected)
	}
	return expected, nil
}

// make makes the rows and writes them.
func (d *demonstration) make(ctx context.Context, in inputs) (err error) {
	r := d.result
	if d.config.Demonstrate.Search.On {
		if err := d.maker.searchPrompts(ctx, d.w, d.in, r.Prompts); err != nil {
			return err
		}
		if d.recipe, err = d.maker.recipe(); err != nil {
			return err
		}
	}
	d.w.phase("generating", "questions")
	d.in.Progress = func(p model.Progress) {
		note := fmt.Sprintf("%d accepted", p.Accepted)
		switch {
		case p.Calls > 0 && p.Cached >= p.Calls:
			note += ", from the cache"
			d.w.skip(p.Done)
		case p.Tokens > 0: // else texts are only compared so far
			note += fmt.Sprintf(", %.0f tokens/s", p.TokensPerSecond)
		}
		d.w.set(p.Done, p.Total, note)
	}
	d.w.set(0, max(len(d.in.Questions), 1), "")
	made, err := d.recipe.Rows(ctx, d.in)
	if err != nil {
		return err
	}
	r.Rows, r.Cost, r.Kinds, r.Sources, r.Dropped = len(made.Rows), made.Cost, map[string]int{}, map[string]int{}, words(made.Dropped)
	r.Made, r.Refusal = map[string]int{}, made.Refusal
	for _, row := range made.Rows {
		r.Kinds[string(row.Kind)]++
		r.Sources[row.Source]++
		if row.Made != "" && len(row.Rejected) == 0 {
			r.Made[row.Made]++
		}
	}
	if len(made.Rows) == 0 {
		return kindOf(ErrEmpty, errors.New("no question gave a row: "+counts(r.Dropped)))
	}
	if err := d.write(made.Rows); err != nil {
		return err
	}
	done := record{Inputs: in, Cost: r.Cost, Took: d.w.took()}
	files := append(slices.Clone(r.Probes), r.File)
	if d.config.Demonstrate.Audit { // if it fails, the rows are not taken for edited ones
		unaudited := done
		unaudited.Again = "the audit of the judge did not end"
		if err := d.keep(StepDemonstrate, unaudited, r, files...); err != nil {
			return err
		}
		if err := d.audit(ctx, made.Rows); err != nil {
			return err
		}
		done.Took = d.w.took()
	}
	return d.keep(StepDemonstrate, done, r, files...)
}

// write writes the rows, and the questions that memory kept for the evaluation.
func (d *demonstration) write(list []rows.Row) error {
	if err := d.makeDir(); err != nil {
		return err
	}
	d.result.File = d.rowsFile()
	if err := d.backUp(StepDemonstrate, d.result.File); err != nil {
		return err
	}
	if err := rows.WriteFile(d.result.File, list); err != nil {
		return err
	}
	for _, kept := range []struct {
		name, key string
		questions []question.Question
	}{
		{probesName, "evaluate.fact-questions", d.maker.probes.Probes},
		{globalProbesName, "evaluate.overview-questions", d.maker.probes.GlobalProbes},
	} {
		if len(kept.questions) == 0 {
			continue
		}
		file := d.Path(kept.name)
		if err := question.WriteFile(file, kept.questions); err != nil {
			return err
		}
		d.result.Probes = append(d.result.Probes, file)
		d.w.say("%s: %s that no row asks, for the evaluation with %s", file, plural.N(len(kept.questions), "question"), kept.key)
	}
	return nil
}

// audit asks the judge of the rows about candidates whose verdict is known.
func (d *demonstration) audit(ctx context.Context, list []rows.Row) error {
	r := d.maker.generate
	if r.Judge.Model = d.maker.judge; r.Judge.Model == nil {
		return kindOf(ErrConfig, errors.New("demonstrate.audit needs the model that judges: set model, and judge if it is another"))
	}
	cost, err := r.EstimateAudit(d.in, list)
	if err != nil {
		return err
	}
	d.w.say("audit of the judge: at most %s", cost)
	d.w.phase("auditing", "answers")
	in := d.in
	in.Progress = func(p model.Progress) { d.w.set(p.Done, p.Total, "") }
	d.result.Audit, err = r.Audit(ctx, in, list)
	return err
}
