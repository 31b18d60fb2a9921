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
	"io"
	"os"

	"github.com/ragft/ragft/internal/jsonl"
	"github.com/ragft/ragft/lora"
	"github.com/ragft/ragft/ragft/finetune"
	"github.com/ragft/ragft/ragft/rows"
)

// training is what a training did. It is kept beside the adapter, so that a later run with the same rows and options need
// not train again.
type training struct {
	Settings string // identifies what the adapter is made of
	Result   *finetune.Result
}

// learner makes an adapter of rows, as [finetune.Train] does.
type learner func(ctx context.Context, rows []rows.Row, o finetune.Options) (*finetune.Result, error)

// trainAdapter learns the rows unless o.Adapter is there already, made of the same rows with the same options. A checkpoint of
// others is left behind. base is the hash of the model.
func trainAdapter(ctx context.Context, learn learner, base string, rows []rows.Row, o finetune.Options) (*training, error) {
	record := o.Adapter + ".training"
	settings, err := settingsOf(base, rows, o)
	if err != nil {
		return nil, err
	}
	var done training
	data, err := os.ReadFile(record)
	if err == nil && gob.NewDecoder(bytes.NewReader(data)).Decode(&done) == nil && done.Settings == settings {
		if _, err := os.Stat(o.Adapter); err == nil {
			fmt.Printf("  %s is there already, from the same rows\n", o.Adapter)
			return &done, nil
		}
	}
	done = training{Settings: settings}
	bar := newBar("training", "steps")
	defer bar.done()
	o.LoRA.Progress = func(p lora.Progress) {
		rate := float64(p.Tokens) / p.Elapsed.Seconds()
		bar.set(p.Step, p.Steps, fmt.Sprintf("loss %.3f, held out %.3f, %.0f tokens/s", p.Loss, p.HeldOutLoss, rate))
	}
	done.Result, err = learn(ctx, rows, o)
	if errors.Is(err, lora.ErrCheckpoint) {
		fmt.Println("  the checkpoint there belongs to other flags or rows: starting anew")
		if err := os.Remove(o.Adapter + ".checkpoint"); err != nil {
			return nil, err
		}
		done.Result, err = learn(ctx, rows, o)
	}
	if err != nil {
		return nil, err
	}
	var kept bytes.Buffer
	if err := gob.NewEncoder(&kept).Encode(done); err != nil { // gob, since a loss may be NaN
		return nil, err
	}
	return &done, os.WriteFile(record, kept.Bytes(), 0o644)
}

func settingsOf(base string, r []rows.Row, o finetune.Options) (string, error) {
	h := sha256.New()
	c := o.LoRA
	c.Progress, c.Control, c.Start = nil, nil, ""
	fmt.Fprintf(h, "%s %v %v %v %v %+v\n", base, o.HeldOut, o.Loss, o.TooLong, o.MaxRise, c)
	if o.LoRA.Start != "" {
		f, err := os.Open(o.LoRA.Start)
		if err != nil {
			return "", err
		}
		defer f.Close()
		if _, err := io.Copy(h, f); err != nil {
			return "", err
		}
	}
	if err := jsonl.Write(h, r); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// String says what came of it.
func (t *training) String() string {
	r := t.Result
	return fmt.Sprintf("%s: %d rows, %d steps, held-out loss %.3f -> %.3f, windows %.0f %% full, %.0f MiB", r.Adapter, r.Rows, r.Steps,
		r.BaseLoss, r.HeldOutLoss, 100*r.Fill, float64(r.Memory.Total())/(1<<20))
}
