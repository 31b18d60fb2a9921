//go:build cgo

package lora

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/gguf"
)

// A checkpoint is a GGUF file with every trained tensor and its two moments, and the step. The order of the data and the
// learning rate follow from the step, so nothing else is needed for an exact resume.

// ErrCheckpoint: a checkpoint lies beside the adapter that does not belong to this run, or is damaged.
var ErrCheckpoint = errors.New("lora: checkpoint cannot be used")

var checkpointParts = []struct {
	suffix string
	what   int
}{{"", value}, {".m", moment1}, {".v", moment2}}

func (r *run) checkpointPath() string { return r.path + ".checkpoint" }

// fingerprint identifies what a run computes: the model's file, the examples, and what of Config changes the result.
func (r *run) fingerprint() (string, error) {
	h := sha256.New()
	model, err := os.Open(r.model)
	if err != nil {
		return "", fmt.Errorf("lora: %w", err)
	}
	defer model.Close()
	if _, err := io.Copy(h, model); err != nil {
		return "", fmt.Errorf("lora: %w", err)
	}
	for _, p := range r.engine.params {
		fmt.Fprintln(h, p)
	}
	c := r.config
	fmt.Fprintln(h, c.Rank, c.Alpha, c.Targets, c.Window, c.WindowsPerStep, c.Epochs, c.LearningRate, c.Schedule, c.Warmup,
		c.FinalRate, c.Beta1, c.Beta2, c.Epsilon, c.WeightDecay, c.ClipNorm, c.Seed)
	for _, set := range [][]Example{r.examples, r.heldOut} {
		fmt.Fprintln(h, len(set))
		for i := range set {
			e := &set[i]
			fmt.Fprintln(h, len(e.Branches))
			for _, b := range append([]Branch{{e.Tokens, e.Loss}}, e.Branches...) {
				fmt.Fprintln(h, len(b.Tokens), len(b.Loss))
				binary.Write(h, binary.LittleEndian, b.Tokens)
				binary.Write(h, binary.LittleEndian, b.Loss)
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func (r *run) checkpoint() error {
	if r.step == 0 {
		return nil
	}
	return r.SaveState(r.checkpointPath(), r.digest, map[string]float64{
		"base_loss": r.result.BaseLoss, "held_out_loss": r.lastHeldOut, "loss_sum": r.lossSum, "loss_steps": float64(r.lossSteps),
	})
}

// resume takes up the checkpoint if there is one.
func (r *run) resume() error {
	values, err := r.LoadState(r.checkpointPath(), r.digest)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if int(r.step) > len(r.steps) {
		return fmt.Errorf("%w: %s is at step %d of %d; remove it to start anew", ErrCheckpoint, r.checkpointPath(), r.step, len(r.steps))
	}
	r.result.BaseLoss, r.lastHeldOut = values["base_loss"], values["held_out_loss"]
	r.lossSum, r.lossSteps = values["loss_sum"], int(values["loss_steps"])
	return nil
}

// Steps returns the number of optimiser steps taken, those before a loaded state included.
func (t *Trainer) Steps() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return int(t.step)
}

// SaveState writes everything that training goes on from: the trained tensors, the optimiser's moments and the step.
// run names the run that the state belongs to, and values are numbers of the caller's to keep with it. The file appears
// under path only when it is whole.
func (t *Trainer) SaveState(path, run string, values map[string]float64) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := createFile(path)
	defer w.drop()
	w.meta("general.type", "ragft.checkpoint")
	w.meta("ragft.run", run)
	w.meta("ragft.step", uint64(t.step))
	for _, k := range slices.Sorted(maps.Keys(values)) {
		w.meta("ragft.value."+k, values[k])
	}
	for i, p := range t.engine.params {
		for _, part := range checkpointParts {
			v, err := t.engine.get(i, part.what)
			if err != nil {
				return err
			}
			w.floats(p.name+part.suffix, p.ne0, p.ne1, v)
		}
	}
	return w.commit()
}

// LoadState takes up a state that SaveState wrote for the same run and returns its values. The error is
// fs.ErrNotExist if there is no file, and ErrCheckpoint if it is damaged or belongs to another run; in that case the
// trainer must not be used on.
func (t *Trainer) LoadState(path, run string) (map[string]float64, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f, err := gguf.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w; remove it to start anew", ErrCheckpoint, path, err)
	}
	defer f.Close()
	if of, _ := f.Text("ragft.run"); of != run {
		return nil, fmt.Errorf("%w: %s belongs to a run with another model, other examples or another Config; remove it to start anew", ErrCheckpoint, path)
	}
	step, ok := f.Uint("ragft.step")
	if !ok || step > math.MaxInt32 {
		return nil, fmt.Errorf("%w: %s holds no sensible step; remove it to start anew", ErrCheckpoint, path)
	}
	for i, p := range t.engine.params {
		for _, part := range checkpointParts {
			v, err := f.ReadFloats(p.name + part.suffix)
			if err == nil {
				err = t.engine.set(i, part.what, v)
			}
			if err != nil {
				return nil, fmt.Errorf("%w: %s: %w; remove it to start anew", ErrCheckpoint, path, err)
			}
		}
	}
	values := make(map[string]float64)
	for _, kv := range f.Metadata() {
		if k, ok := strings.CutPrefix(kv.Key, "ragft.value."); ok {
			values[k], _ = kv.Value.(float64)
		}
	}
	t.step = int64(step)
	return values, nil
}
