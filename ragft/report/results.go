package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/ragft/ragft/internal/atomicfile"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/eval/forget"
	"github.com/ragft/ragft/ragft/eval/probe"
	"github.com/ragft/ragft/ragft/eval/robust"
	"github.com/ragft/ragft/ragft/question"
)

// Results is an evaluation with everything else that was measured beside it and
// is kept and reported with it. It is one JSON file.
type Results struct {
	*eval.Evaluation

	Robustness  []*robust.Result        `json:"robustness,omitempty"`  // see [robust.Run]
	Forgetting  *forget.Result          `json:"forgetting,omitempty"`  // see [forget.Run]
	Dial        *forget.SweepResult     `json:"dial,omitempty"`        // see [forget.Sweep]
	Calibration *confidence.Calibration `json:"calibration,omitempty"` // see [confidence.Calibrate]
	Leakage     *question.Leakage       `json:"leakage,omitempty"`     // see [question.FindLeaks]
	Memory      *probe.Result           `json:"memory,omitempty"`      // see [probe.Run]
	Info        *Info                   `json:"info,omitempty"`        // of the training and the run; see [Write]
}

// WriteJSON writes the evaluation with all its records.
func (e *Results) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	if err := enc.Encode(e); err != nil {
		return fmt.Errorf("ragft: write evaluation: %w", err)
	}
	return nil
}

// WriteJSONFile writes the evaluation to a file, aside and renamed, so that a
// failure leaves an older file as it was.
func (e *Results) WriteJSONFile(path string) error {
	return atomicfile.Write(path, e.WriteJSON)
}

// ReadEvaluation reads what [Results.WriteJSON] wrote.
func Read(r io.Reader) (*Results, error) {
	var e Results
	err := json.NewDecoder(r).Decode(&e)
	if err == nil {
		err = e.check()
	}
	if err != nil {
		return nil, fmt.Errorf("ragft: read evaluation: %w", err)
	}
	e.Memory.SignTests()
	return &e, nil
}

// ReadEvaluationFile is [Read] of a file.
func ReadFile(path string) (*Results, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("ragft: read evaluation: %w", err)
	}
	defer f.Close()
	e, err := Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return e, nil
}

// check reports what keeps results that came from a file from being shown.
func (e *Results) check() error {
	if e.Evaluation == nil {
		e.Evaluation = &eval.Evaluation{}
	}
	if err := e.Evaluation.Check(); err != nil {
		return err
	}
	for _, r := range e.Robustness {
		if err := r.Check(); err != nil {
			return err
		}
	}
	return errors.Join(e.Dial.Check(), e.Memory.Check())
}
