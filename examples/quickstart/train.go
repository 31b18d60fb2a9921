//go:build cgo

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/gob"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/ragft/ragft/lora"
	"github.com/ragft/ragft/ragft"
)

// training is what the step leaves beside the adapter, so that a later run with the same rows and flags need not train
// again.
type training struct {
	Settings string
	Result   *ragft.TrainResult
	Loss     []ragft.LossPoint
}

func (j *job) train(ctx context.Context) error {
	adapter, record := filepath.Join(j.out, "adapter.gguf"), filepath.Join(j.out, "training.gob")
	epochs := j.epochs
	if j.short {
		epochs = 2
	}
	settings, err := j.settings(epochs)
	if err != nil {
		return err
	}
	var done training
	if data, err := os.ReadFile(record); err == nil && gob.NewDecoder(bytes.NewReader(data)).Decode(&done) == nil &&
		done.Settings == settings && exists(adapter) {
		fmt.Printf("  %s is there already, from the same rows\n", adapter)
	} else {
		done = training{Settings: settings}
		if done.Result, err = j.trainAdapter(ctx, adapter, epochs, &done.Loss); err != nil {
			return err
		}
		var data bytes.Buffer
		if err := gob.NewEncoder(&data).Encode(done); err != nil { // gob, since a loss may be NaN
			return err
		}
		if err := os.WriteFile(record, data.Bytes(), 0o644); err != nil {
			return err
		}
	}
	j.trained, j.loss = done.Result, done.Loss
	r := j.trained
	fmt.Printf("  %s: %d rows, %d steps, held-out loss %.3f -> %.3f, windows %.0f %% full, %.0f MiB\n", adapter, r.Rows, r.Steps,
		r.BaseLoss, r.HeldOutLoss, 100*r.Fill, float64(r.Memory.Total())/(1<<20))
	if j.tuned, err = j.base.Adapted(adapter, 1); err != nil {
		return err
	}
	j.reads, err = ragft.NewCachedModel(j.tuned, filepath.Join(j.out, "cache-tuned"))
	return err
}

func (j *job) trainAdapter(ctx context.Context, adapter string, epochs int, loss *[]ragft.LossPoint) (*ragft.TrainResult, error) {
	bar := newBar("training", "steps")
	defer bar.done()
	o := ragft.TrainOptions{Model: j.model, Adapter: adapter, LoRA: lora.Config{
		Rank: j.rank, Epochs: epochs, LearningRate: j.rate, WindowsPerStep: 2, Seed: j.seed,
		Progress: func(p lora.Progress) {
			*loss = append(*loss, ragft.LossPoint{Step: p.Step, Train: p.Loss, HeldOut: p.HeldOutLoss})
			bar.set(p.Step, p.Steps, fmt.Sprintf("loss %.3f, held out %.3f, %.0f tokens/s", p.Loss, p.HeldOutLoss, float64(p.Tokens)/p.Elapsed.Seconds()))
		},
	}}
	r, err := ragft.Train(ctx, j.demos.Rows, o)
	if errors.Is(err, lora.ErrCheckpoint) {
		fmt.Println("  the checkpoint there belongs to other flags or rows: starting anew")
		if err := os.Remove(adapter + ".checkpoint"); err != nil {
			return nil, err
		}
		r, err = ragft.Train(ctx, j.demos.Rows, o)
	}
	return r, err
}

// settings identifies what the adapter is made of.
func (j *job) settings(epochs int) (string, error) {
	h := sha256.New()
	fmt.Fprintln(h, j.base.Hash(), j.rank, epochs, j.rate, j.seed)
	if err := ragft.WriteRows(h, j.demos.Rows); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
