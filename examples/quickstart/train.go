//go:build cgo

package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/ragft/ragft/examples/internal/tune"
	"github.com/ragft/ragft/lora"
	"github.com/ragft/ragft/ragft/finetune"
	"github.com/ragft/ragft/ragft/model/cache"
)

func (j *job) train(ctx context.Context) error {
	adapter := filepath.Join(j.out, "adapter.gguf")
	epochs := j.epochs
	if j.short {
		epochs = 2
	}
	var err error
	if j.trained, err = tune.Train(ctx, finetune.Train, j.base.Hash(), j.demos.Rows, finetune.Options{
		Model: j.model, Adapter: adapter,
		LoRA: lora.Config{Rank: j.rank, Epochs: epochs, LearningRate: j.rate, WindowsPerStep: 2, Seed: j.seed},
	}); err != nil {
		return err
	}
	fmt.Println(" ", j.trained)
	if j.tuned, err = j.base.Adapted(adapter, 1); err != nil {
		return err
	}
	j.reads, err = cache.Open(j.tuned, filepath.Join(j.out, "cache-tuned"))
	return err
}
