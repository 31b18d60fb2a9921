// Package report keeps everything that was measured about a tuning as one value, and writes
// it as text, as an HTML page, and as files from which both can be made again.
package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/ragft/ragft/internal/atomicfile"
	"github.com/ragft/ragft/internal/trainlog"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/eval/forget"
	"github.com/ragft/ragft/ragft/eval/probe"
	"github.com/ragft/ragft/ragft/eval/robust"
	"github.com/ragft/ragft/ragft/question"
)

// Results is an evaluation and what else was measured with it. Only the evaluation is
// required.
type Results struct {
	*eval.Evaluation

	Robustness  []*robust.Result        `json:"robustness,omitempty"`
	Forgetting  *forget.Result          `json:"forgetting,omitempty"`
	Sweep       *forget.SweepResult     `json:"sweep,omitempty"` // of adapter scales
	Calibration *confidence.Calibration `json:"calibration,omitempty"`
	Leakage     *question.Leakage       `json:"leakage,omitempty"`
	Memory      *probe.Result           `json:"memory,omitempty"`
	Info        *Info                   `json:"info,omitempty"` // about the training and the run; nil = nothing

	// UnreadLanguage is the language of the questions, ISO 639-1, if fewer than four in five replies in it are taken
	// for what they are (see [answer.IsRefusal]). "" = more are, or the language is not known.
	UnreadLanguage string `json:"unread_language,omitempty"`
}

// Info is what a report says beside the measurements. All fields are optional.
type Info struct {
	Title string `json:"title,omitempty"` // "" = "What the adapter changed", or with one model "What the model answers"

	// Base and Tuned name the two systems that the headline, the curves and the examples are
	// about. "" = those of the first comparison or, without one, the first and the last system.
	Base  string `json:"base,omitempty"`
	Tuned string `json:"tuned,omitempty"`

	Models []ModelFile          `json:"models,omitempty"`
	Loss   []trainlog.LossPoint `json:"loss,omitempty"` // of the training, by step
	// LossBySource is the held-out loss by source of the rows with the adapter, and
	// BaseLossBySource that before training, in nats per token. exp of it is the perplexity.
	LossBySource     map[string]float64 `json:"loss_by_source,omitempty"`
	BaseLossBySource map[string]float64 `json:"base_loss_by_source,omitempty"`
	Scores           []trainlog.Score   `json:"scores,omitempty"`   // by which the checkpoint was chosen
	Settings         []Fact             `json:"settings,omitempty"` // configuration and seeds
	Timings          []Fact             `json:"timings,omitempty"`  // how long steps took
	Costs            []Fact             `json:"costs,omitempty"`    // calls, tokens, bytes, money

	// Examples lists the ids of questions to show as examples; empty = up to MaxExamples,
	// chosen so that each kind of change is among them, including changes for the worse.
	Examples    []string `json:"examples,omitempty"`
	MaxExamples int      `json:"max_examples,omitempty"` // 0 = 10; negative is an error

	Created time.Time `json:"created,omitzero"` // zero = not shown
}

// ModelFile names a model of the run.
type ModelFile struct {
	Role   string `json:"role"` // such as "base model", "adapter" or "judge"
	Name   string `json:"name"`
	SHA256 string `json:"sha256,omitempty"` // hex; "" = unknown
}

// Fact is a name with its value, a line of the report.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// AddTraining adds what is known about a training: its losses by step and by source of
// rows, its duration and its size.
func (i *Info) AddTraining(t trainlog.Training) {
	i.Loss, i.BaseLossBySource, i.LossBySource, i.Scores = t.Losses, t.BaseBySource, t.HeldOutBySource, t.Scores
	took := time.Duration(t.Seconds * float64(time.Second)).Round(100 * time.Millisecond)
	i.Timings = append(i.Timings, Fact{"training", took.String()})
	i.Costs = append(i.Costs, Fact{"rows trained on", strconv.Itoa(t.Rows)}, Fact{"tokens trained", strconv.Itoa(t.Tokens)},
		Fact{"training memory", fmt.Sprintf("%.0f MiB", float64(t.Memory)/(1<<20))})
}

// WriteFile writes the results with all records as JSON. The file is replaced atomically.
func (r *Results) WriteFile(path string) error { return atomicfile.WritePrivate(path, r.writeJSON) }

func (r *Results) writeJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	if err := enc.Encode(r); err != nil {
		return fmt.Errorf("ragft: write results: %w", err)
	}
	return nil
}

// ReadFile reads a file of [Results.WriteFile].
func ReadFile(path string) (*Results, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("ragft: read results: %w", err)
	}
	defer f.Close()
	r, err := read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

func read(from io.Reader) (*Results, error) {
	var r Results
	err := json.NewDecoder(from).Decode(&r)
	if err == nil {
		err = r.check()
	}
	if err != nil {
		return nil, fmt.Errorf("ragft: read results: %w", err)
	}
	return &r, nil
}

// check returns an error if results that were read from a file are inconsistent.
func (r *Results) check() error {
	if r.Evaluation == nil {
		r.Evaluation = &eval.Evaluation{}
	}
	if err := r.Evaluation.Check(); err != nil {
		return err
	}
	for _, of := range r.Robustness {
		if err := of.Check(); err != nil {
			return err
		}
	}
	return errors.Join(r.Sweep.Check(), r.Memory.Check())
}
