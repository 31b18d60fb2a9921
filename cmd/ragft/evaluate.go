package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/ragft/ragft/ragft"
)

func (a *app) evaluateCommand() *cobra.Command {
	c := command(askKeys+adapterKeys+"judge test-share rows passages evaluate report assistant.decide search search-tuning.file", []option{
		modelOption, adapterOption, judgeOption, embedOption, rerankOption,
		{
			flag:  "questions",
			key:   "evaluate.questions",
			kind:  "FILE",
			usage: "other questions to evaluate on, instead of those kept for it",
		},
		{
			flag:  "evidence",
			key:   "evaluate.evidence",
			kind:  "NAME",
			words: []string{"retrieval", "closed", "gold", "distractors", "long-context"},
			list:  true,
			usage: "what is shown with a question: retrieval, closed, gold, distractors, long-context (default retrieval,closed)",
		},
		{flag: "decline-prompt", key: "evaluate.decline-prompt", usage: "also ask with the prompt that tells the model to decline"},
		{flag: "robustness", key: "evaluate.robustness", usage: "also change what is shown, and count the answers that flip"},
		{flag: "scales", key: "evaluate.scales", kind: "X,...", list: true, usage: "also measure the adapter at these scales"},
		{
			flag:  "max-wrong",
			key:   "evaluate.max-wrong",
			kind:  "SHARE",
			usage: "find the confidence threshold that keeps wrong answers within this share; half of the questions are used for it",
		},
	}, &cobra.Command{
		Use: "evaluate", Short: "Measure what the adapter changed, and write the report", Args: arguments(cobra.NoArgs),
		Long: `Base and tuned model answer the questions kept for the evaluation. Prints the results with 95% intervals, and writes
evaluation.json, answers.jsonl and report.html. Answers are cached, so an interrupted or repeated command generates nothing
twice. Without an adapter, only the base is measured. Questions that overlap a training question are left out.

Exit code 6: the tuned model forgot more than a budget allows, or no confidence threshold keeps the bound of --max-wrong.
Everything is measured and written first.`,
	})
	a.workFlags(c, "")
	return a.onProject(c, a.evaluate)
}

func (a *app) evaluate(ctx context.Context, p *ragft.Project) error {
	r, err := p.Evaluate(ctx)
	if r == nil {
		return err
	}
	return errors.Join(a.show(p, "", r), err) // a bound that is not kept is reported last
}
