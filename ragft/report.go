package ragft

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/ragft/ragft/internal/jsonl"
	"github.com/ragft/ragft/internal/plural"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/internal/trainlog"
	"github.com/ragft/ragft/ragft/report"
)

// Report writes the report of an evaluation again, from its evaluation.json or
// answers.jsonl; "" = evaluation.json of the project. Of answers, which may have
// been corrected, what follows from their verdicts is computed again. Nothing is
// generated, and no model is needed.
func (p *Project) Report(ctx context.Context, evaluation string) (*report.Results, error) {
	found, err := readEvaluation(ctx, cmp.Or(evaluation, p.Path(evaluationName)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: evaluate first (ragft evaluate)", err)
	}
	if err != nil {
		return nil, err
	}
	return found, p.writeReport(found, false)
}

// Fault says in one sentence, from the project's last evaluation, whether to improve the search
// or the model first, as [report.Results.Fault] does; "" without an evaluation.
func (p *Project) Fault(ctx context.Context) (string, error) {
	found, err := readEvaluation(ctx, p.Path(evaluationName))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return found.Fault(), nil
}

// readEvaluation reads evaluation.json, or answers.jsonl, as
// [report.ReadAnswersFile] does.
func readEvaluation(ctx context.Context, path string) (*report.Results, error) {
	if strings.HasSuffix(path, ".jsonl") {
		return report.ReadAnswersFile(ctx, path)
	}
	found, err := report.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, kindOf(ErrInput, err)
	}
	if err == nil && len(found.Systems) == 0 {
		return nil, kindOf(ErrInput, fmt.Errorf("%s is not an evaluation", path))
	}
	return found, err
}

// ReportFile returns the path of the report.
func (p *Project) ReportFile() string { return cmp.Or(p.config.Report.File, p.Path(reportName)) }

// writeReport writes the report, and with all the evaluation and its answers.
func (p *Project) writeReport(found *report.Results, all bool) error {
	info, err := p.reportInfo(found)
	if err != nil {
		return err
	}
	if !all && found.Info != nil {
		info = *found.Info
	}
	if c := p.config.Report; c.Title != "" {
		info.Title = c.Title
	}
	if n := p.config.Report.Examples; n > 0 {
		info.MaxExamples = n
	}
	found.Info = &info
	if all {
		if err := p.backUp(StepEvaluate, p.Path(answersName)); err != nil { // verdicts may have been corrected
			return err
		}
		if err := found.WriteFile(p.Path(evaluationName)); err != nil {
			return err
		}
		if err := found.WriteAnswersFile(p.Path(answersName)); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Dir(p.ReportFile()), 0o700); err != nil {
		return err
	}
	return found.WriteHTMLFile(p.ReportFile())
}

// reportInfo is what is known of the models and of the training.
func (p *Project) reportInfo(e *report.Results) (report.Info, error) {
	info := report.Info{Created: time.Now().Truncate(time.Second)}
	seen := map[string]bool{}
	for _, s := range e.Systems {
		if !seen[s.Model] {
			seen[s.Model] = true
			info.Models = append(info.Models, report.ModelFile{Role: s.Name, Name: s.Model})
		}
	}
	info.Settings = []report.Fact{{Name: "seed", Value: strconv.FormatUint(e.Seed, 10)}, {Name: "passages", Value: strconv.Itoa(e.Passages)}}
	steps, err := p.readSteps()
	if err != nil {
		return info, err
	}
	for _, name := range []string{StepIndex, StepQuestions, StepDemonstrate} {
		if r := steps[name]; r != nil {
			info.Timings = append(info.Timings, report.Fact{Name: name, Value: r.Took.Round(100 * time.Millisecond).String()})
		}
	}
	t, err := p.trained()
	if err != nil || t == nil {
		return info, err
	}
	info.Settings = append(info.Settings,
		report.Fact{Name: "rank", Value: strconv.Itoa(t.Rank)}, report.Fact{Name: "epochs", Value: strconv.Itoa(t.Epochs)},
		report.Fact{Name: "learning rate", Value: fmt.Sprint(t.Rate)}, report.Fact{Name: "rows", Value: strconv.Itoa(t.Rows)})
	info.Costs = []report.Fact{
		{Name: "tokens trained", Value: strconv.Itoa(t.Tokens)}, {Name: "training memory", Value: plural.Bytes(t.Memory.Total)},
	}
	took := time.Duration(t.Seconds * float64(time.Second)).Round(100 * time.Millisecond)
	info.Timings = append(info.Timings, report.Fact{Name: "training", Value: took.String()})
	info.LossBySource, info.BaseLossBySource = t.BySource, t.BaseBySource
	if t.Choice != nil {
		info.Scores = t.Choice.Scores
	}
	if info.Loss, err = readLoss(t.Metrics); err != nil {
		p.config.Logger.Warn("the losses of the training are not in the report", "error", err)
	}
	return info, nil
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
			Loss       *float64
		}
		if json.Unmarshal(scan.Bytes(), &l) != nil {
			continue // the half of a line that a killed run wrote
		}
		if l.Run != run {
			run, points = l.Run, nil
		}
		switch n := len(points); {
		case l.Event == "step":
			points = append(points, trainlog.LossPoint{Step: l.Step, Train: stats.OrNaN(l.Loss), HeldOut: math.NaN()})
		case n > 0 && points[n-1].Step == l.Step:
			points[n-1].HeldOut = stats.OrNaN(l.Loss)
		default:
			points = append(points, trainlog.LossPoint{Step: l.Step, Train: math.NaN(), HeldOut: stats.OrNaN(l.Loss)})
		}
	}
	return points, scan.Err()
}
