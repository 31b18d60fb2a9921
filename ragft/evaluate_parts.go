package ragft

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/pairwise"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/eval/forget"
	"github.com/ragft/ragft/ragft/eval/probe"
	"github.com/ragft/ragft/ragft/eval/robust"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/report"
	"github.com/ragft/ragft/ragft/rows"
)

// settingWords are the settings as the config names them.
var settingWords = map[string]eval.Setting{
	"closed": eval.SettingClosed, "retrieval": eval.SettingRetrieval, "gold": eval.SettingGold,
	"distractors": eval.SettingDistractors, "long-context": eval.SettingLong,
}

// systemName is the name of a system, from the words for its setting and prompt.
func systemName(model, setting string, careful, ensemble bool) string {
	words := []string{model}
	switch setting {
	case "retrieval":
	case "closed":
		words = append(words, "no documents")
	default:
		words = append(words, setting)
	}
	if careful {
		words = append(words, "told to decline")
	}
	if ensemble {
		words = append(words, "passages vote")
	}
	return strings.Join(words, ", ")
}

// systems are base and tuned model in every setting, and the pairs of them: tuned against base in each arm, then, for each
// model, every arm against retrieval, or the first arm where there is none. The base with a rule of its own comes last: what
// sets the tuned model apart from it is what the training did.
func (e *evaluation) systems() (systems []eval.System, pairs []eval.Pair) {
	add := func(setting string, careful, ensemble bool) {
		s := eval.System{
			Name: systemName("base", setting, careful, ensemble), Model: e.base, Setting: settingWords[setting], Extract: e.extract(),
		}
		if careful {
			s.Prompt = e.config.Prompts.WithDefaults().Careful
		}
		if ensemble {
			s.Ensemble = &answer.Ensemble{Temperature: e.settings.EnsembleTemperature}
		}
		systems = append(systems, s)
		if e.tuned != nil {
			t := s
			t.Name, t.Model = systemName("tuned", setting, careful, ensemble), e.tuned
			if setting == "retrieval" && !careful && !ensemble {
				t.Rule = e.rule // as an assistant
			}
			systems = append(systems, t)
			pairs = append(pairs, eval.Pair{Base: s.Name, Other: t.Name})
		}
	}
	for i, setting := range e.settings.Evidence {
		if slices.Contains(e.settings.Evidence[:i], setting) {
			continue
		}
		add(setting, false, false)
		if setting == "closed" {
			continue
		}
		if e.settings.DeclinePrompt {
			add(setting, true, false)
		}
		if e.settings.Ensemble {
			add(setting, false, true)
		}
	}
	pairs = append(pairs, armPairs(systems)...)
	if e.untuned != nil {
		s := eval.System{
			Name: "base, with a rule", Model: e.base, Setting: eval.SettingRetrieval, Extract: e.extract(), Rule: e.untuned,
		}
		systems = append(systems, s)
		pairs = append(pairs, eval.Pair{Base: "base", Other: s.Name}, eval.Pair{Base: s.Name, Other: "tuned"})
	}
	return systems, pairs
}

func armPairs(systems []eval.System) (pairs []eval.Pair) {
	reference := map[model.Model]string{}
	for _, s := range systems {
		plain := s.Setting == eval.SettingRetrieval && s.Prompt == "" && s.Ensemble == nil
		if _, ok := reference[s.Model]; !ok || plain {
			reference[s.Model] = s.Name
		}
	}
	for _, s := range systems {
		if of := reference[s.Model]; of != s.Name {
			pairs = append(pairs, eval.Pair{Base: of, Other: s.Name})
		}
	}
	return pairs
}

// progress shows the stages of an evaluation.
func (e *evaluation) progress(what string) func(eval.Progress) {
	stage := ""
	words := map[string]string{"search": "searching", "answer": what, "bootstrap": "resampling"}
	units := map[string]string{"search": "questions", "answer": "answers", "bootstrap": "samples"}
	return func(p eval.Progress) {
		if p.Stage != stage {
			stage = p.Stage
			e.w.phase(words[stage], units[stage])
		}
		e.w.set(p.Done, p.Total, p.System)
		if stage == "search" && p.Done == p.Total { // what follows is heard of when its first batch is done
			stage = "answer"
			e.w.phase(words[stage], units[stage])
		}
	}
}

func (e *evaluation) main(ctx context.Context) (*report.Results, error) {
	c := e.config
	c.Systems, c.Compare = e.systems()
	e.w.phase("answering", "answers")
	c.Progress = e.progress("answering")
	measured, err := eval.Run(ctx, c)
	if err != nil {
		return nil, err
	}
	return &report.Results{Evaluation: measured}, nil
}

// tunedOrBase is what is calibrated and perturbed, with the rule of the main table. A calibration replaces the rule: there is none then.
func (e *evaluation) tunedOrBase() eval.System {
	s := eval.System{Name: "base", Model: e.base, Setting: eval.SettingRetrieval, Extract: e.extract()}
	if e.tuned != nil {
		s.Name, s.Model, s.Rule = "tuned", e.tuned, e.rule
	}
	return s
}

// calibrateOnHalf chooses a threshold on half of the questions, if that is
// asked for, and gives the others.
func (e *evaluation) calibrateOnHalf(ctx context.Context, held []question.Question) (
	k *confidence.Calibration, rest []question.Question, broken, err error) {
	if e.settings.MaxWrong == 0 {
		return nil, held, nil, nil
	}
	develop, rest := question.SplitGroups(held, 0.5, e.seed()+1)
	k, err = e.calibrate(ctx, develop)
	if errors.Is(err, confidence.ErrNoGuarantee) || errors.Is(err, confidence.ErrUncalibrated) {
		return k, rest, err, nil
	}
	return k, rest, nil, err
}

func (e *evaluation) calibrate(ctx context.Context, questions []question.Question) (*confidence.Calibration, error) {
	c := e.config
	c.Questions, c.Systems = questions, []eval.System{e.tunedOrBase()}
	e.w.phase("calibrating", "answers")
	c.Progress = e.progress("calibrating")
	measured, err := eval.Run(ctx, c)
	if err != nil {
		return nil, err
	}
	points, conditions, err := measured.Points(c.Systems[0].Name)
	if err != nil {
		return nil, err
	}
	k, err := confidence.Calibrate(points, conditions, confidence.Options{
		Risk: e.settings.MaxWrong, Delta: e.settings.FailureRate, Seed: e.seed(),
	})
	if err != nil {
		// A calibration without a threshold is reported, and replaces none that has one.
		return k, err
	}
	return k, k.WriteFile(e.Path(calibrationName))
}

// testCalibration tests the threshold on the questions that are reported.
func (e *evaluation) testCalibration(found *report.Results) error {
	k := found.Calibration
	if k == nil || k.Unfit != "" {
		return nil
	}
	points, conditions, err := found.Points(k.Conditions.System)
	if err == nil {
		err = k.Test(points, conditions)
	}
	if errors.Is(err, confidence.ErrUncalibrated) {
		e.w.say("the threshold is not tested on the questions that are reported: evaluate.evidence leaves retrieval out")
		return nil
	}
	return err
}

func (e *evaluation) perturb(ctx context.Context) ([]*robust.Result, error) {
	systems := []eval.System{{Name: "base", Model: e.base, Setting: eval.SettingRetrieval, Extract: e.extract()}}
	if e.tuned != nil {
		systems = append(systems, e.tunedOrBase())
	}
	var all []*robust.Result
	for _, s := range systems {
		c := e.config
		c.Systems = []eval.System{s}
		e.w.phase("changing what is shown", "answers")
		c.Progress = e.progress("changing what is shown")
		r, err := robust.Run(ctx, c, e.robustness)
		if err != nil {
			return nil, err
		}
		if len(all) > 0 {
			r.Compare(all[0], e.config.Resamples, e.seed())
		}
		all = append(all, r)
	}
	return all, nil
}

// readForgetting reads what forgetting is measured on. Its questions are asked
// as those of the evaluation are.
func (e *evaluation) readForgetting() (err error) {
	f := e.settings.Forgetting
	budget := forget.Budget{Closed: f.BudgetClosed.Or(0), Instructions: f.BudgetInstructions, Texts: f.BudgetTexts.Or(0), KL: f.BudgetKL}
	if f.ClosedQuestions != "" {
		budget.Closed = f.BudgetClosed.Or(0.03)
	}
	if f.Texts != "" {
		budget.Texts = f.BudgetTexts.Or(0.05)
	}
	c := &e.forgetting
	*c = forget.Config{
		Base: e.base, Tuned: e.tuned, Evaluation: e.config, Extract: e.extract(), Seed: e.seed(), Resamples: e.settings.Resamples,
		Budget: budget,
	}
	if f.Texts != "" {
		if c.Texts, err = readTexts(f.Texts); err != nil {
			return err
		}
	}
	if f.Instructions != "" {
		if c.Instructions, err = readInstructions(f.Instructions); err != nil {
			return err
		}
	}
	if f.ClosedQuestions != "" {
		c.Closed, err = question.ReadFile(f.ClosedQuestions)
	}
	return err
}

func (e *evaluation) forget(ctx context.Context) (*forget.Result, error) {
	e.w.say("measuring what was forgotten")
	e.w.phase("measuring forgetting", "parts")
	return forget.Run(ctx, e.forgetting)
}

func (e *evaluation) sweep(ctx context.Context) (*forget.SweepResult, error) {
	c := forget.SweepConfig{
		Scales: e.settings.Scales, Evaluation: e.config, Setting: eval.SettingRetrieval, Extract: e.extract(), Rule: e.rule, Open: e.atScale,
	}
	if e.settings.Forgetting.measured() {
		c.Forgetting = e.forgetting
	} else {
		c.Forgetting = forget.Config{Base: e.base}
	}
	e.w.phase("sweeping adapter scales", "scales")
	e.w.set(0, max(1, len(c.Scales)), "")
	c.Progress = func(done, total int) { e.w.set(done, total, "") }
	return forget.Sweep(ctx, c)
}

// readProbes reads the questions that are asked without documents, and the rows
// that they are compared with.
func (e *evaluation) readProbes() (err error) {
	o := e.settings
	if o.FactQuestions+o.OverviewQuestions == "" {
		return nil
	}
	if e.probes.Rows, err = e.ReadRows(); errors.Is(err, fs.ErrNotExist) && e.Project.config.Rows == "" {
		e.w.say("there is no %s, so it is not known which of the questions the adapter was taught; set rows to its file", e.rowsFile())
	} else if err != nil {
		return err
	}
	for _, list := range []struct {
		file string
		into *[]question.Question
	}{{o.FactQuestions, &e.probes.Local}, {o.OverviewQuestions, &e.probes.Global}} {
		if list.file == "" {
			continue
		}
		if *list.into, err = question.ReadFile(list.file); err != nil {
			return err
		}
		if len(*list.into) == 0 {
			return fmt.Errorf("%s: %w", list.file, question.ErrNone)
		}
		_, _, leaked := rows.Taught(*list.into, e.probes.Rows, question.LeakOptions{})
		if n := len(leaked); n == len(*list.into) {
			return kindOf(ErrInput, fmt.Errorf("%s: the training rows ask all %d questions in nearly the same words: "+
				"they would only show that these were learnt", list.file, n))
		}
	}
	return nil
}

// memory asks without documents and with retrieval.
func (e *evaluation) memory(ctx context.Context) (*probe.Result, error) {
	c := e.probes
	c.Base, c.Tuned, c.Evaluation = e.base, e.tuned, e.config
	c.Evaluation.Evidence, c.Evaluation.Distractors = nil, nil // are of other questions
	c.Criteria = e.settings.Criteria
	c.Pairwise = pairwise.Judge{Model: e.config.Judge.Model, Batch: e.config.Batch, Resamples: e.config.Resamples, Seed: e.seed()}
	e.w.phase("closed-book questions", "answers")
	c.Evaluation.Progress = e.progress("closed-book questions")
	return probe.Run(ctx, c)
}
