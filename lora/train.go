//go:build cgo

package lora

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"time"
)

// Result is what a training run did.
type Result struct {
	Adapter      string // path of the file
	Steps        int
	Loss         float64 // mean of the last epoch's steps
	HeldOutLoss  float64 // at the end; NaN without held-out examples
	BaseLoss     float64 // of the held-out examples before training; NaN without
	Tokens       int     // processed by this run, padding included
	LossTokens   int
	Fill         float64 // share of the windows' tokens that belong to examples
	TrainSeconds float64
	Resumed      int // steps that a checkpoint had done already
	Memory       Memory
}

// Train trains a LoRA adapter for the GGUF model on the examples and writes it to adapter. heldOut may be empty.
//
// While it runs it keeps a checkpoint beside the adapter, adapter + ".checkpoint". When ctx is cancelled it writes one
// and returns ctx.Err(); called again with the same model, examples and Config it goes on from there, and ends with the
// same adapter as a run that was not interrupted. The checkpoint is removed when the adapter is written.
func Train(ctx context.Context, model, adapter string, c Config, examples, heldOut []Example) (*Result, error) {
	if len(examples) == 0 {
		return nil, ErrNoExamples
	}
	c = c.withDefaults()
	if c.Window == 0 {
		c.Window = windowFor(examples, heldOut)
	}
	t, err := NewTrainer(ctx, model, c)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	if err := t.Check(examples); err != nil {
		return nil, err
	}
	if err := t.Check(heldOut); err != nil {
		return nil, fmt.Errorf("held-out examples: %w", err)
	}
	r := run{Trainer: t, examples: examples, heldOut: heldOut, path: adapter}
	return r.do(ctx)
}

// windowFor is the smallest window of at least 512 tokens that holds every example.
func windowFor(sets ...[]Example) int {
	n := 512
	for _, set := range sets {
		for i := range set {
			n = max(n, roundUp(set[i].size(), 256))
		}
	}
	return n
}

// run is one training run.
type run struct {
	*Trainer
	examples, heldOut []Example
	path              string
	steps             [][][]int // step -> windows -> examples
	epochEnds         map[int]int
	result            Result
	started           time.Time
	digest            string
	lastHeldOut       float64
	lossSum           float64 // of this epoch's steps
	lossSteps         int
}

// plan lays out all steps of all epochs. It depends on examples, Config and seed only.
func (r *run) plan() {
	r.epochEnds = make(map[int]int)
	used, room := 0, 0
	for epoch := 1; epoch <= r.config.Epochs; epoch++ {
		windows := pack(r.examples, r.config.Window, maxSequences, stepRand(r.config.Seed, int64(epoch)))
		room += len(windows) * r.config.Window
		for len(windows) > 0 {
			n := min(r.config.WindowsPerStep, len(windows))
			r.steps = append(r.steps, windows[:n])
			windows = windows[n:]
		}
		r.epochEnds[len(r.steps)] = epoch
	}
	for i := range r.examples {
		used += r.examples[i].size() * r.config.Epochs
	}
	r.result.Fill = float64(used) / float64(room)
}

func (r *run) do(ctx context.Context) (*Result, error) {
	if err := r.probe(); err != nil {
		return nil, err
	}
	r.plan()
	r.started = time.Now()
	r.lastHeldOut, r.result.BaseLoss = math.NaN(), math.NaN()
	var err error
	if r.digest, err = r.fingerprint(); err != nil {
		return nil, err
	}
	if err := r.resume(); err != nil {
		return nil, err
	}
	r.result.Resumed = int(r.step)
	if len(r.heldOut) > 0 && r.step == 0 {
		if r.result.BaseLoss, err = r.Evaluate(ctx, r.heldOut); err != nil {
			return nil, err
		}
		r.lastHeldOut = r.result.BaseLoss
	}
	err = r.loop(ctx)
	if err == nil {
		err = r.Save(r.path)
	}
	if err != nil {
		if !errors.Is(err, ErrDiverged) { // whatever it is, the steps that were taken are not lost
			err = errors.Join(err, r.checkpoint())
		}
		return nil, err
	}
	os.Remove(r.checkpointPath())
	r.result.Adapter = r.path
	r.result.Steps = len(r.steps)
	r.result.HeldOutLoss = r.lastHeldOut
	r.result.TrainSeconds = time.Since(r.started).Seconds()
	r.result.Memory = r.Memory()
	return &r.result, nil
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

// epoch is that of the step after this one.
func (r *run) epoch() int {
	epoch := 1
	for end := range r.epochEnds {
		if end <= int(r.step) {
			epoch++
		}
	}
	return epoch
}

func (r *run) loop(ctx context.Context) error {
	if r.step > 0 { // the run may have ended between a step and its evaluation
		if _, err := r.evaluate(ctx); err != nil {
			return err
		}
		r.result.Loss = r.lossSum / float64(r.lossSteps)
	}
	for int(r.step) < len(r.steps) {
		epoch := r.epoch()
		if _, ended := r.epochEnds[int(r.step)]; ended {
			r.lossSum, r.lossSteps = 0, 0
		}
		rate := r.config.Rate(int(r.step)+1, len(r.steps))
		s, err := r.stepWindows(ctx, r.examples, r.steps[r.step], rate)
		if err != nil {
			return err
		}
		r.lossSum, r.lossSteps = r.lossSum+s.Loss, r.lossSteps+1
		r.result.Loss = r.lossSum / float64(r.lossSteps)
		r.result.Tokens += s.Tokens
		r.result.LossTokens += s.LossTokens
		evaluated, err := r.evaluate(ctx)
		if err != nil {
			return err
		}
		r.report(s, epoch, rate, evaluated)
		if every := r.config.CheckpointEvery; every > 0 && r.step%int64(every) == 0 && int(r.step) < len(r.steps) {
			if err := r.checkpoint(); err != nil {
				return err
			}
		}
	}
	return nil
}

// evaluate measures the held-out loss if it is due after this step.
func (r *run) evaluate(ctx context.Context) (bool, error) {
	every, step := r.config.EvaluateEvery, int(r.step)
	_, epochEnded := r.epochEnds[step]
	due := step == len(r.steps) || (every == 0 && epochEnded) || (every > 0 && step%every == 0)
	if len(r.heldOut) == 0 || !due {
		return false, nil
	}
	loss, err := r.Evaluate(ctx, r.heldOut)
	if err == nil {
		r.lastHeldOut = loss
	}
	return err == nil, err
}

func (r *run) report(s StepResult, epoch int, rate float64, evaluated bool) {
	if r.config.Progress == nil {
		return
	}
	elapsed := time.Since(r.started)
	done := int(r.step) - r.result.Resumed
	r.config.Progress(Progress{
		Step: int(r.step), Steps: len(r.steps), Epoch: epoch, Loss: s.Loss, HeldOutLoss: r.lastHeldOut, Evaluated: evaluated,
		LearningRate: rate, GradientNorm: s.GradientNorm, Tokens: r.result.Tokens, LossTokens: r.result.LossTokens,
		Elapsed: elapsed, Remaining: elapsed / time.Duration(done) * time.Duration(len(r.steps)-int(r.step)),
	})
}
