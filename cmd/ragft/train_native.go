//go:build cgo

package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"

	"github.com/ragft/ragft/lora"
	"github.com/ragft/ragft/ragft/finetune"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/rows"
)

func (a *app) runTrain(ctx context.Context, o trainFlags) error {
	file, err := o.file(ctx)
	if err != nil {
		return err
	}
	rows, rowsPath, err := a.readRows(o.rows)
	if err != nil {
		return err
	}
	if err := a.makeDir(); err != nil {
		return err
	}
	if o.adapter == "" {
		o.adapter = a.path(adapterName)
	}
	if o.metrics == "" {
		o.metrics = a.path(metricsName)
	}
	t := o.options(a, file)
	if o.maxRise < 0 {
		return usageError(errors.New("--max-rise is a share of 0 or more"))
	}
	key, err := trainingKey(t, o.maxRise, file, rowsPath)
	if err != nil {
		return err
	}
	if done, ok := a.trained(key, o.adapter); ok && !o.force && !o.estimate {
		done.UpToDate = true
		return a.result(done, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "%s is there already, of the same rows and settings; --force trains again\n", o.adapter)
			return err
		})
	}
	if !o.stale {
		if err := a.refuseStale(ctx, rows); err != nil {
			return err
		}
	}
	memory, err := a.estimate(ctx, rows, t)
	if err != nil {
		return err
	}
	if o.estimate {
		return a.result(map[string]any{"memory": memory.Total(), "weights": memory.Weights, "adapter": memory.Adapter, "optimiser": memory.Optimiser,
			"context": memory.Context, "activations": memory.Activations, "logits": memory.Logits}, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "memory: %s\n", memory)
			return err
		})
	}
	a.note("memory: %s", memory)
	r, err := a.trainAdapter(ctx, rows, t, o)
	if err != nil {
		return err
	}
	return a.trainingDone(o, r, key, layoutsOf(rows))
}

// options are those of the library.
func (o trainFlags) options(a *app, file string) finetune.Options {
	schedule := map[string]lora.Schedule{"cosine": lora.Cosine, "linear": lora.Linear, "constant": lora.Constant}[o.schedule]
	if len(o.rpc) > 0 && o.gpuLayers == 0 {
		o.gpuLayers = -1 // the servers are to hold layers
	}
	return finetune.Options{
		Model: file, Adapter: o.adapter, HeldOut: opt.Of(o.share), Loss: o.loss, TooLong: o.tooLong, MaxRise: opt.Of(max(o.maxRise, 0)), Logger: a.log,
		LoRA: lora.Config{
			Rank: o.rank, Alpha: o.alpha, RankStabilized: o.rankStabilized, Targets: o.targets, Dropout: o.dropout, Start: o.start,
			Window: o.window, WindowsPerStep: o.windowsPerStep, Epochs: o.epochs,
			LearningRate: o.rate, Schedule: schedule, Warmup: orNegative(o.warmup), FinalRate: o.finalRate,
			Beta1: o.beta1, Beta2: o.beta2, Epsilon: o.epsilon, WeightDecay: o.weightDecay, ClipNorm: orNegative(o.clip),
			DPO:  lora.DPO{Beta: o.dpoBeta, LabelSmoothing: o.dpoSmoothing, SFT: o.dpoSFT},
			Seed: a.seed, EvaluateEvery: o.evaluateEvery, Patience: o.patience, MinImprovement: o.minImprovement, KeepBest: o.keepBest,
			SpikeFactor: o.spikeFactor, CheckpointEvery: o.checkpointEvery, MemoryBudget: o.budget,
			Threads: o.threads, GPULayers: o.gpuLayers, Servers: o.rpc, MetricsFile: o.metrics, TensorBoard: o.tensorboard,
		},
	}
}

// estimate says what memory the training takes. Warnings about rows come with the training itself.
func (a *app) estimate(ctx context.Context, rows []rows.Row, t finetune.Options) (lora.Memory, error) {
	t.Logger = slog.New(slog.DiscardHandler)
	t.LoRA.MetricsFile, t.LoRA.TensorBoard = "", ""
	return finetune.EstimateMemory(ctx, rows, t)
}

func (a *app) trainAdapter(ctx context.Context, rows []rows.Row, t finetune.Options, o trainFlags) (*finetune.Result, error) {
	checkpoint := o.adapter + ".checkpoint"
	if o.restart {
		if err := os.Remove(checkpoint); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	bar := a.bar("training", "steps")
	defer bar.done()
	begun := false
	t.LoRA.Progress = func(p lora.Progress) {
		if !begun {
			begun = true
			bar.skip(int64(p.Step - 1))
		}
		note := fmt.Sprintf("loss %.3f", p.Loss)
		if p.HeldOutLoss == p.HeldOutLoss {
			note += fmt.Sprintf(", watched %.3f", p.HeldOutLoss)
		}
		bar.set(int64(p.Step), int64(p.Steps), fmt.Sprintf("%s, rate %.2g, %.0f tokens/s", note, p.LearningRate, float64(p.Tokens)/p.Elapsed.Seconds()))
	}
	r, err := finetune.Train(ctx, rows, t)
	if errors.Is(err, lora.ErrCheckpoint) {
		return nil, fmt.Errorf("%w: it is of other rows or settings: say the same as then to go on, or --restart to begin anew", err)
	}
	if errors.Is(err, lora.ErrRise) {
		return nil, fmt.Errorf("%w; here: --rate, --texts of 'ragft demos', --evaluate-every; --max-rise 0 goes on regardless", err)
	}
	return r, err
}

func (a *app) trainingDone(o trainFlags, t *finetune.Result, key string, layouts []string) error {
	r := trainResult{
		Key: key, Adapter: t.Adapter, Rows: t.Rows, WatchedRows: t.HeldOutRows, TooLong: t.TooLong, Truncated: t.Truncated,
		Steps: t.Steps, Resumed: t.Resumed, Skipped: t.Skipped, Stopped: t.Stopped, Rose: t.Rose, BestStep: t.BestStep,
		Loss: number(t.Loss), BaseLoss: number(t.BaseLoss), WatchedLoss: number(t.HeldOutLoss), Tokens: t.Tokens,
		Seconds: number(t.TrainSeconds), Fill: number(t.Fill), Memory: t.Memory.Total(), Rank: o.rank, Epochs: o.epochs, Rate: number(o.rate), Metrics: o.metrics, BySource: t.HeldOutBySource, BaseBySource: t.BaseBySource, Layouts: layouts,
	}
	if err := writeJSON(a.path(trainingName), r); err != nil {
		return err
	}
	return a.result(r, func(w io.Writer) error {
		if r.Resumed > 0 {
			a.note("%d of the steps were done by an earlier run", r.Resumed)
		}
		if r.Rose != "" {
			a.note("it was stopped since the loss of %s rose too far; the adapter is that of step %d", r.Rose, r.BestStep)
		}
		if r.TooLong > 0 {
			a.note("%d rows are too long and were left out", r.TooLong)
		}
		_, err := fmt.Fprintf(w, "%s: %d rows, %d steps, loss %.3f", r.Adapter, r.Rows, r.Steps, r.Loss)
		if err == nil && r.WatchedRows > 0 {
			_, err = fmt.Fprintf(w, ", watched %.3f -> %.3f", r.BaseLoss, r.WatchedLoss)
		}
		fmt.Fprintf(w, ", %.0f s\n", r.Seconds)
		return errors.Join(err, r.writeSources(w))
	})
}

// trainingKey is the same for trainings that give the same adapter.
func trainingKey(t finetune.Options, maxRise float64, model, rows string) (string, error) {
	h := sha256.New()
	c := t.LoRA
	c.Progress, c.Control, c.MetricsFile, c.TensorBoard, c.CheckpointEvery, c.MemoryBudget = nil, nil, "", "", 0, 0
	info, err := os.Stat(model)
	if err != nil {
		return "", err
	}
	f, err := os.Open(rows)
	if err != nil {
		return "", err
	}
	defer f.Close()
	fmt.Fprintf(h, "%+v %g %g %s %s %d %d\n", c, maxRise, t.HeldOut.Or(0), t.Loss, t.TooLong, info.Size(), info.ModTime().UnixNano())
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// trained tells what the training that left the adapter said, if it had the key.
func (a *app) trained(key, adapter string) (r trainResult, ok bool) {
	data, err := os.ReadFile(a.path(trainingName))
	if err != nil || json.Unmarshal(data, &r) != nil || r.Key != key || r.Adapter != adapter {
		return r, false
	}
	_, err = lora.ReadAdapter(adapter)
	return r, err == nil
}
