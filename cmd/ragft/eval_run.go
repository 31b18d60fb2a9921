package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/ragft/ragft/internal/pairwise"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/eval/forget"
	"github.com/ragft/ragft/ragft/eval/probe"
	"github.com/ragft/ragft/ragft/eval/robust"
	"github.com/ragft/ragft/ragft/model/cache"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/question/dataset"
	"github.com/ragft/ragft/ragft/report"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/ragft/ragft/retriever"
)

// evaluation is an evaluation under way.
type evaluation struct {
	*app
	flags       evalFlags
	models      *models
	base, tuned *cache.Model // tuned is nil without an adapter
	config      eval.Config
	leakage     *question.Leakage
	forgotten   forget.Config // with --forgetting
	probes      probe.Config  // with --probes or --global-probes
}

func (a *app) newEvaluation(ctx context.Context, o evalFlags, m *models, index *retriever.Index) (*evaluation, error) {
	e := &evaluation{app: a, flags: o, models: m, config: o.config}
	var err error
	if e.base, err = m.cached(a, m.base); err != nil {
		return nil, err
	}
	if m.tuned != nil {
		if e.tuned, err = m.cached(a, m.tuned); err != nil {
			return nil, err
		}
	}
	switch {
	case o.forgetting && e.tuned == nil:
		return nil, usageError(errors.New("--forgetting and its budgets compare an adapter with the base, and there is none"))
	case o.dial && (e.tuned == nil || m.native == nil):
		return nil, usageError(errors.New("--dial needs an adapter that is loaded here"))
	case o.probes+o.global != "" && e.tuned == nil:
		return nil, usageError(errors.New("--probes and --global-probes ask what an adapter taught, and there is none"))
	}
	if err = e.readProbes(); err != nil {
		return nil, err
	}
	if o.judge != "" {
		if e.config.Judge.Model, err = a.asker(ctx, o.modelFlags, o.judge, m); err != nil {
			return nil, err
		}
		if e.config.Judge.Model == nil {
			e.config.Judge.Model = e.base
		}
	}
	if e.config.Search, err = a.searcher(ctx, index); err != nil {
		return nil, err
	}
	if e.config.Prompts, err = o.prompts(); err != nil {
		return nil, err
	}
	e.config.Seed = a.seed
	if o.forgetting {
		if e.forgotten, err = e.forgettingConfig(); err != nil {
			return nil, err
		}
	}
	if err := a.checkLayout(o.modelFlags, e.config.Prompts); err != nil {
		return nil, err
	}
	return e, e.given()
}

// given takes over the passages that came with the questions.
func (e *evaluation) given() error {
	set, err := dataset.ReadFile(cmp.Or(e.flags.other, e.flags.path(e.app)), dataset.Plain)
	if err != nil {
		return err
	}
	e.config.Evidence, e.config.Distractors = set.Evidence(), set.Distractors()
	e.flags.perturbation.Altered = set.Altered()
	return nil
}

// run measures everything that the flags ask for, and then says whether a bound was broken.
func (e *evaluation) run(ctx context.Context, held []question.Question) error {
	var broken []error
	var calibration *confidence.Calibration
	var err error
	if e.flags.calibrate > 0 {
		var develop []question.Question
		develop, held = question.Split(held, 0.5, e.seed+1)
		if calibration, err = e.calibrate(ctx, develop); isAny(err, confidence.ErrNoGuarantee, confidence.ErrUncalibrated) {
			broken = append(broken, err)
		} else if err != nil {
			return err
		}
	}
	e.config.Questions = held
	found, err := e.main(ctx)
	if err != nil {
		return err
	}
	if found.Calibration = calibration; calibration != nil && calibration.Unfit == "" {
		points, conditions, err := found.Points(calibration.Conditions.System)
		if err == nil {
			err = calibration.Test(points, conditions)
		}
		if errors.Is(err, confidence.ErrUncalibrated) {
			e.note("the threshold is not tested on the questions that are reported: --settings leaves retrieval out")
		} else if err != nil {
			return err
		}
	}
	found.Leakage = e.leakage
	if e.flags.perturb {
		if found.Robustness, err = e.perturb(ctx); err != nil {
			return err
		}
	}
	if e.flags.forgetting {
		if found.Forgetting, err = e.forgetting(ctx); errors.Is(err, forget.ErrForgot) {
			broken = append(broken, err)
		} else if err != nil {
			return err
		}
	}
	if e.flags.dial {
		if found.Sweep, err = e.dial(ctx); err != nil {
			return err
		}
	}
	if len(e.probes.Local)+len(e.probes.Global) > 0 {
		if found.Memory, err = e.memory(ctx); err != nil {
			return err
		}
	}
	if err := e.keep(found); err != nil {
		return err
	}
	return errors.Join(broken...)
}

// progress shows the stages of an evaluation.
func (a *app) evalProgress(what string) (report func(eval.Progress), done func()) {
	var b *bar
	stage := ""
	words := map[string]string{"search": "searching", "answer": what, "bootstrap": "resampling"}
	units := map[string]string{"search": "questions", "answer": "answers", "bootstrap": "samples"}
	done = func() {
		if b != nil {
			b.done()
		}
	}
	return func(p eval.Progress) {
		if p.Stage != stage {
			done()
			stage, b = p.Stage, a.bar(words[p.Stage], units[p.Stage])
		}
		b.set(int64(p.Done), int64(p.Total), p.System)
	}, done
}

func (e *evaluation) main(ctx context.Context) (*report.Results, error) {
	c := e.config
	c.Systems, c.Compare = e.systems()
	var done func()
	c.Progress, done = e.evalProgress("answering")
	defer done()
	measured, err := eval.Run(ctx, c)
	if err != nil {
		return nil, err
	}
	return &report.Results{Evaluation: measured}, nil
}

// tunedOrBase is what is calibrated and perturbed.
func (e *evaluation) tunedOrBase() eval.System {
	s := eval.System{Name: "base", Model: e.base, Setting: eval.SettingRetrieval, Extract: e.flags.extract()}
	if e.tuned != nil {
		s.Name, s.Model = "tuned", e.tuned
	}
	return s
}

func (e *evaluation) calibrate(ctx context.Context, questions []question.Question) (*confidence.Calibration, error) {
	c := e.config
	c.Questions, c.Systems = questions, []eval.System{e.tunedOrBase()}
	var done func()
	c.Progress, done = e.evalProgress("calibrating")
	measured, err := eval.Run(ctx, c)
	done()
	if err != nil {
		return nil, err
	}
	points, conditions, err := measured.Points(c.Systems[0].Name)
	if err != nil {
		return nil, err
	}
	k, err := confidence.Calibrate(points, conditions, confidence.Options{Risk: e.flags.calibrate, Delta: e.flags.delta, Seed: e.seed})
	if err != nil {
		// A calibration without a threshold is reported, and replaces none that has one.
		return k, err
	}
	return k, k.WriteFile(e.path(calibrationName))
}

func (e *evaluation) perturb(ctx context.Context) ([]*robust.Result, error) {
	systems := []eval.System{{Name: "base", Model: e.base, Setting: eval.SettingRetrieval, Extract: e.flags.extract()}}
	if e.tuned != nil {
		systems = append(systems, e.tunedOrBase())
	}
	var all []*robust.Result
	for _, s := range systems {
		c := e.config
		c.Systems = []eval.System{s}
		var done func()
		c.Progress, done = e.evalProgress("perturbing")
		r, err := robust.Run(ctx, c, e.flags.perturbation)
		done()
		if err != nil {
			return nil, err
		}
		if len(all) > 0 {
			r.Compare(all[0], e.config.Resamples, e.seed)
		}
		all = append(all, r)
	}
	return all, nil
}

// forgettingConfig reads what --forgetting measures on. Its questions are asked as those of the evaluation are.
func (e *evaluation) forgettingConfig() (c forget.Config, err error) {
	c = forget.Config{Base: e.base, Evaluation: e.config, Extract: e.flags.extract(), Seed: e.seed, Resamples: e.flags.config.Resamples}
	if e.flags.texts != "" {
		if c.Texts, err = readTexts(e.flags.texts); err != nil {
			return c, err
		}
	}
	if e.flags.tasks != "" {
		if c.Instructions, err = readInstructions(e.flags.tasks); err != nil {
			return c, err
		}
	}
	if e.flags.closed != "" {
		c.Closed, err = question.ReadFile(e.flags.closed)
	}
	return c, err
}

func (e *evaluation) forgetting(ctx context.Context) (*forget.Result, error) {
	c := e.forgotten
	c.Tuned, c.Budget = e.tuned, e.flags.budget
	e.note("measuring what was forgotten")
	return forget.Run(ctx, c)
}

func (e *evaluation) dial(ctx context.Context) (*forget.SweepResult, error) {
	c := forget.SweepConfig{Scales: e.flags.scales, Setting: eval.SettingRetrieval, Evaluation: e.config, Forgetting: e.forgotten, Extract: e.flags.extract(), Open: e.atScale}
	bar := e.bar("turning the dial", "scales")
	defer bar.done()
	bar.set(0, int64(max(1, len(c.Scales))), "")
	c.Progress = func(done, total int) { bar.set(int64(done), int64(total), "") }
	return forget.Sweep(ctx, c)
}

// readProbes reads what is asked by heart, and the rows that it is held against.
func (e *evaluation) readProbes() (err error) {
	if e.flags.probes+e.flags.global == "" {
		return nil
	}
	if e.probes.Rows, _, err = e.readRows(e.flags.rows); errors.Is(err, fs.ErrNotExist) && e.flags.rows == "" {
		e.note("there is no %s, so that it is not known what of the probes the adapter was taught; --rows names the rows", e.path(rowsName))
	} else if err != nil {
		return err
	}
	for _, list := range []struct {
		file string
		into *[]question.Question
	}{{e.flags.probes, &e.probes.Local}, {e.flags.global, &e.probes.Global}} {
		if list.file == "" {
			continue
		}
		if *list.into, err = question.ReadFile(list.file); err != nil {
			return err
		}
		if len(*list.into) == 0 {
			return fmt.Errorf("%s: %w", list.file, question.ErrNone)
		}
		if n := len(rows.SplitProbes(*list.into, e.probes.Rows, question.LeakOptions{}).Leaked); n == len(*list.into) {
			return inputError(fmt.Errorf("%s: the rows that were learnt ask all %d questions in nearly the same words: they would show nothing but that these were learnt", list.file, n))
		}
	}
	return nil
}

// memory asks by heart and with retrieval.
func (e *evaluation) memory(ctx context.Context) (*probe.Result, error) {
	c := e.probes
	c.Base, c.Tuned, c.Evaluation = e.base, e.tuned, e.config
	c.Evaluation.Evidence, c.Evaluation.Distractors = nil, nil // are of other questions
	c.Criteria = e.flags.criteria
	c.Pairwise = pairwise.Judge{Model: e.config.Judge.Model, Batch: e.config.Batch, Resamples: e.config.Resamples, Seed: e.seed}
	var done func()
	c.Evaluation.Progress, done = e.evalProgress("asking by heart")
	defer done()
	return probe.Run(ctx, c)
}
