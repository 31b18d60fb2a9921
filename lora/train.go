//go:build cgo

package lora

import (
	"context"
	"fmt"
	"slices"
)

// Result is what a training run did.
type Result struct {
	Adapter     string  // path of the file
	Steps       int     // of the plan that were done
	Skipped     int     // of these, those that SpikeFactor refused
	Stopped     bool    // early, by Patience or MaxRise
	Rose        string  // the source whose loss ended it, by MaxRise
	Loss        float64 // mean of the last epoch's steps
	HeldOutLoss float64 // of the adapter that was written; NaN without held-out examples
	HeldOut     Losses  // of the last evaluation
	BaseLoss    float64 // of the held-out examples before training; NaN without
	// BaseBySource and HeldOutBySource are BaseLoss and HeldOutLoss of each source's held-out examples by themselves, as
	// Losses.BySource has them.
	BaseBySource    map[string]float64
	HeldOutBySource map[string]float64
	BestStep        int      // of the evaluation with the highest score or, without Config.Score, the lowest loss; 0 without any
	Scores          []Scored // in the order of the steps; nil without Config.Score
	ScoreSeconds    float64  // of TrainSeconds, those that Config.Score took
	Tokens          int      // processed by the whole run, padding included, also before it was resumed
	LossTokens      int
	Fill            float64 // share of the windows' tokens that belong to examples
	TrainSeconds    float64 // of the whole run, without pauses
	Resumed         int     // steps that a checkpoint had done already
	Memory          Memory
}

// Train trains a LoRA adapter for the GGUF model on the examples, at least two, and writes it to adapter. heldOut may be
// empty.
//
// While it runs it keeps a checkpoint beside the adapter, adapter + ".checkpoint". When ctx is cancelled it writes one
// and returns ctx.Err(); called again with the same model, examples and Config it goes on from there, and ends with the
// same adapter as a run that was not interrupted, on the CPU bit for bit. So does one that was killed, from the last
// checkpoint that it wrote. The checkpoint is removed when the adapter is written, unless
// Config.KeepCheckpoint is set. As long as it runs a second training of
// the same adapter gets ErrBusy; adapter + ".lock" is what both look at.
//
// A training whose loss is no longer finite ends with a [DivergedError].
func Train(ctx context.Context, model, adapter string, c Config, examples, heldOut []Example) (*Result, error) {
	if len(examples) < 2 {
		return nil, fmt.Errorf("%w: %d given, a training needs two or more; use a Trainer to take steps on one", ErrNoExamples, len(examples))
	}
	if len(heldOut) == 0 && (c.KeepBest || c.Patience > 0) {
		return nil, fmt.Errorf("%w held out: KeepBest and Patience go by their loss", ErrNoExamples)
	}
	for _, path := range []string{adapter, adapter + checkpointSuffix, c.MetricsFile} {
		if path != "" && sameFile(model, path) {
			return nil, fmt.Errorf("lora: the training would write over the model %s: name another file", path)
		}
	}
	if err := c.checkRise(heldOut); err != nil {
		return nil, err
	}
	c = c.withDefaults()
	why, err := c.setWindow(model, examples, heldOut)
	if err != nil {
		return nil, err
	}
	release, err := lockAdapter(adapter)
	if err != nil {
		return nil, err
	}
	defer release()
	t, err := NewTrainer(ctx, model, c)
	if err != nil {
		return nil, because(err, why)
	}
	defer t.Close()
	if err := t.Check(examples); err != nil {
		return nil, err
	}
	if err := t.Check(heldOut); err != nil {
		return nil, fmt.Errorf("held-out examples: %w", err)
	}
	if err := t.checkMemory(ctx, examples, heldOut); err != nil {
		return nil, because(err, why)
	}
	r := run{Trainer: t, examples: slices.Clone(examples), heldOut: slices.Clone(heldOut), path: adapter, free: freeSpace}
	return r.do(ctx)
}

// checkRise says whether MaxRise can be watched.
func (c Config) checkRise(heldOut []Example) error {
	for source, rise := range c.MaxRise {
		switch {
		case !(rise > 0):
			return fmt.Errorf("lora: MaxRise of %q is %v: it must be positive", source, rise)
		case !c.KeepBest:
			return fmt.Errorf("lora: MaxRise needs KeepBest, which keeps the adapter from before the rise")
		case !slices.ContainsFunc(heldOut, func(e Example) bool { return e.Source == source }):
			return fmt.Errorf("%w of the source %q held out: MaxRise goes by their loss", ErrNoExamples, source)
		}
	}
	return nil
}

// setWindow chooses the window, or says whether the one given is sensible: longer than the model's context it may only be
// where an example with several branches needs it. It refuses examples that are too long, and a window that cannot find
// room, before anything is loaded for it. why names the example that the window is owed to, if one alone is.
func (c *Config) setWindow(model string, examples, heldOut []Example) (why string, err error) {
	if err := c.check(); err != nil {
		return "", err
	}
	limit, err := contextOf(model)
	if err != nil {
		return "", err
	}
	sets := []struct {
		prefix, kind string
		examples     []Example
	}{{"", "", examples}, {"held-out examples: ", "held-out ", heldOut}}
	needed, longest := 256, ""
	for _, set := range sets {
		for i := range set.examples {
			if n := roundUp(set.examples[i].size(), 256); n > needed {
				needed, longest = n, fmt.Sprintf("%sexample %d", set.kind, i)
			}
		}
	}
	room := roundUp(limit, 256)
	switch {
	case c.Window == 0 && limit > 0:
		c.Window = max(needed, min(512, room))
	case c.Window == 0:
		c.Window = max(needed, 512)
	case limit > 0 && c.Window > max(room, needed):
		return "", fmt.Errorf("%w: a window of %d tokens, the model's context has %d; use a smaller Window, and WindowsPerStep for more "+
			"tokens a step", ErrTooLong, c.Window, room)
	}
	for _, set := range sets {
		for i := range set.examples {
			if err := set.examples[i].checkLength(i, c.Window, limit); err != nil {
				return "", fmt.Errorf("%s%w", set.prefix, err)
			}
		}
	}
	if c.Window == needed && longest != "" {
		why = fmt.Sprintf("the window of %d tokens is that of %s: shorten it or leave it out", c.Window, longest)
	}
	return why, because(c.checkMask(), why)
}
