package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ragft/ragft/internal/jsonl"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/internal/trainlog"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/eval/forget"
	"github.com/ragft/ragft/ragft/eval/probe"
	"github.com/ragft/ragft/ragft/eval/robust"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/report"
)

type reportFlags struct {
	evaluation string
	report     string
	title      string
	examples   int
}

func (a *app) reportCommand() *cobra.Command {
	var o reportFlags
	cmd := &cobra.Command{
		Use: "report", Short: "Print the tables and write the report of an evaluation again", Args: arguments(cobra.NoArgs),
		Long: "Makes tables and report of evaluation.json again; nothing is generated, and no model is needed.",
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runReport(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.Var(pathValue(&o.evaluation, ""), "evaluation", "evaluation.json or answers.jsonl of eval; of the answers, which may have been corrected, what follows from their verdicts is computed again (default evaluation.json of the project's folder)")
	f.Var(pathValue(&o.report, ""), "report", "file to write (default report.html of the project's folder)")
	f.StringVar(&o.title, "title", "", "title of the report")
	f.Var(countValue(&o.examples, 0, 0), "examples", "examples shown (0 = as the report sees fit)")
	return cmd
}

func (a *app) runReport(ctx context.Context, o reportFlags) error {
	if o.evaluation == "" {
		o.evaluation = a.path(evaluationName)
	}
	if o.report == "" {
		o.report = a.path(reportName)
	}
	found, err := readEvaluation(ctx, o.evaluation)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: measure first with 'ragft eval'", err)
	}
	if err != nil {
		return err
	}
	info := a.reportInfo(found)
	if found.Info != nil {
		info = *found.Info
	}
	if o.title != "" {
		info.Title = o.title
	}
	if o.examples > 0 {
		info.MaxExamples = o.examples
	}
	if err := os.MkdirAll(filepath.Dir(o.report), 0o755); err != nil {
		return err
	}
	found.Info = &info
	if err := found.WriteHTMLFile(o.report); err != nil {
		return err
	}
	return a.show(o, found)
}

// readEvaluation reads evaluation.json, or answers.jsonl, as [report.ReadAnswersFile] does.
func readEvaluation(ctx context.Context, path string) (*report.Results, error) {
	if strings.HasSuffix(path, ".jsonl") {
		return report.ReadAnswersFile(ctx, path)
	}
	found, err := report.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, inputError(err)
	}
	if err == nil && len(found.Systems) == 0 {
		return nil, inputError(fmt.Errorf("%s is not what 'ragft eval' writes", path))
	}
	return found, err
}

// keep writes what was measured, with the report, and shows it.
func (e *evaluation) keep(found *report.Results) error {
	o := reportFlags{evaluation: e.path(evaluationName), report: e.path(reportName)}
	info := e.reportInfo(found)
	found.Info = &info
	if err := found.WriteFile(o.evaluation); err != nil {
		return err
	}
	if err := found.WriteAnswersFile(e.path(answersName)); err != nil {
		return err
	}
	if err := found.WriteHTMLFile(o.report); err != nil {
		return err
	}
	return e.show(o, found)
}

// show prints the tables, or with --json the figures.
func (a *app) show(o reportFlags, found *report.Results) error {
	return a.result(summary(o, found), func(w io.Writer) error {
		if _, err := io.WriteString(w, found.Text()); err != nil {
			return err
		}
		if len(found.Comparisons) > 0 {
			fmt.Fprintf(w, "\n%s\n", found.Headline())
		}
		_, err := fmt.Fprintf(w, "\nReport: %s\n", o.report)
		return err
	})
}

// evalResult is what eval and report print with --json; the records are in the file.
type evalResult struct {
	Evaluation  string                  `json:"evaluation"`
	Report      string                  `json:"report"`
	Questions   int                     `json:"questions"`
	Headline    string                  `json:"headline,omitempty"`
	Systems     []evalSystem            `json:"systems"`
	Comparisons []eval.Comparison       `json:"comparisons,omitempty"`
	Robustness  []*robust.Result        `json:"robustness,omitempty"`
	Forgetting  *forget.Result          `json:"forgetting,omitempty"`
	Sweep       *forget.SweepResult     `json:"sweep,omitempty"`
	Calibration *confidence.Calibration `json:"calibration,omitempty"`
	Leakage     *question.Leakage       `json:"leakage,omitempty"`
	Memory      map[string]evalList     `json:"memory,omitempty"` // "local" and "global"
}

// evalList is what a list of memory probes came to.
type evalList struct {
	Systems     []evalSystem       `json:"systems"`
	Comparisons []eval.Comparison  `json:"comparisons"`
	Verdicts    []probe.ArmVerdict `json:"verdicts,omitempty"`
	Taught      *probe.Part        `json:"taught,omitempty"`
	NotTaught   *probe.Part        `json:"not_taught,omitempty"`
	Leaked      []string           `json:"leaked,omitempty"`
}

type evalSystem struct {
	Name    string                                    `json:"name"`
	Model   string                                    `json:"model"`
	Setting eval.Setting                              `json:"setting"`
	Metrics map[string]stats.Estimate                 `json:"metrics"`
	Matrix  map[answer.Context]map[answer.Verdict]int `json:"matrix"`
}

func summary(o reportFlags, found *report.Results) evalResult {
	r := evalResult{
		Evaluation: o.evaluation, Report: o.report, Questions: len(found.Questions), Comparisons: found.Comparisons,
		Robustness: found.Robustness, Forgetting: found.Forgetting, Sweep: found.Sweep, Calibration: found.Calibration, Leakage: found.Leakage,
	}
	if len(r.Comparisons) > 0 {
		r.Headline = found.Headline()
	}
	r.Systems = evalSystems(found.Evaluation)
	if found.Memory != nil {
		r.Memory = map[string]evalList{}
		for name, p := range map[string]*probe.Probe{"local": found.Memory.Local, "global": found.Memory.Global} {
			if p != nil {
				r.Memory[name] = evalList{evalSystems(p.Evaluation), p.Evaluation.Comparisons, p.Verdicts, p.Taught, p.NotTaught, p.Leaked}
			}
		}
	}
	return r
}

func evalSystems(found *eval.Evaluation) (systems []evalSystem) {
	for _, s := range found.Systems {
		system := evalSystem{Name: s.Name, Model: s.Model, Setting: s.Setting, Metrics: map[string]stats.Estimate{}, Matrix: s.Matrix}
		for _, m := range s.Metrics {
			system.Metrics[m.Key] = m.Estimate
		}
		systems = append(systems, system)
	}
	return systems
}

// reportInfo is what the training left in the project's folder.
func (a *app) reportInfo(e *report.Results) report.Info {
	info := report.Info{Created: time.Now().Truncate(time.Second)}
	seen := map[string]bool{}
	for _, s := range e.Systems {
		if !seen[s.Model] {
			seen[s.Model] = true
			info.Models = append(info.Models, report.ModelFile{Role: s.Name, Name: s.Model})
		}
	}
	info.Settings = []report.Fact{{Name: "seed", Value: strconv.FormatUint(e.Seed, 10)}, {Name: "passages", Value: strconv.Itoa(e.Passages)}}
	var t trainResult
	data, err := os.ReadFile(a.path(trainingName))
	if err != nil || json.Unmarshal(data, &t) != nil {
		return info
	}
	info.Settings = append(info.Settings, report.Fact{Name: "rank", Value: strconv.Itoa(t.Rank)}, report.Fact{Name: "epochs", Value: strconv.Itoa(t.Epochs)},
		report.Fact{Name: "learning rate", Value: fmt.Sprint(float64(t.Rate))}, report.Fact{Name: "rows", Value: strconv.Itoa(t.Rows)})
	info.Costs = []report.Fact{{Name: "tokens trained", Value: strconv.Itoa(t.Tokens)}, {Name: "training memory", Value: sizeText(t.Memory)}}
	info.Timings = []report.Fact{{Name: "training", Value: fmt.Sprintf("%.1f s", float64(t.Seconds))}}
	info.LossBySource, info.BaseLossBySource = t.BySource, t.BaseBySource
	if info.Loss, err = readLoss(t.Metrics); err != nil {
		a.log.Warn("the losses of the training are not in the report", "error", err)
	}
	return info
}

// readLoss gives the losses of the last run in a metrics file.
func readLoss(path string) ([]trainlog.LossPoint, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var points []trainlog.LossPoint
	run := ""
	scan := bufio.NewScanner(f)
	scan.Buffer(nil, jsonl.MaxLine)
	for scan.Scan() {
		var l struct {
			Run, Event string
			Step       int
			Loss       float64
		}
		if json.Unmarshal(scan.Bytes(), &l) != nil {
			continue // the half of a line that a killed run wrote
		}
		if l.Run != run {
			run, points = l.Run, nil
		}
		switch n := len(points); {
		case l.Event == "step":
			points = append(points, trainlog.LossPoint{Step: l.Step, Train: l.Loss, HeldOut: math.NaN()})
		case n > 0 && points[n-1].Step == l.Step:
			points[n-1].HeldOut = l.Loss
		default:
			points = append(points, trainlog.LossPoint{Step: l.Step, Train: math.NaN(), HeldOut: l.Loss})
		}
	}
	return points, scan.Err()
}
