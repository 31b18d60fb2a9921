//go:build cgo

package lora

import (
	"fmt"
	"math"
	"runtime"
	"time"
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
	// Targets are the weights to adapt: module names such as "attn_q" or patterns such as "blk.[0-3].ffn_*" in the
	// form of path.Match. Nil stands for every linear layer of the blocks.
	Targets []string

	// Window is the number of tokens of a batch, a multiple of 256; examples are packed into windows. 0 stands for
	// the smallest multiple of 256, at least 512, that holds the longest example.
	Window int
	// WindowsPerStep is the number of windows whose gradients one optimiser step accumulates; 0 stands for 1.
	WindowsPerStep int
	// Epochs is how often each example is seen; 0 stands for 1.
	Epochs int

	// LearningRate at the end of the warm-up; 0 stands for 2e-4.
	LearningRate float64
	// Schedule after the warm-up; zero is Cosine.
	Schedule Schedule
	// Warmup is the share of all steps over which the rate rises linearly from zero; 0 stands for 0.05, a negative
	// value for none.
	Warmup float64
	// FinalRate is the share of LearningRate that Cosine and Linear fall to, which they would reach one step after the
	// last; 0 is zero.
	FinalRate float64
	// Beta1, Beta2 and Epsilon of AdamW; 0 stands for 0.9, 0.999 and 1e-8.
	Beta1, Beta2, Epsilon float64
	// WeightDecay of matrices, decoupled as in AdamW; norms and biases are never decayed. 0 is none.
	WeightDecay float64
	// ClipNorm bounds the global norm of the gradient; 0 stands for 1, a negative value for no bound.
	ClipNorm float64

	// Seed decides the adapter's first values and the order of the examples. The same seed, data and number of
	// threads give the same adapter, bit for bit, on one machine's CPU.
	Seed uint64
	// EvaluateEvery is the number of steps between evaluations of the held-out examples; 0 stands for once an epoch.
	EvaluateEvery int
	// CheckpointEvery is the number of steps between checkpoints; 0 stands for 50, a negative value for none but on
	// cancellation.
	CheckpointEvery int

	// Threads of the CPU; 0 stands for the number of cores.
	Threads int
	// GPULayers is the number of layers held by the GPU: 0 is none, negative all.
	GPULayers int
	// Progress is called after each step, on the training goroutine. Nil is none.
	Progress func(Progress)
	// Metadata is written into the adapter file as ragft.<key>, for its provenance.
	Metadata map[string]string
}

// Progress is the state of a training run after a step.
type Progress struct {
	Step, Steps  int
	Epoch        int     // from 1
	Loss         float64 // mean cross-entropy of the step's tokens, weighted, in nats
	HeldOutLoss  float64 // of the last evaluation; NaN before the first and without held-out examples
	Evaluated    bool    // whether this step ended with an evaluation
	LearningRate float64
	GradientNorm float64 // before clipping
	Tokens       int     // tokens processed by this run so far, padding included
	LossTokens   int     // of these, those with a loss
	Elapsed      time.Duration
	Remaining    time.Duration // estimated
}

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
	defInt(&c.Rank, 16)
	def(&c.Alpha, 2*float64(c.Rank))
	defInt(&c.WindowsPerStep, 1)
	defInt(&c.Epochs, 1)
	def(&c.LearningRate, 2e-4)
	def(&c.Warmup, 0.05)
	def(&c.Beta1, 0.9)
	def(&c.Beta2, 0.999)
	def(&c.Epsilon, 1e-8)
	def(&c.ClipNorm, 1)
	defInt(&c.CheckpointEvery, 50)
	defInt(&c.Threads, runtime.NumCPU())
	return c
}

func (c Config) check() error {
	switch {
	case c.Rank < 1:
		return fmt.Errorf("lora: rank %d: it must be at least 1", c.Rank)
	case c.Window < 0 || c.Window%256 != 0:
		return fmt.Errorf("lora: window of %d tokens: it must be a multiple of 256", c.Window)
	case c.WindowsPerStep < 1 || c.Epochs < 1 || c.Threads < 1 || c.EvaluateEvery < 0:
		return fmt.Errorf("lora: WindowsPerStep, Epochs, Threads and EvaluateEvery must not be negative")
	case !(c.LearningRate > 0) || math.IsInf(c.LearningRate, 0):
		return fmt.Errorf("lora: learning rate %v: it must be positive", c.LearningRate)
	case !(c.Warmup <= 1) || !(c.FinalRate >= 0 && c.FinalRate <= 1):
		return fmt.Errorf("lora: Warmup and FinalRate are shares, at most 1")
	case c.Schedule < Cosine || c.Schedule > Constant:
		return fmt.Errorf("lora: there is no %v", c.Schedule)
	case math.IsNaN(c.Alpha) || math.IsInf(c.Alpha, 0) || math.IsNaN(c.ClipNorm):
		return fmt.Errorf("lora: Alpha %v and ClipNorm %v must be numbers", c.Alpha, c.ClipNorm)
	case !(c.Beta1 >= 0 && c.Beta1 < 1 && c.Beta2 >= 0 && c.Beta2 < 1 && c.Epsilon > 0 && c.WeightDecay >= 0):
		return fmt.Errorf("lora: AdamW needs 0 <= Beta1, Beta2 < 1, Epsilon > 0 and WeightDecay >= 0")
	}
	return nil
}

// Rate returns the learning rate of step (from 1) of steps.
func (c Config) Rate(step, steps int) float64 {
	c = c.withDefaults()
	warmup := int(math.Ceil(max(0, c.Warmup) * float64(steps)))
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
	if c.ClipNorm <= 0 || norm <= c.ClipNorm {
		return 1
	}
	return c.ClipNorm / norm
}
