//go:build cgo

package lora

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io/fs"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/lora/internal/engine"
)

// A checkpoint is a GGUF file with every trained tensor and its two moments, the step, and what a run remembers of its
// losses. The order of the data, the learning rate and every random number follow from the seed and the step, so nothing
// else is needed for an exact resume.

// ErrCheckpoint: a checkpoint lies beside the adapter that does not belong to this run, or is damaged.
var ErrCheckpoint = errors.New("lora: checkpoint cannot be used")

var checkpointParts = []struct {
	suffix string
	what   engine.Part
}{{"", engine.Value}, {".m", engine.Moment1}, {".v", engine.Moment2}}

const (
	bestSuffix       = ".best"
	checkpointSuffix = ".checkpoint"
)

func (r *run) checkpointPath() string { return r.path + checkpointSuffix }

// fingerprint identifies what a run computes: the model's file, the examples, and what of Config changes the result.
func (r *run) fingerprint() string {
	h := sha256.New()
	fmt.Fprintln(h, r.modelHash, r.startHash)
	for _, p := range r.engine.Params() {
		fmt.Fprintln(h, p)
	}
	fmt.Fprintf(h, "%+v\n", r.config.decisive())
	fmt.Fprintln(h, r.config.Score != nil)
	for _, set := range [][]Example{r.examples, r.heldOut} {
		addExamples(h, set)
		if len(r.config.MaxRise) == 0 {
			continue
		}
		for i := range set { // MaxRise compares each source by itself
			fmt.Fprintf(h, "%q\n", set[i].Source)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// checkpoint writes where the run stands.
func (r *run) checkpoint() error {
	if r.done == 0 {
		return nil
	}
	if err := r.metrics.sync(); err != nil {
		return err
	}
	state := r.runState
	state.before += time.Since(r.started)
	if err := r.saveState(r.checkpointPath(), r.digest, state.values(), r.best); err != nil {
		return err
	}
	r.saved = r.done
	return nil
}

// resume takes up the checkpoint if there is one.
func (r *run) resume() error {
	values, best, err := r.loadState(r.checkpointPath(), r.digest)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	r.setValues(values)
	r.best = best
	if r.done < 1 || r.done > len(r.steps) || (r.config.keepsBest() && r.bestStep > 0) != (best != nil) {
		return fmt.Errorf("%w: %s is at step %d of %d; remove it to start anew", ErrCheckpoint, r.checkpointPath(), r.done, len(r.steps))
	}
	return nil
}

// values are the numbers of the state by name.
func (s *runState) values() map[string]float64 {
	v := map[string]float64{
		"done": float64(s.done), "skipped": float64(s.skipped), "loss_sum": s.lossSum, "loss_steps": float64(s.lossSteps),
		"spikes": float64(s.guard.inRow), "tokens": float64(s.tokens), "loss_tokens": float64(s.lossTokens),
		"seconds":   s.before.Seconds(),
		"evaluated": float64(s.evaluated), "base_loss": s.baseLoss,
		"best_loss": s.bestLoss, "best_step": float64(s.bestStep), "best_updates": float64(s.bestUpdates), "stale": float64(s.stale),
		"best_score": s.bestScore, "lowest_loss": s.lowestLoss, "score_seconds": s.scoring.Seconds(),
		"held_out.loss": s.lastHeldOut.Loss, "held_out.pairs": float64(s.lastHeldOut.Pairs),
		"held_out.pairs_won": s.lastHeldOut.PairsWon, "held_out.margin": s.lastHeldOut.Margin,
	}
	for prefix, losses := range s.bySource() {
		for source, loss := range *losses {
			v[prefix+source] = loss
		}
	}
	if s.rose != "" {
		v["rose."+s.rose] = 1
	}
	for i, scored := range s.scores {
		key := fmt.Sprint("scores.", i)
		v[key+".step"], v[key+".score"], v[key+".loss"] = float64(scored.Step), scored.Score, scored.HeldOutLoss
	}
	for i := range s.guard.losses {
		v[fmt.Sprint("last_losses.", i)], v[fmt.Sprint("last_norms.", i)] = s.guard.losses[i], s.guard.norms[i]
	}
	return v
}

// bySource are the losses by source, by the beginning of their names.
func (s *runState) bySource() map[string]*map[string]float64 {
	return map[string]*map[string]float64{"base.by_source.": &s.baseSources, "held_out.by_source.": &s.lastHeldOut.BySource,
		"best.by_source.": &s.bestSources}
}

func (s *runState) setValues(v map[string]float64) {
	s.done, s.skipped, s.lossSum, s.lossSteps = int(v["done"]), int(v["skipped"]), v["loss_sum"], int(v["loss_steps"])
	s.tokens, s.lossTokens, s.before = int(v["tokens"]), int(v["loss_tokens"]), time.Duration(v["seconds"]*float64(time.Second))
	s.evaluated, s.baseLoss = int(v["evaluated"]), v["base_loss"]
	s.bestLoss, s.bestStep, s.bestUpdates, s.stale = v["best_loss"], int(v["best_step"]), int64(v["best_updates"]), int(v["stale"])
	s.lastHeldOut = Losses{Loss: v["held_out.loss"], Pairs: int(v["held_out.pairs"]), PairsWon: v["held_out.pairs_won"],
		Margin: v["held_out.margin"]}
	s.bestScore, s.lowestLoss, s.scoring = v["best_score"], v["lowest_loss"], time.Duration(v["score_seconds"]*float64(time.Second))
	s.scores = nil
	for i := range mostScores {
		key := fmt.Sprint("scores.", i)
		if step, ok := v[key+".step"]; ok {
			s.scores = append(s.scores, Scored{int(step), v[key+".score"], v[key+".loss"]})
		}
	}
	bySource := s.bySource()
	for _, losses := range bySource {
		*losses = nil
	}
	for k, loss := range v {
		if source, ok := strings.CutPrefix(k, "rose."); ok {
			s.rose = source
		}
		for prefix, losses := range bySource {
			if source, ok := strings.CutPrefix(k, prefix); ok {
				if *losses == nil {
					*losses = make(map[string]float64)
				}
				(*losses)[source] = loss
			}
		}
	}
	s.guard = guard{inRow: int(v["spikes"])}
	for i := range guardMemory {
		loss, ok := v[fmt.Sprint("last_losses.", i)]
		if !ok {
			break
		}
		s.guard.losses, s.guard.norms = append(s.guard.losses, loss), append(s.guard.norms, v[fmt.Sprint("last_norms.", i)])
	}
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
	return t.saveState(path, run, values, nil)
}

// saveState also keeps another set of the trained tensors, the best.
func (t *Trainer) saveState(path, run string, values map[string]float64, best [][]float32) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := createFile(path)
	defer w.drop()
	if err := t.addState(w, run, values, best); err != nil {
		return err
	}
	return w.commit()
}

// addState adds the state to a file. Every tensor is asked for twice, since the checksum of all comes before the first.
func (t *Trainer) addState(w *fileWriter, run string, values map[string]float64, best [][]float32) error {
	w.meta("general.type", "ragft.checkpoint")
	w.meta("ragft.run", run)
	w.meta("ragft.step", uint64(t.step))
	for _, k := range slices.Sorted(maps.Keys(values)) {
		w.meta("ragft.value."+k, values[k])
	}
	sum := stateSum(run, uint64(t.step), values)
	add := func(p engine.Param, suffix string, get func() ([]float32, error)) error {
		v, err := get()
		sum.Write(gguf.FloatBytes(v))
		w.floats(p.Name+suffix, []int64{p.NE0, p.NE1}, get)
		return err
	}
	for i, p := range t.engine.Params() {
		for _, part := range checkpointParts {
			if err := add(p, part.suffix, func() ([]float32, error) { return t.engine.Get(i, part.what) }); err != nil {
				return err
			}
		}
	}
	for i, v := range best {
		if err := add(t.engine.Params()[i], bestSuffix, given(v)); err != nil {
			return err
		}
	}
	w.meta("ragft.crc32c", sum.Sum32())
	return nil
}

// stateSum begins the checksum of a state with all that it holds besides tensors.
func stateSum(run string, step uint64, values map[string]float64) hash.Hash32 {
	sum := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	fmt.Fprintf(sum, "%q %d\n", run, step)
	for _, k := range slices.Sorted(maps.Keys(values)) {
		fmt.Fprintf(sum, "%q %x\n", k, math.Float64bits(values[k]))
	}
	return sum
}

// LoadState takes up a state that SaveState wrote for the same run and returns its values. The error is
// fs.ErrNotExist if there is no file, and ErrCheckpoint if it is damaged or belongs to another run; in that case the
// trainer must not be used on.
func (t *Trainer) LoadState(path, run string) (map[string]float64, error) {
	values, _, err := t.loadState(path, run)
	return values, err
}

func (t *Trainer) loadState(path, run string) (values map[string]float64, best [][]float32, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f, err := gguf.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	if err == nil {
		defer f.Close()
		values, best, err = t.readState(f, run)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %s: %w; remove it to start anew", ErrCheckpoint, path, err)
	}
	return values, best, nil
}

func (t *Trainer) readState(f *gguf.File, run string) (values map[string]float64, best [][]float32, err error) {
	if of, _ := f.Text("ragft.run"); of != run {
		return nil, nil, errors.New("it belongs to a run with another model, other examples or another Config")
	}
	step, ok := f.Uint("ragft.step")
	if !ok || step > math.MaxInt32 {
		return nil, nil, errors.New("it holds no sensible step")
	}
	values = make(map[string]float64)
	for _, kv := range f.Metadata() {
		if k, ok := strings.CutPrefix(kv.Key, "ragft.value."); ok {
			values[k], _ = kv.Value.(float64)
		}
	}
	want, _ := f.Uint("ragft.crc32c")
	sum := stateSum(run, step, values)
	read := func(name string) ([]float32, error) {
		v, err := f.ReadFloats(name)
		sum.Write(gguf.FloatBytes(v))
		return v, err
	}
	for i, p := range t.engine.Params() {
		for _, part := range checkpointParts {
			v, err := read(p.Name + part.suffix)
			if err == nil {
				err = t.engine.Set(i, part.what, v)
			}
			if err != nil {
				return nil, nil, err
			}
		}
	}
	if len(f.Tensors()) > len(t.engine.Params())*len(checkpointParts) {
		for _, p := range t.engine.Params() {
			v, err := read(p.Name + bestSuffix)
			if err != nil {
				return nil, nil, err
			}
			best = append(best, v)
		}
	}
	if uint64(sum.Sum32()) != want {
		return nil, nil, errors.New("its checksum is wrong")
	}
	t.step = int64(step)
	return values, best, nil
}
