//go:build cgo

package finetune

import (
	"context"
	"fmt"
	"maps"
	"math"

	"github.com/ragft/ragft/internal/reading"
	"github.com/ragft/ragft/ragft/rows"
)

// PretrainOptions says how [PretrainModel] trains.
type PretrainOptions struct {
	// Train says the rest. Rows of general text that are HeldOut, as Pretraining makes
	// them, are what the stop rule goes by; where there is none, the share of them that
	// Train.HeldOut keeps back.
	Train Options
	// MaxRise is the greatest relative rise of the perplexity of general text: 0.1
	// = 10 %, which 0 stands for; negative = no stop rule. The training ends at the
	// first evaluation above it, and the adapter is the best one from before.
	// LoRA.EvaluateEvery says how often that is looked at; 0 = every 20 steps.
	MaxRise float64
}

// PretrainResult is what a pre-training did.
type PretrainResult struct {
	Result
	GeneralRose bool // the stop rule ended it
}

// Pretrain trains an adapter on rows of [recipe.Pretrain] with its stop rule: the
// held-out loss of general text is watched beside that of the domain, and the
// adapter with the lowest loss over both within the bound is kept.
//
// For the task that follows, give [Train] the adapter as LoRA.Start (stacked: one
// adapter learns on), or merge it first with lora.Merge and train on the merged
// model. Measure perplexities on texts that were held out with
// [forget.Perplexity] or [forget.Run].
func PretrainModel(ctx context.Context, list []rows.Row, o PretrainOptions) (*PretrainResult, error) {
	if o.MaxRise == 0 {
		o.MaxRise = 0.1
	}
	c := &o.Train.LoRA
	if o.MaxRise > 0 {
		general := 0
		for _, row := range list {
			if row.Source == rows.SourceGeneral {
				general++
			}
		}
		if general < 2 {
			return nil, fmt.Errorf("ragft: pretrain: %w: the stop rule needs general text that is held out, and there are %d such rows: give Pretraining.General more of it, or set MaxRise to -1", reading.ErrTooLittleText, general)
		}
		c.MaxRise = maps.Clone(c.MaxRise)
		if c.MaxRise == nil {
			c.MaxRise = map[string]float64{}
		}
		c.MaxRise[rows.SourceGeneral] = math.Log1p(o.MaxRise)
		c.KeepBest = true
		if c.EvaluateEvery == 0 {
			c.EvaluateEvery = 20
		}
	}
	r, err := Train(ctx, list, o.Train)
	if err != nil {
		return nil, err
	}
	return &PretrainResult{Result: *r, GeneralRose: r.Rose == rows.SourceGeneral}, nil
}
