//go:build cgo

package lora

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"
)

// run is one training run.
type run struct {
	*Trainer
	examples, heldOut []Example
	path              string
	steps             [][][]int // step -> windows -> examples
	epochEnds         map[int]int
	scorePoints       map[int]bool // steps after which Score is asked
	digest            string
	metrics           *metrics
	result            Result
	started           time.Time // moved on by pauses
	free              func(dir string) (uint64, bool)
	saved             int // step of the checkpoint on the disk; 0 is none
	runState
}

// runState is what a checkpoint keeps besides the trained tensors and their moments.
type runState struct {
	done      int // steps of the plan, skipped ones included
	skipped   int
	lossSum   float64 // of this epoch's steps
	lossSteps int
	guard     guard

	tokens, lossTokens int           // of all steps
	before             time.Duration // that earlier parts of the run took

	evaluated   int // step of the last evaluation; -1 before the first
	lastHeldOut Losses
	baseLoss    float64
	baseSources map[string]float64 // held-out losses before the training by source
	rose        string             // the source that rose above MaxRise
	bestLoss    float64
	bestSources map[string]float64 // the same of the best evaluation
	bestScore   float64            // its score; -Inf without one
	bestStep    int
	bestUpdates int64       // optimiser steps by then
	lowestLoss  float64     // of all evaluations
	stale       int         // evaluations in a row without improvement
	best        [][]float32 // the trained tensors of the best evaluation, with KeepBest or Score
	scores      []Scored
	scoring     time.Duration // that Score took
}

// plan lays out all steps of all epochs. It depends on examples, Config and seed only.
func (r *run) plan() {
	r.epochEnds = make(map[int]int)
	used, room := 0, 0
	for epoch := 1; epoch <= r.config.Epochs; epoch++ {
		windows := pack(r.examples, r.config.Window, maxSequences, stepRand(r.config.Seed, int64(epoch)))
		room += len(windows) * r.config.Window
		for _, members := range windows {
			used += windowTokens(r.examples, members)
		}
		for len(windows) > 0 {
			n := min(r.config.WindowsPerStep, len(windows))
			r.steps = append(r.steps, windows[:n])
			windows = windows[n:]
		}
		r.epochEnds[len(r.steps)] = epoch
	}
	r.result.Fill = float64(used) / float64(room)
	r.planScores()
}

func (r *run) do(ctx context.Context) (_ *Result, err error) {
	if err := r.prepare(); err != nil {
		return nil, err
	}
	if r.metrics, err = openMetrics(&r.config, r.digest, r.done, r.evaluated); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.metrics.close()) }()
	for _, set := range [][]Example{r.examples, r.heldOut} {
		if err := r.SetReference(ctx, set); err != nil {
			return nil, err
		}
	}
	if err = r.loop(ctx); err == nil {
		err = r.save()
	}
	if err != nil {
		return nil, r.failed(err)
	}
	if !r.config.KeepCheckpoint {
		os.Remove(r.checkpointPath())
	}
	r.finish()
	return &r.result, nil
}

// prepare does what costs little and may fail.
func (r *run) prepare() error {
	if err := r.probe(); err != nil {
		return err
	}
	r.plan()
	r.started = time.Now()
	r.runState = runState{evaluated: -1, lastHeldOut: Losses{Loss: math.NaN()}, baseLoss: math.NaN(), bestLoss: math.Inf(1),
		lowestLoss: math.Inf(1), bestScore: math.Inf(-1)}
	r.digest, r.dataHash = r.fingerprint(), digest(r.examples)
	if err := r.resume(); err != nil {
		return err
	}
	r.guard.factor = r.config.SpikeFactor
	r.result.Resumed, r.saved = r.done, r.done
	return r.checkDisk()
}

// probe fails at once where the adapter could not be written hours later.
func (r *run) probe() error {
	f := createFile(r.path)
	f.drop()
	if f.err != nil {
		return fmt.Errorf("lora: the adapter cannot be written: %w", f.err)
	}
	return nil
}

// checkDisk fails at once where checkpoints and adapter would not find room.
func (r *run) checkDisk() error {
	free, known := r.free(filepath.Dir(r.path))
	if !known {
		return nil
	}
	values := uint64(0)
	for _, p := range r.engine.Params() {
		values += 4 * uint64(p.Size())
	}
	const headers = 1 << 20
	checkpoint := 3*values + headers
	if r.config.keepsBest() {
		checkpoint += values
	}
	need := checkpoint + max(checkpoint, values+headers) // a new one is written while the old one is there
	if r.config.Score != nil {
		need += values + headers
	}
	if s, err := os.Stat(r.checkpointPath()); err == nil {
		need -= min(need, uint64(s.Size()))
	}
	if free < need {
		return fmt.Errorf("%w: the adapter and its checkpoints need %d MiB in %s, %d MiB are free; free some or write the adapter elsewhere",
			ErrNoSpace, need>>20, filepath.Dir(r.path), free>>20)
	}
	return nil
}

// failed keeps what can be kept of a run that ends with err.
func (r *run) failed(err error) error {
	var d *DivergedError
	if !errors.As(err, &d) { // whatever it is, the steps that were taken are not lost
		return errors.Join(err, r.checkpoint())
	}
	d.Before = r.guard.losses[max(0, len(r.guard.losses)-8):]
	if r.saved > 0 {
		d.Kept, d.KeptStep = r.checkpointPath(), r.saved
	}
	if r.best != nil {
		path := r.path + ".best"
		if e := r.saveBest(path); e != nil {
			return errors.Join(err, e)
		}
		d.Kept, d.KeptStep = path, r.bestStep
	}
	return err
}

// save writes the adapter.
func (r *run) save() error {
	if r.best != nil && r.bestStep != r.done {
		return r.saveBest(r.path)
	}
	return r.Save(r.path)
}

// saveBest writes the adapter of the best evaluation.
func (r *run) saveBest(path string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	step := r.Trainer.step
	r.Trainer.step = r.bestUpdates // for the provenance
	defer func() { r.Trainer.step = step }()
	return r.saveAdapter(path, func(i int) ([]float32, error) { return r.best[i], nil })
}

func (r *run) finish() {
	s := &r.result
	s.Adapter, s.Steps, s.Skipped, s.Stopped = r.path, r.done, r.skipped, r.done < len(r.steps)
	s.Rose = r.rose
	s.HeldOut, s.HeldOutLoss, s.BaseLoss, s.BestStep = r.lastHeldOut, r.lastHeldOut.Loss, r.baseLoss, r.bestStep
	s.BaseBySource, s.HeldOutBySource = r.baseSources, r.lastHeldOut.BySource
	if r.best != nil {
		s.HeldOutLoss, s.HeldOutBySource = r.bestLoss, r.bestSources
	}
	s.Scores, s.ScoreSeconds = r.scores, r.scoring.Seconds()
	s.Tokens, s.LossTokens = r.tokens, r.lossTokens
	s.TrainSeconds = (r.before + time.Since(r.started)).Seconds()
	s.Memory = r.Memory()
}

// epoch is that of the step after this one.
func (r *run) epoch() int {
	epoch := 1
	for end := range r.epochEnds {
		if end <= r.done {
			epoch++
		}
	}
	return epoch
}

func (r *run) loop(ctx context.Context) error {
	r.at, r.of = r.done, len(r.steps)
	// the base, or what a run that ended between a step and its evaluation left to do
	if _, err := r.evaluate(ctx); err != nil {
		return err
	}
	r.meanLoss()
	for r.done < len(r.steps) && !r.stops() {
		if err := r.pause(ctx); err != nil {
			return err
		}
		if err := r.step(ctx); err != nil {
			return err
		}
		if every := r.config.CheckpointEvery.Or(0); every > 0 && r.done%every == 0 && r.done < len(r.steps) {
			if err := r.checkpoint(); err != nil {
				return err
			}
		}
	}
	if r.rose != "" && r.best == nil {
		return fmt.Errorf("%w: that of %q from %.4f to %.4f, at the first evaluation (step %d); use a lower LearningRate, more examples "+
			"of %[2]q, or a smaller EvaluateEvery",
			ErrRise, r.rose, r.baseSources[r.rose], r.lastHeldOut.BySource[r.rose], r.done)
	}
	return nil
}

// pause stands still while Control asks for it.
func (r *run) pause(ctx context.Context) error {
	began := time.Now()
	err := r.config.Control.wait(ctx, r.checkpoint)
	r.started = r.started.Add(time.Since(began))
	return err
}

// stops says whether to end early.
func (r *run) stops() bool {
	return r.rose != "" || r.config.Patience > 0 && r.stale >= r.config.Patience
}

// meanLoss sets the result's loss.
func (r *run) meanLoss() {
	if r.lossSteps > 0 {
		r.result.Loss = r.lossSum / float64(r.lossSteps)
	}
}

// step takes the next step of the plan, or skips it, and evaluates and reports.
func (r *run) step(ctx context.Context) error {
	p := Progress{Step: r.done + 1, Steps: len(r.steps), Epoch: r.epoch(), LearningRate: r.config.Rate(r.done+1, len(r.steps))}
	if _, ended := r.epochEnds[r.done]; ended {
		r.lossSum, r.lossSteps = 0, 0
	}
	began := time.Now()
	r.at = p.Step
	s, err := r.gradients(ctx, r.examples, r.steps[r.done])
	if err == nil {
		p.Losses, p.GradientNorm = s.Losses, s.GradientNorm
		p.Skipped, err = r.take(s, p.LearningRate)
	}
	if err != nil {
		var d *DivergedError
		if errors.As(err, &d) {
			d.Step, d.LearningRate = p.Step, p.LearningRate
		}
		return err
	}
	r.done++
	r.meanLoss()
	r.tokens += s.Tokens
	r.lossTokens += s.LossTokens
	p.Tokens, p.LossTokens = r.tokens, r.lossTokens
	if err := r.metrics.step(p, float64(s.Tokens)/time.Since(began).Seconds()); err != nil {
		return err
	}
	if p.Evaluated, err = r.evaluate(ctx); err != nil {
		return err
	}
	p.HeldOut, p.HeldOutLoss, p.Score = r.lastHeldOut, r.lastHeldOut.Loss, r.scoreOf(r.done)
	if r.config.Progress != nil {
		here := time.Since(r.started)
		p.Elapsed = r.before + here
		p.Remaining = here / time.Duration(r.done-r.result.Resumed) * time.Duration(len(r.steps)-r.done)
		r.config.Progress(p)
	}
	return nil
}

// take updates the weights along the gradients, unless they are a spike's.
func (r *run) take(s StepResult, rate float64) (skipped bool, err error) {
	if r.guard.refuses(s) {
		r.skipped++
		if r.guard.inRow == guardLimit {
			return true, &DivergedError{Loss: s.Loss, GradientNorm: s.GradientNorm, Spikes: guardLimit}
		}
		return true, nil
	}
	loss := s.Loss
	if r.config.StepLoss != nil {
		loss = r.config.StepLoss(s.Losses)
	}
	if !math.IsNaN(loss) {
		r.lossSum, r.lossSteps = r.lossSum+loss, r.lossSteps+1
	}
	return false, r.update(s.GradientNorm, rate)
}
