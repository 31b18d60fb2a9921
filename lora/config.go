//go:build cgo

package lora

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"time"

	"github.com/ragft/ragft/ragft/opt"
)

// Schedule says how the learning rate goes on after the warm-up.
type Schedule int

const (
	// Cosine falls to FinalRate along half a cosine.
	Cosine Schedule = iota
	// Linear falls to FinalRate in a straight line.
	Linear
	// Constant stays.
	Constant
)

func (s Schedule) String() string {
	switch s {
	case Cosine:
		return "cosine"
	case Linear:
		return "linear"
	case Constant:
		return "constant"
	}
	return fmt.Sprintf("Schedule(%d)", int(s))
}

// Config says how to train. The zero value works; each field documents what its zero stands for.
type Config struct {
	// Rank of the adapter's matrices; 0 stands for 16.
	Rank int
	// Alpha scales the adapter by Alpha / Rank; 0 stands for 2 * Rank.
	Alpha float64
	// RankStabilized scales the adapter by Alpha / sqrt(Rank) instead, which keeps the size of its change the same at high
	// ranks (rsLoRA, arXiv 2312.03732, section 4). The file holds Alpha * sqrt(Rank), so that llama.cpp does likewise.
	RankStabilized bool
	// Targets are the weights to adapt: module names such as "attn_q", names such as "blk.0.attn_q" or "output", patterns
	// for either in the form of path.Match such as "blk.[0-3].ffn_*", or AllLinear. Each must match something. Nil stands
	// for AllLinear. Norms, embeddings, the output of models that have none but their embedding, and routed experts
	// cannot be adapted.
	Targets []string
	// Dropout is the probability with which, in training, an element of the input of A is set to zero, the others being
	// multiplied by 1 / (1 - Dropout), as the authors of arXiv 2106.09685 do; in [0, 1). The masks follow from Seed, step
	// and place alone, so that a resumed run has the same. On the CPU only. 0 is none.
	Dropout float64
	// Start is the path of an adapter of the same model file to go on from, in place of a fresh one; its targets, ranks and
	// alpha are taken as they are. Of Rank, Alpha, Targets and RankStabilized, those that are set must say what the
	// file has. The optimiser starts anew. "" is none.
	Start string

	// Window is the number of tokens of a batch, a multiple of 256; examples are packed into windows. 0 stands for
	// the smallest multiple of 256, at least 512 or, if less, the model's context, that holds the longest example.
	Window int
	// WindowsPerStep is the number of windows whose gradients one optimiser step accumulates; 0 stands for 1.
	WindowsPerStep int
	// Epochs is how often each example is seen; 0 stands for 1.
	Epochs int

	// LearningRate at the end of the warm-up; 0 stands for 2e-4.
	LearningRate float64
	// Schedule after the warm-up; zero is Cosine.
	Schedule Schedule
	// Warmup is the share of all steps over which the rate rises linearly from zero; unset stands for 0.05,
	// opt.Of(0.0) for none.
	Warmup opt.Value[float64]
	// FinalRate is the share of LearningRate that Cosine and Linear fall to, which they would reach one step after the
	// last; 0 is zero.
	FinalRate float64
	// Beta1, Beta2 and Epsilon of AdamW; 0 stands for 0.9, 0.999 and 1e-8.
	Beta1, Beta2, Epsilon float64
	// WeightDecay of matrices, decoupled as in AdamW; norms and biases are never decayed. 0 is none.
	WeightDecay float64
	// ClipNorm bounds the global norm of the gradient; unset stands for 1, opt.Of(0.0) for no bound.
	ClipNorm opt.Value[float64]

	// DPO says how examples with Pairs are learnt.
	DPO DPO

	// Seed decides the adapter's first values and the order of the examples. The same seed, data and number of
	// threads give the same adapter, bit for bit, on one machine's CPU.
	Seed uint64
	// EvaluateEvery is the number of steps between evaluations of the held-out examples; 0 stands for once an epoch.
	EvaluateEvery int
	// Patience ends the training early after this many evaluations in a row without improvement; 0 is never. An
	// evaluation is an improvement if its loss is below the lowest so far by more than MinImprovement.
	Patience       int
	MinImprovement float64
	// KeepBest writes the adapter of the evaluation with the lowest loss, not that of the last step.
	KeepBest bool
	// Score returns how good the adapter in a file is; higher is better. It is called at the end of each epoch, at most four
	// times in a run, and in a run of one epoch halfway and at the end; never in a run of one step. The adapter that is
	// written is then the one with the highest score, whatever its loss; of equal scores the one with the lower held-out
	// loss, and without held-out examples the later one. Evaluations without a score count only until there is one.
	//
	// It is called on the training goroutine, which waits for it, and the file is removed when it returns. An error, or a
	// score that is not a number, ends the training, which resumes from there when it is run again. If ctx is cancelled it
	// should return soon, with ctx.Err(). It must be the same function of the adapter in all parts of a run, since a
	// checkpoint keeps the scores, but not the function. Nil is none.
	Score func(ctx context.Context, adapter string) (float64, error)
	// ScoreID tells functions of Score apart: a checkpoint with another one is not resumed. "" = all are taken for the same.
	ScoreID string
	// StepLoss is the loss of a step that Result.Loss is the mean of; NaN leaves the step out. It changes nothing of what is
	// minimised. Nil stands for Losses.Loss.
	StepLoss func(Losses) float64
	// KeepCheckpoint leaves the last checkpoint of a finished run where it is, for a caller that has something to store before it
	// counts as finished: a run after that repeats only the steps since. The caller then removes it.
	KeepCheckpoint bool
	// MaxRise ends the training when the held-out loss of a source, a key, has risen by more than the value, in nats for
	// each unit of loss weight, over what it was before the training: ln(1.1) bounds the rise of a perplexity to 10 %. Such
	// an evaluation never counts as the best. It needs KeepBest, and held-out examples of each source named.
	MaxRise map[string]float64
	// SpikeFactor leaves out a step whose loss or gradient norm is above this many times the median of the last 32 steps
	// (at least 8): its gradient is not used, and it counts as done. 5 such steps in a row end with ErrDiverged. 0 is
	// off; with it on, 5 to 10 are sensible for cross-entropies.
	SpikeFactor float64
	// CheckpointEvery is the number of steps between checkpoints; unset stands for 50, opt.Of(0) for none but on
	// cancellation.
	CheckpointEvery opt.Value[int]

	// MemoryBudget bounds the bytes that training holds, see Memory, by computing logits for fewer rows at a time and by
	// computing activations again in the backward pass, as far as it must. Too small a budget is ErrMemory before the
	// first step. 0 is no bound: everything that the backward pass reads is stored. A checkpoint is taken up under another
	// budget too, so that a training that ran out of memory goes on with less; where that changes for how many rows logits
	// are computed at a time, gradients differ in their last bits.
	MemoryBudget int64
	// Threads of the CPU, at most 512; 0 stands for the number of cores.
	Threads int
	// GPULayers is the number of layers to keep on the GPU, or on the Servers; a number above that of the model's layers
	// means all. Unset means all if there are Servers, and none otherwise: unlike in llama.ModelOptions, a GPU is used
	// only if asked for, since only the CPU trains with Dropout and gives the same adapter bit for bit. Layers that stay on
	// the CPU are trained there, but slower than without a GPU.
	GPULayers opt.Value[int]
	// Servers are ggml RPC servers, each host:port, whose devices hold layers before the GPUs of this machine do:
	// see Servers of llama.ModelOptions, which also says whom to trust. GPULayers must not be opt.Of(0) then. If a server goes away,
	// the training ends with an error that wraps llama.ErrServer, and goes on from its last checkpoint when it is run again.
	Servers []string
	// Progress is called after each step, on the training goroutine: training goes on when it returns. To stop from
	// within, cancel the context. Nil is none.
	Progress func(Progress)
	// Working is called after each window that is computed, of a step or of an evaluation, on the training goroutine: a step of
	// a large model takes long. Nil is none.
	Working func(Work)
	// Control pauses and resumes the training. Nil is none.
	Control *Control
	// MetricsFile gets a line of JSON for each step and each evaluation, appended; "" is none. Each line has the keys
	// run (a name made of model, data and Config), event ("step" or "evaluation"), step, time, and where they apply loss,
	// loss_by_source, pairs, pairs_won, margin and score; a step's has also epoch, learning_rate, gradient_norm,
	// tokens_per_second, tokens, loss_tokens and skipped. A run that goes on from a checkpoint first removes what it
	// wrote after the checkpoint, so that no step is there twice.
	MetricsFile string
	// TensorBoard is a folder, one for each run, that gets TensorBoard's event files; "" is none.
	TensorBoard string
	// Metadata is written into the adapter file as ragft.<key>, for its provenance; it takes precedence over what Train
	// writes itself, see Provenance.
	Metadata map[string]string
}

// Work is what a training run computes at the moment.
type Work struct {
	Step, Steps     int  // the step at hand, from 1, of all; both 0 outside of [Train]
	Window, Windows int  // computed of the step or of the evaluation
	Evaluating      bool // after Step, which is 0 before the first
}

// Progress is the state of a training run after a step.
type Progress struct {
	Step, Steps  int
	Epoch        int     // from 1
	Losses               // of the step
	HeldOutLoss  float64 // of the last evaluation; NaN before the first and without held-out examples
	HeldOut      Losses  // of the last evaluation
	Evaluated    bool    // whether this step ended with an evaluation
	Score        float64 // of the adapter after this step by Config.Score; NaN where that was not asked
	Skipped      bool    // whether SpikeFactor refused the step
	LearningRate float64
	GradientNorm float64       // before clipping
	Tokens       int           // tokens processed by this run so far, padding included
	LossTokens   int           // of these, those with a loss
	Elapsed      time.Duration // of this run, pauses left out
	Remaining    time.Duration // estimated
}

// maxThreads are as many as ggml has room for.
const maxThreads = 512

func (c Config) withDefaults() Config {
	def := func(v *float64, d float64) {
		if *v == 0 {
			*v = d
		}
	}
	defInt := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	if c.Start == "" {
		defInt(&c.Rank, 16)
		def(&c.Alpha, 2*float64(c.Rank))
	}
	defInt(&c.WindowsPerStep, 1)
	defInt(&c.Epochs, 1)
	def(&c.LearningRate, 2e-4)
	c.Warmup = opt.Of(c.Warmup.Or(0.05))
	def(&c.Beta1, 0.9)
	def(&c.Beta2, 0.999)
	def(&c.Epsilon, 1e-8)
	c.ClipNorm = opt.Of(c.ClipNorm.Or(1))
	def(&c.DPO.Beta, 0.1)
	c.CheckpointEvery = opt.Of(c.CheckpointEvery.Or(50))
	defInt(&c.Threads, min(runtime.NumCPU(), maxThreads))
	return c
}

// gpuLayers is GPULayers as the engine takes it: 0 is none, -1 all.
func (c Config) gpuLayers() int {
	if len(c.Servers) > 0 {
		return min(c.GPULayers.Or(-1), math.MaxInt32)
	}
	return min(c.GPULayers.Or(0), math.MaxInt32)
}

func (c Config) check() error {
	warmup, clip := c.Warmup.Or(0), c.ClipNorm.Or(0)
	switch {
	case c.GPULayers.Or(0) < 0:
		return fmt.Errorf("lora: GPULayers is %v: it must be 0 or more", c.GPULayers)
	case c.gpuLayers() == 0 && len(c.Servers) > 0:
		return fmt.Errorf("lora: Servers are given, but 0 GPULayers, so that none of them would hold a layer: leave it unset for all")
	case c.Rank < 0 || c.Rank == 0 && c.Start == "":
		return fmt.Errorf("lora: rank %d: it must be at least 1", c.Rank)
	case !(c.Dropout >= 0 && c.Dropout < 1):
		return fmt.Errorf("lora: dropout %v: it is a probability, at least 0 and below 1", c.Dropout)
	case c.Dropout > 0 && c.gpuLayers() != 0:
		return fmt.Errorf("lora: dropout runs on the CPU only: use 0 GPULayers, or no Dropout")
	case c.Window < 0 || c.Window%256 != 0 || c.Window > math.MaxInt32:
		return fmt.Errorf("lora: window of %d tokens: it must be a multiple of 256", c.Window)
	case c.Threads > maxThreads:
		return fmt.Errorf("lora: %d threads: there can be at most %d", c.Threads, maxThreads)
	case c.WindowsPerStep < 1 || c.Epochs < 1 || c.Threads < 1 || c.EvaluateEvery < 0 || c.CheckpointEvery.Or(0) < 0:
		return fmt.Errorf("lora: WindowsPerStep, Epochs, Threads, EvaluateEvery and CheckpointEvery must not be negative")
	case c.Patience < 0 || !(c.MinImprovement >= 0) || !(c.SpikeFactor == 0 || c.SpikeFactor > 1):
		return fmt.Errorf("lora: Patience and MinImprovement must not be negative, and SpikeFactor must be above 1, or 0 for none")
	case c.MemoryBudget < 0:
		return fmt.Errorf("lora: a memory budget of %d bytes: it must be positive, or 0 for no bound", c.MemoryBudget)
	case !(c.LearningRate > 0) || math.IsInf(c.LearningRate, 0):
		return fmt.Errorf("lora: learning rate %v: it must be positive", c.LearningRate)
	case !(warmup >= 0 && warmup <= 1) || !(c.FinalRate >= 0 && c.FinalRate <= 1):
		return fmt.Errorf("lora: Warmup is %v and FinalRate %v: they are shares from 0 to 1", c.Warmup, c.FinalRate)
	case c.Schedule < Cosine || c.Schedule > Constant:
		return fmt.Errorf("lora: there is no %v", c.Schedule)
	case math.IsNaN(c.Alpha) || math.IsInf(c.Alpha, 0) || !(clip >= 0):
		return fmt.Errorf("lora: Alpha %v and ClipNorm %v must be numbers, and ClipNorm not negative", c.Alpha, c.ClipNorm)
	case !(c.Beta1 >= 0 && c.Beta1 < 1 && c.Beta2 >= 0 && c.Beta2 < 1 && c.Epsilon > 0 && c.WeightDecay >= 0):
		return fmt.Errorf("lora: AdamW needs 0 <= Beta1, Beta2 < 1, Epsilon > 0 and WeightDecay >= 0")
	}
	return c.DPO.check()
}

// decisive is the Config with zero for what does not change the result, or at most by the order of sums, which are the
// budget and the machine: to tell whether a checkpoint is of the same run.
func (c Config) decisive() Config {
	if c.Patience == 0 && !c.keepsBest() {
		c.EvaluateEvery = 0
	}
	c.CheckpointEvery, c.GPULayers = opt.Value[int]{}, opt.Value[int]{}
	c.Threads, c.Servers, c.MemoryBudget = 0, nil, 0
	c.Progress, c.Working, c.Control, c.Metadata, c.Score, c.StepLoss = nil, nil, nil, nil, nil, nil
	c.KeepCheckpoint = false
	c.MetricsFile, c.TensorBoard = "", ""
	c.Start = "" // its content counts
	return c
}

// Rate returns the learning rate of step (from 1) of steps.
func (c Config) Rate(step, steps int) float64 {
	c = c.withDefaults()
	warmup := int(math.Ceil(c.Warmup.Or(0) * float64(steps)))
	if step <= warmup {
		return c.LearningRate * float64(step) / float64(warmup)
	}
	done := float64(step-warmup-1) / float64(max(1, steps-warmup)) // the last step still does something
	switch c.Schedule {
	case Linear:
		return c.LearningRate * (1 - (1-c.FinalRate)*done)
	case Constant:
		return c.LearningRate
	default:
		return c.LearningRate * (c.FinalRate + (1-c.FinalRate)*(1+math.Cos(math.Pi*done))/2)
	}
}

// clipScale is what gradients of this norm are multiplied by.
func (c Config) clipScale(norm float64) float64 {
	bound := c.ClipNorm.Or(1)
	if bound == 0 || norm <= bound {
		return 1
	}
	return bound / norm
}
