package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ragft/ragft/internal/plural"
	"github.com/ragft/ragft/internal/table"
	"github.com/ragft/ragft/ragft"
	"github.com/ragft/ragft/ragft/report"
)

// quickSettings make a first run short; what the command line says comes before them.
var quickSettings = [][2]string{
	{"write.limit", "60"},
	{"demonstrate.verified.draws", "4"},
	{"demonstrate.self-demo.candidates-closed", "1"},
	{"demonstrate.self-demo.candidates-read", "2"},
	{"demonstrate.self-demo.candidates-refuse", "1"},
	{"train.epochs", "1"},
}

func (a *app) teachCommand() *cobra.Command {
	var plan, serve bool
	c := command(askKeys+adapterKeys+"documents judge test-share rows passages index write demonstrate train decide evaluate report "+
		"assistant serve search search-tuning.file worker",
		[]option{modelOption, questionsOption, judgeOption, embedOption, rerankOption}, &cobra.Command{
			Use: "teach [FOLDER]", Short: "Teach the model your documents: all steps, then a chat", Args: arguments(cobra.MaximumNArgs(1)),
			Long: `Goes from a folder of documents and a base model to a tuned assistant: index, questions, demonstrations, training and
evaluation. First it prints the plan: what each step does and what it may cost. Then it runs the steps that are missing or
out of date, prints what the training changed, and opens a chat (or a service with --serve). If the evaluation finds that a
budget or bound is not kept, it ends after the results, with exit code 6.`,
			RunE: func(cmd *cobra.Command, args []string) error {
				if plan && serve {
					return usageError(errors.New("--plan stops before --serve: use one of them"))
				}
				p, err := a.open(cmd.Context(), documents(args)...)
				if err != nil {
					return err
				}
				defer p.Close()
				return a.teach(cmd.Context(), p, plan, serve)
			},
		})
	f := c.Flags()
	f.BoolVar(&plan, "plan", false, "print the plan, and stop")
	f.BoolVar(&serve, "serve", false, "serve over HTTP afterwards instead of opening a chat")
	f.BoolVar(&a.quick, "quick", false, "a short first run: at most 60 questions, fewer answers drawn for each, one epoch")
	return c
}

func (a *app) teach(ctx context.Context, p *ragft.Project, plan, serve bool) error {
	steps, err := p.Status(ctx)
	if err != nil {
		return err
	}
	if plan {
		return a.result(map[string][]ragft.StepStatus{"steps": steps}, func(w io.Writer) error {
			_, err := io.WriteString(w, planText(steps))
			return err
		})
	}
	a.note("%s", planText(steps))
	broken := p.Run(ctx)
	if broken != nil && !isAny(broken, notKept...) {
		return broken
	}
	evaluation, page := p.Path("evaluation.json"), reportFile(p)
	r, err := report.ReadFile(evaluation)
	if err != nil {
		return err
	}
	if err := a.result(summary(evaluation, page, r), func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s\nReport: %s; 'ragft report' prints the tables\n", r.Headline(), page)
		return err
	}); err != nil {
		return err
	}
	switch {
	case broken != nil:
		return fmt.Errorf("%w ('ragft chat' and 'ragft serve' use the model all the same)", broken)
	case serve:
		return a.serve(ctx, p)
	case a.interactive() && !a.json:
		return a.runChat(ctx, p)
	}
	return nil
}

// planText lists the steps of teach, and what each costs.
func planText(steps []ragft.StepStatus) string {
	t := table.New("step", "state", "cost")
	t.Left = []int{1, 2}
	for _, s := range steps {
		state := map[string]string{ragft.StateMissing: "to do", ragft.StateStale: "to do again", ragft.StateCurrent: ragft.StateCurrent}[s.State]
		if s.State != ragft.StateMissing && s.Reason != "" {
			state += ": " + s.Reason
		}
		if s.Step != ragft.StepSearch { // is not part of it
			t.Row(s.Step, table.Cut(state, 60), table.Cut(costText(s), 36))
		}
	}
	return t.String()
}

// costText says what a step took, or may take.
func costText(s ragft.StepStatus) string {
	var parts []string
	if s.Cost.Calls > 0 {
		parts = append(parts, s.Cost.String())
	}
	if s.Memory > 0 {
		parts = append(parts, plural.Bytes(s.Memory)+" of memory")
	}
	switch {
	case s.Took >= time.Second:
		parts = append(parts, s.Took.Round(time.Second).String())
	case s.Took > 0:
		parts = append(parts, "less than 1s")
	}
	text := strings.Join(parts, ", ")
	switch {
	case text == "" && s.Step != ragft.StepIndex && s.State != ragft.StateCurrent:
		return "known once the steps above are done"
	case text == "":
		return "-"
	case s.Estimated:
		return "at most " + text
	}
	return "took " + text
}
