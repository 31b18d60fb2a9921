package main

import (
	"cmp"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/ragft"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/eval/forget"
	"github.com/ragft/ragft/ragft/eval/probe"
	"github.com/ragft/ragft/ragft/eval/robust"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/report"
)

func (a *app) reportCommand() *cobra.Command {
	var evaluation string
	c := command("report", []option{
		{flag: "output", key: "report.file", kind: "FILE", usage: "file to write (default: report.html of the project folder)"},
	}, &cobra.Command{
		Use: "report", Short: "Print the tables of an evaluation and write its report again", Args: arguments(cobra.NoArgs),
		Long: `Makes tables and report from evaluation.json again, without a model. From answers.jsonl, in which you may have corrected
verdicts, the figures that follow from the verdicts are computed again.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			defer p.Close()
			r, err := p.Report(cmd.Context(), evaluation)
			if err != nil {
				return err
			}
			return a.show(p, evaluation, r)
		},
	})
	c.Flags().
		StringVar(&evaluation, "evaluation", "", "evaluation.json or answers.jsonl `FILE` (default: evaluation.json of the project folder)")
	return c
}

// show prints the tables, or with --json the figures, of an evaluation.json or answers.jsonl; "" = the project's.
func (a *app) show(p *ragft.Project, evaluation string, found *report.Results) error {
	evaluation, page := cmp.Or(evaluation, p.Path("evaluation.json")), reportFile(p)
	return a.result(summary(evaluation, page, found), func(w io.Writer) error {
		if _, err := io.WriteString(w, found.Text()); err != nil {
			return err
		}
		if len(found.Comparisons) > 0 {
			fmt.Fprintf(w, "\n%s\n", found.Headline())
		}
		_, err := fmt.Fprintf(w, "\nReport: %s\n", page)
		return err
	})
}

func reportFile(p *ragft.Project) string {
	return cmp.Or(p.Config().Report.File, p.Path("report.html"))
}

// evaluateResult is what evaluate and report print with --json; the records are in the file.
type evaluateResult struct {
	Evaluation  string                  `json:"evaluation"`
	Report      string                  `json:"report"`
	Questions   int                     `json:"questions"`
	Headline    string                  `json:"headline,omitempty"`
	Fault       string                  `json:"fault,omitempty"`
	Systems     []systemResult          `json:"systems"`
	Comparisons []eval.Comparison       `json:"comparisons,omitempty"`
	Robustness  []*robust.Result        `json:"robustness,omitempty"`
	Forgetting  *forget.Result          `json:"forgetting,omitempty"`
	Sweep       *forget.SweepResult     `json:"sweep,omitempty"`
	Calibration *confidence.Calibration `json:"calibration,omitempty"`
	Leakage     *question.Leakage       `json:"leakage,omitempty"`
	Memory      map[string]factsResult  `json:"memory,omitempty"` // "local" and "global"
}

// factsResult is the result of a list of memory probes.
type factsResult struct {
	Systems     []systemResult     `json:"systems"`
	Comparisons []eval.Comparison  `json:"comparisons"`
	Verdicts    []probe.ArmVerdict `json:"verdicts,omitempty"`
	Taught      *probe.Part        `json:"taught,omitempty"`
	NotTaught   *probe.Part        `json:"not_taught,omitempty"`
	Leaked      []string           `json:"leaked,omitempty"`
}

type systemResult struct {
	Name    string                                    `json:"name"`
	Model   string                                    `json:"model"`
	Setting eval.Setting                              `json:"setting"`
	Metrics map[string]stats.Estimate                 `json:"metrics"`
	Matrix  map[answer.Context]map[answer.Verdict]int `json:"matrix"`
}

func summary(evaluation, page string, found *report.Results) evaluateResult {
	r := evaluateResult{
		Evaluation: evaluation, Report: page, Questions: len(found.Questions), Comparisons: found.Comparisons,
		Robustness: found.Robustness, Forgetting: found.Forgetting, Sweep: found.Sweep, Calibration: found.Calibration, Leakage: found.Leakage,
	}
	if len(r.Comparisons) > 0 {
		r.Headline = found.Headline()
	}
	r.Fault, r.Systems = found.Fault(), systemResults(found.Evaluation)
	if found.Memory != nil {
		r.Memory = map[string]factsResult{}
		for name, p := range map[string]*probe.Probe{"local": found.Memory.Local, "global": found.Memory.Global} {
			if p != nil {
				r.Memory[name] = factsResult{systemResults(p.Evaluation), p.Evaluation.Comparisons, p.Verdicts, p.Taught, p.NotTaught, p.Leaked}
			}
		}
	}
	return r
}

func systemResults(found *eval.Evaluation) (systems []systemResult) {
	for _, s := range found.Systems {
		system := systemResult{Name: s.Name, Model: s.Model, Setting: s.Setting, Metrics: map[string]stats.Estimate{}, Matrix: s.Matrix}
		for _, m := range s.Metrics {
			system.Metrics[m.Key] = m.Estimate
		}
		systems = append(systems, system)
	}
	return systems
}
