//go:build cgo

package lora_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/lora"
)

func Example() {
	dir, err := os.MkdirTemp("", "lora-example-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	model := filepath.Join(dir, "model.gguf") // in a program of yours: any GGUF model
	if err := testmodel.Write(model, testmodel.Spec{}); err != nil {
		log.Fatal(err)
	}

	// Tokens come from the model's tokenizer; the loss is on the responses.
	examples := []lora.Example{
		lora.Completion([]lora.Token{10, 11, 12}, []lora.Token{20, 21}),
		lora.Completion([]lora.Token{13, 14}, []lora.Token{22, 23, 24}),
	}
	result, err := lora.Train(context.Background(), model, filepath.Join(dir, "adapter.gguf"), lora.Config{
		Rank:         4,
		Epochs:       20,
		LearningRate: 1e-2,
	}, examples, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d steps, learnt: %v\n", result.Steps, result.Loss < 3)
	// Output: 20 steps, learnt: true
}

func ExampleNewTrainer() {
	dir, err := os.MkdirTemp("", "lora-example-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	model := filepath.Join(dir, "model.gguf")
	if err := testmodel.Write(model, testmodel.Spec{}); err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	trainer, err := lora.NewTrainer(ctx, model, lora.Config{Rank: 4, Window: 256, Targets: []string{"attn_q", "attn_v"}})
	if err != nil {
		log.Fatal(err)
	}
	defer trainer.Close()

	// One prompt with two responses: it is computed once.
	step := []lora.Example{{
		Tokens: []lora.Token{10, 11, 12},
		Branches: []lora.Branch{
			{Tokens: []lora.Token{20, 21}, Loss: []float32{1, 1}},
			{Tokens: []lora.Token{22, 23}, Loss: []float32{1, 1}},
		},
	}}
	before, _ := trainer.Evaluate(ctx, step)
	for range 5 {
		if _, err := trainer.Step(ctx, step, 1e-2); err != nil {
			log.Fatal(err)
		}
	}
	after, _ := trainer.Evaluate(ctx, step)
	fmt.Println("loss falls:", after.Loss < before.Loss)
	// Output: loss falls: true
}

func ExampleMerge() {
	dir, err := os.MkdirTemp("", "lora-example-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	base, adapter, merged := filepath.Join(dir, "base.gguf"), filepath.Join(dir, "adapter.gguf"), filepath.Join(dir, "merged.gguf")
	if err := testmodel.Write(base, testmodel.Spec{}); err != nil {
		log.Fatal(err)
	}
	if err := testmodel.WriteAdapter(adapter, base, testmodel.AdapterSpec{}); err != nil { // in a program of yours: Train
		log.Fatal(err)
	}
	r, err := lora.Merge(context.Background(), lora.MergeOptions{Base: base, Adapter: adapter, Output: merged})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("weights changed:", r.Changed)
	fmt.Println("the merged model says the same:", r.Check.SameToken == 1 && r.Check.KL < 1e-6*r.Check.AdapterKL)
	// Output:
	// weights changed: 14
	// the merged model says the same: true
}
