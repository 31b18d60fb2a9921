package ragft

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/ragft/ragft/internal/plural"
	"github.com/ragft/ragft/ragft/abstain"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/eval/forget"
	"github.com/ragft/ragft/ragft/eval/probe"
	"github.com/ragft/ragft/ragft/eval/robust"
	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/question/dataset"
	"github.com/ragft/ragft/ragft/report"
)

// Evaluate has base and tuned model answer the questions that are held out, in
// each of the settings, and measures all else that Config.Evaluate asks for.
// Without an adapter the base alone is measured. It writes evaluation.json,
// answers.jsonl and the report. A question that stands in one that was learnt
// from is left out, and counted. With Config.EstimateOnly it does nothing, and the
// results are empty.
//
// Results come with an error, and everything is written, where a budget or a
// bound is not kept: [forget.ErrForgot], [confidence.ErrNoGuarantee] or
// [confidence.ErrUncalibrated].
func (p *Project) Evaluate(ctx context.Context) (*report.Results, error) {
	w, err := p.begin(ctx, StepEvaluate)
	if err != nil {
		return nil, err
	}
	defer w.end()
	if p.config.EstimateOnly {
		return &report.Results{Evaluation: &eval.Evaluation{}}, nil
	}
	e := &evaluation{Project: p, w: w, settings: p.config.Evaluate}
	held, err := e.heldOut()
	if err != nil {
		return nil, err
	}
	if err := p.openIndex(); err != nil {
		return nil, err
	}
	in, err := e.inputs(ctx)
	if err != nil {
		return nil, err
	}
	var done evaluated
	if ok, err := p.kept(StepEvaluate, in, &done); ok || err != nil {
		if err != nil {
			return nil, err
		}
		return p.evaluated()
	}
	if err := e.open(ctx); err != nil {
		return nil, err
	}
	found, broken, err := e.run(ctx, held)
	if err != nil {
		return nil, err
	}
	if err := p.writeReport(found, true); err != nil {
		return nil, err
	}
	rec, files := record{Inputs: in, Took: w.took()}, []string{p.Path(evaluationName), p.Path(answersName)}
	switch {
	case broken != nil: // it is said again by the next call, which takes its answers from the cache
		rec.Again = "a bound was not kept"
	case found.Calibration != nil:
		files = append(files, p.Path(calibrationName))
	}
	return found, errors.Join(broken, p.keep(StepEvaluate, rec, evaluated{}, files...))
}

// evaluated reads the evaluation that was kept, and writes its report again where that is gone.
func (p *Project) evaluated() (*report.Results, error) {
	found, err := report.ReadFile(p.Path(evaluationName))
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(p.ReportFile()); errors.Is(err, fs.ErrNotExist) {
		return found, p.writeReport(found, false)
	}
	return found, nil
}

// evaluated is what steps.json keeps of an evaluation: all else is in its file.
type evaluated struct{}

// evaluation is an evaluation at work.
type evaluation struct {
	*Project
	w           *work
	settings    EvaluateConfig
	base, tuned model.Model // tuned is nil without an adapter
	config      eval.Config
	robustness  robust.Options
	leakage     *question.Leakage
	forgetting  forget.Config
	probes      probe.Config
	rule        *abstain.Rule // by which the tuned model abstains; nil = it decides by itself
	untuned     *abstain.Rule // the same for the base; nil without rule
}

// inputs are what the evaluation follows from.
func (e *evaluation) inputs(ctx context.Context) (inputs, error) {
	in, err := e.Project.settings(append(askedKeys(), "evaluate", "report", "assistant.decide", "assistant.max-tokens",
		"assistant.drafts", "assistant.temperature", "assistant.ensemble"),
		"evaluate.batch", "evaluate.judge", "report.file")
	if err != nil {
		return nil, err
	}
	if err := in.file("questions", e.questionsFile()); err != nil {
		return nil, err
	}
	if err := in.file("rows", e.rowsFile()); err != nil {
		return nil, err
	}
	if err := in.search(ctx, e.Project, e.index); err != nil {
		return nil, err
	}
	if err := in.adapter(e.Project); err != nil {
		return nil, err
	}
	if err := in.model(ctx, e.Project, "model", e.Project.config.Model); err != nil {
		return nil, err
	}
	return in, in.model(ctx, e.Project, "judge", e.judgeOf(e.settings.Judge))
}

// extract takes the answer out of what is written; nil = all of it.
func (e *evaluation) extract() func(string) string {
	if e.settings.FinalAnswer {
		return answer.Final
	}
	return nil
}

// heldOut are the questions to measure on. Those that leak into a question that
// may have been learnt from are left out, unless they are to be kept.
func (e *evaluation) heldOut() ([]question.Question, error) {
	train, held, err := e.bothSides()
	if err != nil || len(train) == 0 {
		return held, err
	}
	e.leakage = question.FindLeaks(train, held, question.LeakOptions{})
	leaks := len(e.leakage.Leaks)
	if leaks == 0 || e.settings.KeepLeaks {
		return held, nil
	}
	e.leakage.LeftOut = true
	e.w.say("%d of %s %s in a training question (evaluate.keep-leaks keeps them)", leaks, plural.N(len(held), "question"),
		plural.Pick(leaks, "is left out, since it also stands", "are left out, since they also stand"))
	if held = e.leakage.Without(held); len(held) == 0 {
		return nil, fmt.Errorf(
			"%w to measure on: all %d also stand in training questions; evaluate.keep-leaks measures on them all the same",
			question.ErrNone,
			leaks,
		)
	}
	return held, nil
}

// bothSides are the questions that may have been learnt from, and those to
// measure on.
func (e *evaluation) bothSides() (train, held []question.Question, err error) {
	other := e.settings.Questions
	if other == "" {
		train, held, err = e.Split()
		if err == nil && len(held) == 0 {
			err = fmt.Errorf("%w are held out: test-share is %v", question.ErrNone, e.Project.config.TestShare)
		}
		return train, held, err
	}
	if held, err = question.ReadFile(other); err != nil {
		return nil, nil, err
	}
	if len(held) == 0 {
		return nil, nil, fmt.Errorf("%s: %w", other, question.ErrNone)
	}
	train, _, err = e.split(0)
	if e.Project.config.Questions == "" && errors.Is(err, fs.ErrNotExist) {
		return nil, held, nil // no questions were learnt from
	}
	return train, held, err
}

// open opens the models and reads what is measured on.
func (e *evaluation) open(ctx context.Context) error {
	if err := e.openTuned(ctx, e.w); err != nil {
		return err
	}
	c, o := e.Project.config, e.settings
	e.base = e.models.asked
	if e.models.trained != nil {
		e.tuned = e.models.trained
	}
	if err := e.needsAdapter(); err != nil {
		return err
	}
	e.config = eval.Config{
		MaxTokens: o.MaxTokens, Stop: o.Stop, Batch: o.Batch, Resamples: o.Resamples, Seed: e.seed(),
		Judge:   judge.Options{Votes: o.Votes},
		Signals: confidence.SignalOptions{Consistency: o.Consistency, Temperature: o.ConsistencyTemperature, True: o.SelfCheck},
	}
	e.config.Drafts = drafts(c.Assistant, e.base)
	var err error
	adapter := ""
	if e.tuned != nil {
		if adapter, err = e.adapterFile(); err != nil {
			return err
		}
	}
	if e.config.Prompts, err = e.prompts(ctx, adapter); err != nil {
		return err
	}
	if e.config.Passages, err = e.shown(adapter); err != nil {
		return err
	}
	if e.config.Search, err = e.unhidden(ctx, adapter); err != nil {
		return err
	}
	if name := e.judgeOf(o.Judge); name != "" {
		if e.config.Judge.Model, err = e.judge(ctx, e.w, name); err != nil {
			return err
		}
		if e.config.Judge.Model == nil {
			e.config.Judge.Model = e.base
		}
	}
	if err := e.readProbes(); err != nil {
		return err
	}
	if err := e.readForgetting(); err != nil {
		return err
	}
	if err := e.checkLayout(adapter, e.config.Prompts); err != nil {
		return err
	}
	if e.tuned != nil && c.Assistant.Decide.Or(true) && o.MaxWrong == 0 {
		if e.rule, err = e.ruleOf(adapter, e.tuned, e.config.Search, e.config.Prompts, e.config.Passages); err != nil {
			return err
		}
	}
	return e.given()
}

// needsAdapter says what cannot be measured without one.
func (e *evaluation) needsAdapter() error {
	o := e.settings
	switch {
	case o.Forgetting.measured() && e.tuned == nil:
		return badModel("evaluate.forgetting compares an adapter with the base, and there is none")
	case e.sweeps() && (e.tuned == nil || e.models.native == nil):
		return badModel("evaluate.sweep needs an adapter that is loaded here")
	case o.FactQuestions+o.OverviewQuestions != "" && e.tuned == nil:
		return badModel("evaluate.fact-questions and evaluate.overview-questions ask what an adapter taught, and there is none")
	}
	return nil
}

func (e *evaluation) sweeps() bool { return e.settings.Sweep || len(e.settings.Scales) > 0 }

// given takes over the passages that came with the questions.
func (e *evaluation) given() error {
	set, err := dataset.ReadFile(cmp.Or(e.settings.Questions, e.questionsFile()), dataset.Plain)
	if err != nil {
		return err
	}
	e.config.Evidence, e.config.Distractors = set.Evidence(), set.Distractors()
	o := e.settings
	e.robustness = robust.Options{
		Distractors: o.RobustnessDistractors, Injection: o.Injection, InjectionMark: o.InjectionMark, Altered: set.Altered(),
	}
	return nil
}

// run measures everything that the config asks for. broken says which bound is
// not kept.
func (e *evaluation) run(ctx context.Context, held []question.Question) (found *report.Results, broken, err error) {
	calibration, held, broken, err := e.calibrateOnHalf(ctx, held)
	if err != nil {
		return nil, nil, err
	}
	e.config.Questions = held
	if e.rule != nil && slices.Contains(e.settings.Evidence, "retrieval") {
		if e.untuned, err = e.baseRule(ctx); err != nil {
			return nil, nil, err
		}
	}
	if found, err = e.main(ctx); err != nil {
		return nil, nil, err
	}
	found.Calibration, found.Leakage, found.UnreadLanguage = calibration, e.leakage, unreadLanguage(held)
	if err := e.testCalibration(found); err != nil {
		return nil, nil, err
	}
	if e.settings.Robustness {
		if found.Robustness, err = e.perturb(ctx); err != nil {
			return nil, nil, err
		}
	}
	if e.settings.Forgetting.measured() {
		if found.Forgetting, err = e.forget(ctx); errors.Is(err, forget.ErrForgot) {
			broken = errors.Join(broken, err)
		} else if err != nil {
			return nil, nil, err
		}
	}
	if e.sweeps() {
		if found.Sweep, err = e.sweep(ctx); err != nil {
			return nil, nil, err
		}
	}
	if len(e.probes.Local)+len(e.probes.Global) > 0 {
		if found.Memory, err = e.memory(ctx); err != nil {
			return nil, nil, err
		}
	}
	return found, broken, nil
}
