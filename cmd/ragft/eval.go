package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ragft/ragft/ragft"
	"github.com/ragft/ragft/retriever"
)

type evalFlags struct {
	modelFlags
	promptFlags
	questionFlags
	other    string
	judge    string
	settings []string
	careful  bool
	ensemble bool

	config       ragft.EvalConfig
	perturb      bool
	temperature  float64 // of ensemble
	final        bool
	perturbation ragft.PerturbOptions

	dial   bool
	scales []float64

	forgetting   bool
	budget       ragft.ForgettingBudget
	texts, tasks string
	closed       string

	calibrate, delta float64
}

// settingWords are the settings as flags name them.
var settingWords = map[string]ragft.Setting{
	"closed": ragft.SettingClosed, "retrieval": ragft.SettingRetrieval, "gold": ragft.SettingGold,
	"distractors": ragft.SettingDistractors, "long-context": ragft.SettingLong,
}

func (a *app) evalCommand() *cobra.Command {
	var o evalFlags
	cmd := &cobra.Command{
		Use: "eval", Short: "Measure what the adapter changed, and write the report", Args: arguments(cobra.NoArgs),
		Long: `Lets base and tuned model answer the questions that are held out, in each of the settings, and prints what came out with
95% intervals. Writes evaluation.json and report.html. What a model answered is kept in the cache: the command,
interrupted or repeated, generates nothing twice. Without an adapter the base alone is measured.

Exit code 6 says that the tuned model forgot more than a budget allows, or that no threshold keeps the risk of
--calibrate; everything is written all the same.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runEval(cmd.Context(), o) },
	}
	f := cmd.Flags()
	o.modelFlags.add(f)
	o.addAdapter(f)
	o.promptFlags.add(f)
	o.questionFlags.add(f)
	f.Var(pathValue(&o.other, ""), "eval-questions", "other questions to evaluate on, all of them, in place of those held out; leaks are reported")
	f.Var(modelValue(&o.judge), "judge", "model that decides what comparison leaves open, named as --model is; without one that is wrong")
	f.StringSliceVar(&o.settings, "settings", []string{"retrieval", "closed"}, "what is shown: retrieval, closed, gold, distractors, long-context")
	f.BoolVar(&o.careful, "careful", false, "also with the prompt that tells to decline")
	f.BoolVar(&o.ensemble, "ensemble", false, "also with an answer from each passage alone, which then vote")
	f.Float64Var(&o.temperature, "ensemble-temperature", 1, "--ensemble: higher lets later passages speak")
	f.BoolVar(&o.final, "final-answer", false, "take what follows the last \"Answer:\" for the answer, as the recipes raft and memory teach")
	f.StringArrayVar(&o.config.Stop, "stop", nil, "text that ends an answer; may be given several times")
	f.IntVar(&o.config.K, "passages", 4, "passages shown with a question")
	f.IntVar(&o.config.MaxTokens, "max-tokens", 128, "longest answer")
	f.IntVar(&o.config.Batch, "batch", 32, "questions given to a model at once")
	f.IntVar(&o.config.Resamples, "resamples", ragft.DefaultResamples, "bootstrap samples")
	f.IntVar(&o.config.Judge.Votes, "votes", 1, "votes of --judge")
	f.IntVar(&o.config.Signals.Consistency, "consistency", 0, "further answers that are sampled, to see how many agree")
	f.Float64Var(&o.config.Signals.Temperature, "consistency-temperature", 0.7, "temperature of --consistency")
	f.BoolVar(&o.config.Signals.True, "ask-true", false, "ask the model whether its answer is right")
	f.BoolVar(&o.perturb, "perturb", false, "also change what is shown, and count the answers that flip")
	f.IntSliceVar(&o.perturbation.Distractors, "perturb-distractors", []int{0, 1, 2, 4, 8}, "--perturb: numbers of passages without the answer around the evidence")
	f.StringVar(&o.perturbation.Injection, "injection", ragft.DefaultInjection, "--perturb: instruction that is put into a passage")
	f.StringVar(&o.perturbation.InjectionMark, "injection-mark", ragft.DefaultInjectionMark, "--perturb: what an answer holds that obeys it")
	f.BoolVar(&o.dial, "dial", false, "also measure the adapter at several scales")
	f.Float64SliceVar(&o.scales, "scales", []float64{0, 0.25, 0.5, 0.75, 1, 1.25, 1.5}, "scales of --dial")
	f.BoolVar(&o.forgetting, "forgetting", false, "also measure what tuning cost elsewhere, on --texts, --instructions or --closed-questions")
	f.Var(pathValue(&o.texts, ""), "texts", "general text for --forgetting, one text a line, or JSONL with a field text")
	f.Var(pathValue(&o.tasks, ""), "instructions", "instructions for --forgetting, JSONL with prompt and response")
	f.Var(pathValue(&o.closed, ""), "closed-questions", "questions for --forgetting that are answered without documents, JSONL")
	f.Float64Var(&o.budget.Closed, "budget-closed", 0, "greatest fall of the share correct without documents (0 = any)")
	f.Float64Var(&o.budget.Instructions, "budget-instructions", 0, "greatest relative rise of the perplexity of instructions (0 = any)")
	f.Float64Var(&o.budget.Texts, "budget-texts", 0, "greatest relative rise of the perplexity of texts (0 = any)")
	f.Float64Var(&o.budget.KL, "budget-kl", 0, "greatest divergence from the base, nats a token (0 = any)")
	f.Float64Var(&o.calibrate, "calibrate", 0, "choose the confidence below which to abstain so that at most this share of the answers is wrong, on half of the questions (0 = off)")
	f.Float64Var(&o.delta, "delta", 0.1, "probability that --calibrate's bound does not hold")
	return cmd
}

func (a *app) runEval(ctx context.Context, o evalFlags) error {
	if err := o.check(); err != nil {
		return err
	}
	train, held, err := a.heldOut(o)
	if err != nil {
		return err
	}
	index, m, err := a.openProject(o.modelFlags, func(adapter string) (*models, error) { return a.open(ctx, o.modelFlags, adapter) })
	if err != nil {
		return err
	}
	defer m.close()
	e, err := a.newEvaluation(ctx, o, m, index)
	if err != nil {
		return err
	}
	e.train = train
	return e.run(ctx, held)
}

func (o evalFlags) check() error {
	if len(o.settings) == 0 {
		return usageError(errors.New("--settings names none"))
	}
	for _, s := range o.settings {
		if _, ok := settingWords[s]; !ok {
			return usageError(fmt.Errorf("--settings: there is no %q; there are retrieval, closed, gold, distractors and long-context", s))
		}
	}
	if o.calibrate < 0 || o.calibrate >= 1 || o.delta <= 0 || o.delta >= 1 {
		return usageError(errors.New("--calibrate and --delta are shares between 0 and 1"))
	}
	if o.forgetting && o.texts == "" && o.tasks == "" && o.closed == "" {
		return usageError(errors.New("--forgetting needs something to measure: --texts, --instructions or --closed-questions"))
	}
	return nil
}

// extract takes the answer out of what is written; nil = all of it.
func (o evalFlags) extract() func(string) string {
	if o.final {
		return ragft.FinalAnswer
	}
	return nil
}

// heldOut are the questions to measure on, and those that may have been learnt from.
func (a *app) heldOut(o evalFlags) (train, held []ragft.Question, err error) {
	if o.other == "" {
		train, held, err = o.read(a)
		if err == nil && len(held) == 0 {
			err = fmt.Errorf("%w are held out: --held-out %g", ragft.ErrNoQuestions, o.heldOut)
		}
		return train, held, err
	}
	if held, err = ragft.ReadQuestionsFile(o.other); err != nil {
		return nil, nil, err
	}
	if len(held) == 0 {
		return nil, nil, fmt.Errorf("%s: %w", o.other, ragft.ErrNoQuestions)
	}
	o.questionFlags.heldOut = 0
	train, _, err = o.read(a)
	return train, held, err
}

// evaluation is an evaluation under way.
type evaluation struct {
	*app
	flags       evalFlags
	models      *models
	base, tuned *ragft.CachedModel // tuned is nil without an adapter
	config      ragft.EvalConfig
	train       []ragft.Question
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
	e.config.Prompts, e.config.Seed = o.Prompts, a.seed
	return e, nil
}

// run measures everything that the flags ask for, and then says whether a bound was broken.
func (e *evaluation) run(ctx context.Context, held []ragft.Question) error {
	var broken []error
	var calibration *ragft.Calibration
	var err error
	if e.flags.calibrate > 0 {
		var develop []ragft.Question
		develop, held = ragft.SplitQuestions(held, 0.5, e.seed+1)
		if calibration, err = e.calibrate(ctx, develop); errors.Is(err, ragft.ErrNoGuarantee) {
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
	found.Calibration = calibration
	if e.flags.other != "" {
		found.Leakage = ragft.MeasureLeakage(e.train, held, ragft.LeakOptions{})
	}
	if e.flags.perturb {
		if found.Robustness, err = e.perturb(ctx); err != nil {
			return err
		}
	}
	if e.flags.forgetting {
		if found.Forgetting, err = e.forgetting(ctx); errors.Is(err, ragft.ErrForgot) {
			broken = append(broken, err)
		} else if err != nil {
			return err
		}
	}
	if e.flags.dial {
		if found.Dial, err = e.dial(ctx); err != nil {
			return err
		}
	}
	if err := e.keep(found); err != nil {
		return err
	}
	return errors.Join(broken...)
}

// The words for settings and prompts in the names of systems.
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

// systems are base and tuned model in every setting, and the pairs of them.
func (e *evaluation) systems() (systems []ragft.System, pairs []ragft.Pair) {
	add := func(setting string, careful, ensemble bool) {
		s := ragft.System{Name: systemName("base", setting, careful, ensemble), Model: e.base, Setting: settingWords[setting], Extract: e.flags.extract()}
		if careful {
			s.Prompt = e.config.Prompts.WithDefaults().Careful
		}
		if ensemble {
			s.Ensemble = &ragft.Ensemble{Temperature: e.flags.temperature}
		}
		systems = append(systems, s)
		if e.tuned != nil {
			t := s
			t.Name, t.Model = systemName("tuned", setting, careful, ensemble), e.tuned
			systems = append(systems, t)
			pairs = append(pairs, ragft.Pair{Base: s.Name, Other: t.Name})
		}
	}
	for _, setting := range slices.Compact(slices.Clone(e.flags.settings)) {
		add(setting, false, false)
		if setting == "closed" {
			continue
		}
		if e.flags.careful {
			add(setting, true, false)
		}
		if e.flags.ensemble {
			add(setting, false, true)
		}
	}
	return systems, pairs
}

// progress shows the stages of an evaluation.
func (a *app) evalProgress(what string) (report func(ragft.EvalProgress), done func()) {
	var b *bar
	stage := ""
	words := map[string]string{"search": "searching", "answer": what, "bootstrap": "resampling"}
	units := map[string]string{"search": "questions", "answer": "answers", "bootstrap": "samples"}
	done = func() {
		if b != nil {
			b.done()
		}
	}
	return func(p ragft.EvalProgress) {
		if p.Stage != stage {
			done()
			stage, b = p.Stage, a.bar(words[p.Stage], units[p.Stage])
		}
		b.set(int64(p.Done), int64(p.Total), p.System)
	}, done
}

func (e *evaluation) main(ctx context.Context) (*ragft.Evaluation, error) {
	c := e.config
	c.Systems, c.Compare = e.systems()
	var done func()
	c.Progress, done = e.evalProgress("answering")
	defer done()
	return ragft.Evaluate(ctx, c)
}

// tunedOrBase is what is calibrated and perturbed.
func (e *evaluation) tunedOrBase() ragft.System {
	s := ragft.System{Name: "base", Model: e.base, Setting: ragft.SettingRetrieval, Extract: e.flags.extract()}
	if e.tuned != nil {
		s.Name, s.Model = "tuned", e.tuned
	}
	return s
}

func (e *evaluation) calibrate(ctx context.Context, questions []ragft.Question) (*ragft.Calibration, error) {
	c := e.config
	c.Questions, c.Systems = questions, []ragft.System{e.tunedOrBase()}
	var done func()
	c.Progress, done = e.evalProgress("calibrating")
	measured, err := ragft.Evaluate(ctx, c)
	done()
	if err != nil {
		return nil, err
	}
	k, err := ragft.Calibrate(measured, c.Systems[0].Name, ragft.CalibrationOptions{Risk: e.flags.calibrate, Delta: e.flags.delta, Seed: e.seed})
	if k == nil {
		return nil, err
	}
	if werr := k.WriteFile(e.path(calibrationName)); werr != nil {
		return nil, werr
	}
	return k, err
}

func (e *evaluation) perturb(ctx context.Context) ([]*ragft.Robustness, error) {
	systems := []ragft.System{{Name: "base", Model: e.base, Setting: ragft.SettingRetrieval, Extract: e.flags.extract()}}
	if e.tuned != nil {
		systems = append(systems, e.tunedOrBase())
	}
	var all []*ragft.Robustness
	for _, s := range systems {
		c := e.config
		c.Systems = []ragft.System{s}
		var done func()
		c.Progress, done = e.evalProgress("perturbing")
		r, err := ragft.Perturb(ctx, c, e.flags.perturbation)
		done()
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, nil
}

func (e *evaluation) forgettingConfig() (c ragft.ForgettingConfig, err error) {
	c = ragft.ForgettingConfig{Seed: e.seed, Resamples: e.config.Resamples}
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
		c.Closed, err = ragft.ReadQuestionsFile(e.flags.closed)
	}
	return c, err
}

// forgetting is measured without the cache, which cannot tell how likely texts are.
func (e *evaluation) forgetting(ctx context.Context) (*ragft.Forgetting, error) {
	if e.tuned == nil {
		return nil, usageError(errors.New("--forgetting compares an adapter with the base, and there is none"))
	}
	c, err := e.forgettingConfig()
	if err != nil {
		return nil, err
	}
	c.Base, c.Tuned, c.Budget = e.models.base, e.models.tuned, e.flags.budget
	e.note("measuring what was forgotten")
	return ragft.MeasureForgetting(ctx, c)
}

func (e *evaluation) dial(ctx context.Context) (*ragft.Dial, error) {
	if e.tuned == nil || e.models.native == nil {
		return nil, usageError(errors.New("--dial needs an adapter that is loaded here"))
	}
	c := ragft.DialConfig{Scales: e.flags.scales, Evaluation: e.config, Extract: e.flags.extract(), Open: e.atScale}
	if e.flags.forgetting {
		f, err := e.forgettingConfig()
		if err != nil {
			return nil, err
		}
		f.Base = e.models.base
		c.Forgetting = f
	}
	bar := e.bar("turning the dial", "scales")
	defer bar.done()
	bar.set(0, int64(max(1, len(c.Scales))), "")
	c.Progress = func(done, total int) { bar.set(int64(done), int64(total), "") }
	return ragft.SweepDial(ctx, c)
}
