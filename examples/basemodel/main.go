//go:build cgo

// Basemodel makes the small model that the project ships, from nothing: it generates a corpus, learns a vocabulary,
// trains all weights with the project's own engine, measures what the model can do and writes it as GGUF.
//
//	go run ./examples/basemodel -out DIR [-text DIR] [-steps N]
//
// The same flags on the same machine give the same model. With the defaults it takes about half an hour on two cores with
// nothing else to do; it shows its progress, keeps a checkpoint, and goes on where it was when it is interrupted and
// started again.
package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/ragft/ragft/examples/basemodel/bpe"
	"github.com/ragft/ragft/examples/basemodel/corpus"
	"github.com/ragft/ragft/lora"
)

type options struct {
	out, text      string
	from           string // model to train further; "" = a new one
	steps, windows int
	rate           float64
	seed           uint64
	threads        int
	shape          shape
	vocabulary     int
}

// window is the number of tokens of a batch; no document block with its question is longer.
const window = 512

// The learning rate rises over warmUp steps, stays, and falls to zero over the last share `decay` of the steps. Up to
// there the run does not depend on -steps, so a run can be made longer or shorter when it is resumed.
const (
	warmUp = 200
	decay  = 0.3
	// growth is the number of steps over which the corpus goes from its easiest to its full size.
	growth = 6000
	// drillSteps is the number of steps before the exercises in copying become fewer.
	drillSteps = 600
)

func main() {
	var o options
	flag.StringVar(&o.out, "out", "basemodel", "folder for the model, the checkpoint and the measured abilities")
	flag.StringVar(&o.text, "text", "", "folder of .txt files with real prose to train on as well")
	flag.StringVar(&o.from, "from", "", "shipped model to train further, on the full corpus from the first step")
	flag.IntVar(&o.steps, "steps", 7000, "optimiser steps")
	flag.IntVar(&o.windows, "windows", 4, "windows of 512 tokens in a step")
	flag.Float64Var(&o.rate, "rate", 1.5e-3, "learning rate")
	flag.Uint64Var(&o.seed, "seed", 1, "seed of corpus and weights")
	flag.IntVar(&o.threads, "threads", runtime.NumCPU(), "threads")
	flag.IntVar(&o.vocabulary, "vocabulary", 2048, "tokens of the vocabulary")
	flag.IntVar(&o.shape.layers, "layers", 4, "layers")
	flag.IntVar(&o.shape.width, "width", 256, "width")
	flag.IntVar(&o.shape.heads, "heads", 4, "attention heads")
	flag.IntVar(&o.shape.headsKV, "heads-kv", 2, "key and value heads")
	flag.IntVar(&o.shape.feedForward, "feed-forward", 640, "width of the feed-forward layer")
	flag.Parse()
	o.shape.context = 1024

	slog.SetLogLoggerLevel(slog.LevelWarn)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() { // a second interrupt ends the program at once
		<-ctx.Done()
		stop()
	}()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "basemodel:", err)
		if errors.Is(err, context.Canceled) {
			fmt.Fprintln(os.Stderr, "basemodel: start it again with the same flags to go on")
		}
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	initial, trained := filepath.Join(o.out, "initial-f32.gguf"), filepath.Join(o.out, "trained-f32.gguf")
	vocabulary, err := o.initial(initial)
	if err != nil {
		return err
	}
	fmt.Printf("vocabulary: %d tokens; model: %d parameters\n", len(vocabulary.Tokens), o.shape.parameters(len(vocabulary.Tokens)))
	if err := train(ctx, o, initial, trained, vocabulary); err != nil {
		return err
	}
	shipped := filepath.Join(o.out, "ragft-base-f16.gguf")
	if err := writeHalf(trained, shipped); err != nil {
		return err
	}
	fmt.Println("model:", shipped)
	return measure(ctx, o, shipped)
}

// initial writes the model to begin with, and returns its vocabulary.
func (o options) initial(path string) (*bpe.Vocabulary, error) {
	if o.from != "" {
		vocabulary, err := readVocabulary(o.from)
		if err != nil {
			return nil, err
		}
		return vocabulary, writeSingle(o.from, path)
	}
	g, err := corpus.New(o.corpus(0))
	if err != nil {
		return nil, err
	}
	vocabulary, err := bpe.Train(texts(g, 8000), bpe.Options{VocabSize: o.vocabulary})
	if err != nil {
		return nil, err
	}
	return vocabulary, writeInitial(path, o.shape, vocabulary, o.seed)
}

// corpus returns the options of the generator for one step; step 0 is for vocabulary and tests.
func (o options) corpus(step int) corpus.Options {
	c := corpus.Options{Seed: o.seed<<32 + uint64(step)}
	if o.text != "" {
		c.TextFS = os.DirFS(o.text)
	}
	return c
}

// rateAt is the learning rate of step (from 1).
func (o options) rateAt(step int) float64 {
	left := float64(o.steps-step+1) / (decay * float64(o.steps))
	return o.rate * min(1, float64(step)/warmUp, left)
}

// name identifies the run: everything that its steps depend on, but not their number.
func (o options) name(vocabulary *bpe.Vocabulary) (string, error) {
	h := sha256.New()
	fmt.Fprintln(h, o.windows, o.rate, o.seed, o.shape, o.from, vocabulary.Tokens)
	if o.text == "" {
		return hex.EncodeToString(h.Sum(nil)), nil
	}
	err := fs.WalkDir(os.DirFS(o.text), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(o.text, path))
		fmt.Fprintf(h, "%s %d\n%s", path, len(data), data)
		return err
	})
	return hex.EncodeToString(h.Sum(nil)), err
}

func train(ctx context.Context, o options, initial, trained string, vocabulary *bpe.Vocabulary) error {
	t, err := lora.NewModelTrainer(ctx, initial, lora.Config{
		Window: window, Beta2: 0.98, WeightDecay: 0.05, Seed: o.seed, Threads: o.threads,
	})
	if err != nil {
		return err
	}
	defer t.Close()
	name, err := o.name(vocabulary)
	if err != nil {
		return err
	}
	checkpoint := filepath.Join(o.out, "checkpoint.gguf")
	if _, err := t.LoadState(checkpoint, name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	save := func() error { return t.SaveState(checkpoint, name, nil) }

	r := &reader{vocabulary, window}
	g, err := corpus.New(o.corpus(0))
	if err != nil {
		return err
	}
	held := heldOut(r, g)
	started, first := time.Now(), t.Steps()
	loss, norm := math.NaN(), 0.0
	for step := first + 1; step <= o.steps; step++ {
		at := step // in the corpus, which grows
		if o.from != "" {
			at += drillSteps + growth
		}
		g.Reseed(o.corpus(at).Seed)
		s, err := t.Step(ctx, r.step(g, at, o.windows), o.rateAt(step))
		if err != nil {
			return errors.Join(err, save())
		}
		if math.IsNaN(loss) {
			loss = s.Loss
		}
		loss, norm = 0.98*loss+0.02*s.Loss, s.GradientNorm
		if step%50 == 0 || step == o.steps {
			elapsed := time.Since(started)
			rate := float64(step-first) * float64(o.windows*window) / elapsed.Seconds()
			left := elapsed / time.Duration(step-first) * time.Duration(o.steps-step)
			fmt.Printf("step %d/%d  loss %.3f  norm %.2f  %.0f tokens/s  %s left", step, o.steps, loss, norm, rate, left.Round(time.Second))
			if step%500 == 0 || step == o.steps {
				if err := held.report(ctx, t); err != nil {
					return errors.Join(err, save())
				}
			}
			fmt.Println()
		}
		if step%500 == 0 {
			if err := save(); err != nil {
				return err
			}
		}
	}
	return t.Save(trained)
}

// heldOutSet holds examples on unseen names, by kind; the loss is on answers only.
type heldOutSet map[corpus.Kind][]lora.Example

func heldOut(r *reader, g *corpus.Generator) heldOutSet {
	set := heldOutSet{}
	for _, it := range g.TestSet(1, 200) {
		if e, ok := r.example(it, 0); ok {
			set[it.Kind] = append(set[it.Kind], e)
		}
	}
	return set
}

func (h heldOutSet) report(ctx context.Context, t *lora.Trainer) error {
	for _, k := range []corpus.Kind{corpus.Read, corpus.Careful, corpus.Refuse, corpus.Judge} {
		l, err := t.Evaluate(ctx, h[k])
		if err != nil {
			return err
		}
		fmt.Printf("  %s %.3f", k, l.Loss)
	}
	return nil
}
