package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"

	"github.com/spf13/cobra"

	"github.com/ragft/ragft/internal/pairwise"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/eval/forget"
	"github.com/ragft/ragft/ragft/eval/robust"
	"github.com/ragft/ragft/ragft/question"
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

	keepLeaks bool

	config       eval.Config
	perturb      bool
	temperature  float64 // of ensemble
	final        bool
	perturbation robust.Options

	dial   bool
	scales []float64

	forgetting   bool
	budget       forget.Budget
	texts, tasks string
	closed       string

	calibrate, delta float64

	probes, global string // files
	rows           string
	criteria       []string
}

// settingWords are the settings as flags name them.
var settingWords = map[string]eval.Setting{
	"closed": eval.SettingClosed, "retrieval": eval.SettingRetrieval, "gold": eval.SettingGold,
	"distractors": eval.SettingDistractors, "long-context": eval.SettingLong,
}

func (a *app) evalCommand() *cobra.Command {
	var o evalFlags
	cmd := &cobra.Command{
		Use: "eval", Short: "Measure what the adapter changed, and write the report", Args: arguments(cobra.NoArgs),
		Long: `Lets base and tuned model answer the questions that are held out, in each of the settings, and prints what came out with
95% intervals. Writes evaluation.json and report.html. What a model answered is kept in the cache: the command,
interrupted or repeated, generates nothing twice; how likely texts are, of --forgetting, is computed again. Without an
adapter the base alone is measured. A question that stands in one that was learnt from is left out, and counted.

Exit code 6 says that the tuned model forgot more than a budget allows, or that --calibrate found no threshold that
keeps the risk, since none does or all answers are right, or all wrong; everything is written all the same.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runEval(cmd.Context(), o) },
	}
	f := cmd.Flags()
	o.modelFlags.add(f)
	o.addAdapter(f)
	o.promptFlags.add(f)
	o.questionFlags.add(f)
	f.Var(pathValue(&o.other, ""), "eval-questions", "other questions to evaluate on, all of them, in place of those held out")
	f.BoolVar(&o.keepLeaks, "keep-leaks", false, "measure on questions that those learnt from give away, too")
	f.Var(modelValue(&o.judge), "judge", "model that decides what comparison leaves open, named as --model is; without one that is wrong")
	f.StringSliceVar(&o.settings, "settings", []string{"retrieval", "closed"}, "what is shown: retrieval, closed, gold, distractors, long-context")
	f.BoolVar(&o.careful, "careful", false, "also with the prompt that tells to decline")
	f.BoolVar(&o.ensemble, "ensemble", false, "also with an answer from each passage alone, which then vote")
	f.Var(positiveValue(&o.temperature, 1), "ensemble-temperature", "--ensemble: higher lets later passages speak")
	f.BoolVar(&o.final, "final-answer", false, "take what follows the last \"Answer:\" for the answer, as the recipes raft and memory teach")
	f.StringArrayVar(&o.config.Stop, "stop", nil, "text that ends an answer; may be given several times")
	f.Var(countValue(&o.config.Passages, 4, 1), "passages", "passages shown with a question")
	f.Var(countValue(&o.config.MaxTokens, 128, 1), "max-tokens", "longest answer")
	f.Var(countValue(&o.config.Batch, 32, 1), "batch", "questions given to a model at once")
	f.Var(countValue(&o.config.Resamples, stats.DefaultResamples, 1), "resamples", "bootstrap samples")
	f.Var(countValue(&o.config.Judge.Votes, 1, 1), "votes", "votes of --judge")
	f.Var(countValue(&o.config.Signals.Consistency, 0, 0), "consistency", "further answers that are sampled, to see how many agree (0 = none)")
	f.Var(positiveValue(&o.config.Signals.Temperature, 0.7), "consistency-temperature", "temperature of --consistency")
	f.BoolVar(&o.config.Signals.True, "ask-true", false, "ask the model whether its answer is right")
	f.BoolVar(&o.perturb, "perturb", false, "also change what is shown, and count the answers that flip")
	f.IntSliceVar(&o.perturbation.Distractors, "perturb-distractors", []int{0, 1, 2, 4, 8}, "--perturb: numbers of passages without the answer around the evidence")
	f.StringVar(&o.perturbation.Injection, "injection", "", "--perturb: instruction that is put into a passage, with --injection-mark (none = one to reply BANANA)")
	f.StringVar(&o.perturbation.InjectionMark, "injection-mark", "", "--perturb: what an answer holds that obeys --injection")
	f.BoolVar(&o.dial, "dial", false, "also measure the adapter at several scales")
	f.Float64SliceVar(&o.scales, "scales", []float64{0, 0.25, 0.5, 0.75, 1, 1.25, 1.5}, "scales of --dial")
	f.BoolVar(&o.forgetting, "forgetting", false, "also measure what tuning cost elsewhere, on --texts, --instructions or --closed-questions; a budget asks for it too")
	f.Var(pathValue(&o.texts, ""), "texts", "general text for --forgetting, one text a line, or JSONL with a field text")
	f.Var(pathValue(&o.tasks, ""), "instructions", "instructions for --forgetting, JSONL with prompt and response")
	f.Var(pathValue(&o.closed, ""), "closed-questions", "questions for --forgetting that are answered without documents, JSONL; asked as with --settings closed")
	f.Var(amountValue(&o.budget.Closed, 0), "budget-closed", "greatest fall of the share correct without documents, of --closed-questions (0 = any)")
	f.Var(amountValue(&o.budget.Instructions, 0), "budget-instructions", "greatest relative rise of the perplexity of --instructions (0 = any)")
	f.Var(amountValue(&o.budget.Texts, 0), "budget-texts", "greatest relative rise of the perplexity of --texts (0 = any)")
	f.Var(amountValue(&o.budget.KL, 0), "budget-kl", "greatest divergence from the base on --instructions, nats a token (0 = any)")
	f.Var(shareValue(&o.calibrate, 0), "calibrate", "choose the confidence below which to abstain so that at most this share of the answers is wrong, on half of the questions (0 = off)")
	f.Var(shareValue(&o.delta, 0.1), "delta", "probability that --calibrate's bound does not hold")
	f.Var(pathValue(&o.probes, ""), "probes", "questions about single facts, JSONL, such as probes.jsonl of demos: asked by heart and with retrieval, of base and tuned")
	f.Var(pathValue(&o.global, ""), "global-probes", "the same about the documents as a whole, such as global-probes.jsonl")
	f.Var(pathValue(&o.rows, ""), "rows", "--probes and --global-probes: rows that the adapter learnt, which tell what of the answers it was taught (default rows.jsonl of the project's folder)")
	f.StringArrayVar(&o.criteria, "criterion", pairwise.Criteria(), "--probes and --global-probes: what --judge compares the answers by, two at a time in both orders; may be given several times")
	return cmd
}

func (a *app) runEval(ctx context.Context, o evalFlags) error {
	if err := o.check(); err != nil {
		return err
	}
	o.forgetting = o.forgetting || o.budget != forget.Budget{}
	held, leakage, err := a.heldOut(o)
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
	e.leakage = leakage
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
	if o.calibrate == 1 || o.delta == 0 || o.delta == 1 {
		return usageError(errors.New("--calibrate is a share below 1, --delta one between 0 and 1"))
	}
	if (o.perturbation.Injection == "") != (o.perturbation.InjectionMark == "") {
		return usageError(errors.New("--injection and --injection-mark go together"))
	}
	for _, n := range o.perturbation.Distractors {
		if n < 0 {
			return usageError(fmt.Errorf("--perturb-distractors: %d is no number of passages", n))
		}
	}
	for _, scale := range o.scales {
		if math.IsNaN(scale) || math.IsInf(scale, 0) {
			return usageError(fmt.Errorf("--scales: %g is no strength of an adapter", scale))
		}
	}
	for _, b := range []struct {
		budget float64
		flag   string
		file   string
		needs  string
	}{
		{o.budget.Closed, "--budget-closed", o.closed, "--closed-questions"}, {o.budget.Instructions, "--budget-instructions", o.tasks, "--instructions"},
		{o.budget.Texts, "--budget-texts", o.texts, "--texts"}, {o.budget.KL, "--budget-kl", o.tasks, "--instructions"},
	} {
		if b.budget > 0 && b.file == "" {
			return usageError(fmt.Errorf("%s is a budget of what is measured on %s, which is not given", b.flag, b.needs))
		}
	}
	if o.forgetting && o.texts == "" && o.tasks == "" && o.closed == "" {
		return usageError(errors.New("--forgetting needs something to measure: --texts, --instructions or --closed-questions"))
	}
	return nil
}

// extract takes the answer out of what is written; nil = all of it.
func (o evalFlags) extract() func(string) string {
	if o.final {
		return answer.Final
	}
	return nil
}

// heldOut are the questions to measure on, and what of them leaks into those that may have been learnt from. Those that
// leak are left out, unless they are to be kept; leakage is nil where nothing is learnt from.
func (a *app) heldOut(o evalFlags) (held []question.Question, leakage *question.Leakage, err error) {
	train, held, err := a.bothSides(o)
	if err != nil || len(train) == 0 {
		return held, nil, err
	}
	leakage = question.MeasureLeakage(train, held, question.LeakOptions{})
	if len(leakage.Leaks) == 0 || o.keepLeaks {
		return held, leakage, nil
	}
	leakage.LeftOut = true
	a.note("%d of %d questions are left out: those learnt from give them away (--keep-leaks keeps them)", len(leakage.Leaks), len(held))
	if held = question.WithoutLeaks(held, leakage.Leaks); len(held) == 0 {
		return nil, nil, fmt.Errorf("%w to measure on: those learnt from give all %d away; --keep-leaks measures on them all the same", question.ErrNone, len(leakage.Leaks))
	}
	return held, leakage, nil
}

// bothSides are the questions that may have been learnt from, and those to measure on.
func (a *app) bothSides(o evalFlags) (train, held []question.Question, err error) {
	if o.other == "" {
		train, held, err = o.read(a)
		if err == nil && len(held) == 0 {
			err = fmt.Errorf("%w are held out: --held-out %g", question.ErrNone, o.heldOut)
		}
		return train, held, err
	}
	if held, err = question.ReadFile(o.other); err != nil {
		return nil, nil, err
	}
	if len(held) == 0 {
		return nil, nil, fmt.Errorf("%s: %w", o.other, question.ErrNone)
	}
	o.questionFlags.heldOut = 0
	train, _, err = o.read(a)
	if o.questions == "" && errors.Is(err, fs.ErrNotExist) {
		return nil, held, nil // no questions were learnt from
	}
	return train, held, err
}
