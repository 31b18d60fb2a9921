//go:build cgo

package ragft

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/lora"
	"github.com/ragft/ragft/ragft/finetune"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/rows"
)

// trainHere is Train in this process.
func (p *Project) trainHere(ctx context.Context, w *work) (*TrainResult, error) {
	file, err := fileOf(ctx, p.config.Model)
	if err != nil {
		return nil, err
	}
	list, err := p.ReadRows()
	if err != nil {
		return nil, err
	}
	t, err := p.trainOptions(file, len(list))
	if err != nil {
		return nil, err
	}
	in, err := p.trainInputs(ctx)
	if err != nil {
		return nil, err
	}
	steps, err := p.readSteps()
	if err != nil {
		return nil, err
	}
	begun := steps[begunStep]
	if !p.resumes(begun, in) {
		if r, err := p.keptTraining(in, begun != nil); r != nil || err != nil {
			if err != nil {
				return nil, err
			}
			return r, p.decide(ctx, w, list, r)
		}
	}
	if !p.config.Train.AllowStale {
		if err := p.refuseStale(ctx, list); err != nil {
			return nil, err
		}
	}
	if !p.models.lent {
		if err := p.models.close(); err != nil {
			return nil, err
		}
	}
	if t.Anchors, err = p.anchors(ctx, len(list)); err != nil {
		return nil, err
	}
	notes, err := p.trainNotes(ctx)
	if err != nil {
		return nil, err
	}
	memory, err := estimateMemory(ctx, list, t)
	if err != nil || p.config.EstimateOnly {
		return &TrainResult{Memory: memoryOf(memory)}, err
	}
	w.warnSlow(t.Model)
	w.say("memory: %s", memory)
	c, none, err := p.choosing(ctx, w, list, t)
	if err != nil {
		return nil, err
	}
	made, err := p.trainBegun(ctx, w, list, t, c, in, begun)
	if err != nil {
		return nil, err
	}
	r := p.trainResult(made, t, layoutsOf(list))
	if r.NoChoice = none; len(made.Scores) > 0 {
		r.Choice = c.result(made)
	}
	kept := *r
	if kept.Metrics, err = p.place(r.Metrics); err != nil {
		return nil, err
	}
	if err := p.keep(StepTrain, record{Inputs: in, Notes: notes, Took: w.took(), Memory: r.Memory.Total}, kept, r.Adapter); err != nil {
		return nil, err
	}
	if err := removeUnfinished(r.Adapter); err != nil {
		return nil, err
	}
	return r, p.decide(ctx, w, list, r)
}

// keptTraining is the result of the training that was recorded, if it holds; else nil. unfinished says that another training was
// begun since, which keeps its checkpoint.
func (p *Project) keptTraining(in inputs, unfinished bool) (*TrainResult, error) {
	r := &TrainResult{}
	if ok, err := p.kept(StepTrain, in, r); !ok || err != nil {
		return nil, err
	}
	r.UpToDate, r.Adapter, r.Metrics = true, p.trainedFile(), p.placed(r.Metrics)
	if unfinished {
		return r, nil
	}
	return r, removeUnfinished(r.Adapter) // as after a kill before it was removed
}

// trainBegun trains, and records before it that it begins: begun is the training that was begun last, of which there may be a
// checkpoint.
func (p *Project) trainBegun(
	ctx context.Context, w *work, list []rows.Row, t finetune.Options, c *choosing, in inputs, begun *record,
) (*finetune.Result, error) {
	anew := p.config.Train.Restart || p.config.Force
	if anew && !p.resumes(begun, in) {
		if err := remove(t.Adapter + ".checkpoint"); err != nil {
			return nil, err
		}
	}
	if err := p.backUp(StepTrain, t.Adapter); err != nil {
		return nil, err
	}
	if err := p.beginTraining(in); err != nil {
		return nil, err
	}
	made, err := p.train(ctx, w, list, t, c)
	if !errors.Is(err, lora.ErrCheckpoint) {
		return made, err
	}
	if !anew { // what the checkpoint is of can still be resumed
		return nil, errors.Join(err, p.recordBegun(begun))
	}
	if err := remove(t.Adapter + ".checkpoint"); err != nil {
		return nil, err
	}
	return p.train(ctx, w, list, t, c)
}

// trainOptions are those of the library, for the file of the model and so many rows.
func (p *Project) trainOptions(file string, rows int) (finetune.Options, error) {
	c := p.config.Train
	architecture, weights, err := sizeOf(file)
	if err != nil {
		return finetune.Options{}, err
	}
	rate, epochs := trainDefaults(architecture, weights, rows)
	c.Rate, c.Epochs = cmp.Or(c.Rate, rate), cmp.Or(c.Epochs, epochs)
	adapter := p.trainedFile()
	metrics := cmp.Or(c.Metrics, p.Path(metricsName))
	if err := p.makeDir(); err != nil {
		return finetune.Options{}, err
	}
	for _, name := range []string{adapter, metrics} {
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			return finetune.Options{}, err
		}
	}
	return finetune.Options{
		Model: file, Adapter: adapter, HeldOut: c.ValidationShare, Logger: p.config.Logger,
		Loss: c.Loss, TooLong: c.TooLong, MaxRise: c.MaxRise, Soft: c.Soft, Language: p.config.Language, AnchorShare: c.AnchorShare,
		LoRA: lora.Config{
			Rank: c.Rank, Alpha: c.Alpha, RankStabilized: c.RankStabilized, Targets: c.Targets, Dropout: c.Dropout, Start: c.Start,
			Window: c.Window, WindowsPerStep: c.WindowsPerStep, Epochs: c.Epochs, LearningRate: c.Rate,
			Schedule: map[string]lora.Schedule{"cosine": lora.Cosine, "linear": lora.Linear, "constant": lora.Constant}[c.Schedule],
			Warmup:   c.Warmup, FinalRate: c.FinalRate,
			Beta1: c.Beta1, Beta2: c.Beta2, Epsilon: c.Epsilon, WeightDecay: c.WeightDecay, ClipNorm: c.Clip,
			DPO:  lora.DPO{Beta: c.DPOBeta, LabelSmoothing: c.DPOSmoothing, SFT: c.DPOSFT},
			Seed: p.seed(), EvaluateEvery: c.EvaluateEvery, Patience: c.Patience, MinImprovement: c.MinImprovement, KeepBest: c.Keep == keepLoss,
			SpikeFactor: c.SpikeFactor, CheckpointEvery: c.CheckpointEvery, MemoryBudget: c.MemoryBudget,
			Threads: p.config.Threads, GPULayers: p.trainLayers(), Servers: p.config.RPC, MetricsFile: metrics, TensorBoard: c.TensorBoard,
		},
	}, nil
}

// trainLayers is the number of layers on the GPU or on the servers.
func (p *Project) trainLayers() opt.Value[int] {
	layers := p.config.Train.GPULayers
	if !layers.IsSet() {
		layers = p.config.GPULayers
	}
	if layers == opt.Of(0) && len(p.config.RPC) > 0 {
		return opt.Value[int]{} // the servers hold all of them
	}
	return layers
}

// estimateMemory says what memory the training takes. Warnings about rows come
// with the training itself.
func estimateMemory(ctx context.Context, list []rows.Row, t finetune.Options) (lora.Memory, error) {
	t.Logger = slog.New(slog.DiscardHandler)
	t.LoRA.MetricsFile, t.LoRA.TensorBoard = "", ""
	return finetune.EstimateMemory(ctx, list, t)
}

func memoryOf(m lora.Memory) TrainMemory {
	return TrainMemory{
		Total: m.Total(), Weights: m.Weights, Adapter: m.Adapter, Optimiser: m.Optimiser, Context: m.Context, Activations: m.Activations,
		Logits: m.Logits,
	}
}

// train trains, and says what to do about what stopped it. c scores adapters; nil is none.
func (p *Project) train(ctx context.Context, w *work, list []rows.Row, t finetune.Options, c *choosing) (*finetune.Result, error) {
	t.LoRA.Control = &lora.Control{}
	defer p.pausing.begin(t.LoRA.Control)()
	w.phase("training", "steps")
	begun, reading := false, false
	t.SoftProgress = func(done, total int) {
		if !reading {
			reading = true
			w.phase("reading", "rows")
			w.skip(done - 1)
		}
		w.set(done, total, "")
		if done == total {
			w.phase("training", "steps")
		}
	}
	t.LoRA.KeepCheckpoint = true // until the training is recorded
	if c != nil {
		t.LoRA.ScoreID = c.id()
		t.LoRA.Score = func(ctx context.Context, adapter string) (float64, error) {
			defer func() {
				w.phase("training", "steps")
				begun = false
			}()
			return c.score(ctx, adapter)
		}
	}
	begin := func(done int) {
		if !begun {
			begun = true
			w.skip(done)
		}
	}
	loss, note := "", ""
	t.LoRA.Working = func(l lora.Work) {
		done, what := l.Step-1, "window"
		if l.Evaluating {
			done, what = l.Step, "validation window"
		}
		begin(done)
		w.set(done, l.Steps, strings.TrimPrefix(fmt.Sprintf("%s, %s %d of %d", note, what, l.Window, l.Windows), ", "))
	}
	t.LoRA.Progress = func(l lora.Progress) {
		begin(l.Step - 1)
		if l.Loss == l.Loss { // else it was a step without rows
			loss = fmt.Sprintf("loss %.3f", l.Loss)
		}
		note = loss
		if l.HeldOutLoss == l.HeldOutLoss {
			note += fmt.Sprintf(", validation loss %.3f", l.HeldOutLoss)
		}
		w.set(l.Step, l.Steps, fmt.Sprintf("%s, rate %.2g, %.0f tokens/s", note, l.LearningRate, float64(l.Tokens)/l.Elapsed.Seconds()))
	}
	r, err := finetune.Train(ctx, list, t)
	switch {
	case errors.Is(err, lora.ErrBusy):
		return nil, kindOf(ErrBusy, err)
	case errors.Is(err, lora.ErrCheckpoint):
		return nil, fmt.Errorf("%w: it belongs to other rows or settings: restore those to resume, or set train.restart to start over", err)
	case errors.Is(err, lora.ErrRise):
		return nil, fmt.Errorf("%w; see train.rate, demonstrate.texts and train.evaluate-every; train.max-rise 0 goes on regardless", err)
	}
	return r, err
}

// removeUnfinished removes what a training keeps beside its adapter until it is recorded.
func removeUnfinished(adapter string) error {
	return errors.Join(remove(adapter+".checkpoint"), remove(adapter+".soft"))
}

// remove removes a file, if it is there.
func remove(name string) error {
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (p *Project) trainResult(r *finetune.Result, t finetune.Options, layouts []string) *TrainResult {
	return &TrainResult{
		Adapter: r.Adapter, Rows: r.Rows, ValidationRows: r.HeldOutRows, TooLong: r.TooLong, Truncated: r.Truncated, Soft: r.Soft,
		Anchors: r.Anchors,
		Steps:   r.Steps, Resumed: r.Resumed, Skipped: r.Skipped, Stopped: r.Stopped, Rose: r.Rose, BestStep: r.BestStep,
		Loss: stats.Finite(r.Loss), BaseLoss: stats.Finite(r.BaseLoss), ValidationLoss: stats.Finite(r.HeldOutLoss),
		Tokens: r.Tokens, Seconds: r.TrainSeconds, Fill: r.Fill, Memory: memoryOf(r.Memory),
		Rank: t.LoRA.Rank, Epochs: t.LoRA.Epochs, Rate: t.LoRA.LearningRate, Metrics: t.LoRA.MetricsFile,
		BySource: r.HeldOutBySource, BaseBySource: r.BaseBySource, Layouts: layouts,
	}
}

// trainMemory is what training holds, in bytes.
func (p *Project) trainMemory(ctx context.Context, list []rows.Row) (uint64, error) {
	file, err := fileOf(ctx, p.config.Model)
	if err != nil {
		return 0, err
	}
	t, err := p.trainOptions(file, len(list))
	if err != nil {
		return 0, err
	}
	if t.Anchors, err = p.anchors(ctx, len(list)); err != nil {
		return 0, err
	}
	memory, err := estimateMemory(ctx, list, t)
	return memory.Total(), err
}
