package ragft

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/ragft/ragft/internal/atomicfile"
)

// Results is an evaluation with everything else that was measured beside it and
// is kept and reported with it. It is one JSON file.
type Results struct {
	*Evaluation

	Robustness  []*Robustness `json:"robustness,omitempty"`  // see [Perturb]
	Forgetting  *Forgetting   `json:"forgetting,omitempty"`  // see [MeasureForgetting]
	Dial        *Dial         `json:"dial,omitempty"`        // see [SweepDial]
	Calibration *Calibration  `json:"calibration,omitempty"` // see [Calibrate]
	Leakage     *Leakage      `json:"leakage,omitempty"`     // see [MeasureLeakage]
	Memory      *MemoryTest   `json:"memory,omitempty"`      // see [ProbeMemory]
	Info        *ReportInfo   `json:"info,omitempty"`        // of the training and the run; see [WriteReport]
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
func ReadEvaluation(r io.Reader) (*Results, error) {
	var e Results
	err := json.NewDecoder(r).Decode(&e)
	if err == nil {
		err = e.check()
	}
	if err != nil {
		return nil, fmt.Errorf("ragft: read evaluation: %w", err)
	}
	e.Memory.signTests()
	return &e, nil
}

// ReadEvaluationFile is [ReadEvaluation] of a file.
func ReadEvaluationFile(path string) (*Results, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("ragft: read evaluation: %w", err)
	}
	defer f.Close()
	e, err := ReadEvaluation(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return e, nil
}

// check reports what keeps results that came from a file from being shown.
func (e *Results) check() error {
	if e.Evaluation == nil {
		e.Evaluation = &Evaluation{}
	}
	if err := e.Evaluation.Check(); err != nil {
		return err
	}
	for _, r := range e.Robustness {
		if err := r.check(); err != nil {
			return err
		}
	}
	return errors.Join(e.Dial.check(), e.Memory.check())
}
