//go:build cgo

package lora_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/lora"
)

// exampleModel writes a model with random weights, so that the examples run anywhere. Put the path of a
// model of your own in its place.
func exampleModel() (dir, model string) {
	dir, err := os.MkdirTemp("", "lora-example-")
	if err != nil {
		log.Fatal(err)
	}
	model = filepath.Join(dir, "model.gguf")
	if err := testmodel.Write(model, testmodel.Spec{}); err != nil {
		log.Fatal(err)
	}
	return dir, model
}

func exampleData() []lora.Example {
	return []lora.Example{
		lora.Completion([]lora.Token{10, 11, 12}, []lora.Token{20, 21}),
		lora.Completion([]lora.Token{13, 14}, []lora.Token{22, 23, 24}),
	}
}

// A training that is interrupted goes on when Train is called again with the same arguments.
func ExampleTrain_resume() {
	dir, model := exampleModel()
	defer os.RemoveAll(dir)
	adapter := filepath.Join(dir, "adapter.gguf")

	ctx, cancel := context.WithCancel(context.Background()) // in a program: signal.NotifyContext
	defer cancel()
	config := lora.Config{Rank: 4, Epochs: 20, LearningRate: 1e-2}
	config.Progress = func(p lora.Progress) {
		if p.Step == 7 {
			cancel()
		}
	}
	_, err := lora.Train(ctx, model, adapter, config, exampleData(), nil)
	fmt.Println("interrupted:", errors.Is(err, context.Canceled))

	config.Progress = nil
	result, err := lora.Train(context.Background(), model, adapter, config, exampleData(), nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d of %d steps were done already\n", result.Resumed, result.Steps)
	// Output:
	// interrupted: true
	// 7 of 20 steps were done already
}

// Preferences: of two responses to a prompt, the first is to become likelier than the second.
func ExampleDPO() {
	dir, model := exampleModel()
	defer os.RemoveAll(dir)
	preferences := []lora.Example{
		{
			Tokens: []lora.Token{10, 11, 12},
			Branches: []lora.Branch{
				{Tokens: []lora.Token{20, 21}, Loss: []float32{1, 1}},
				{Tokens: []lora.Token{30, 31}, Loss: []float32{1, 1}},
			},
			Pairs: []lora.Pair{{Chosen: 0, Rejected: 1}},
		},
		lora.Completion([]lora.Token{13, 14}, []lora.Token{22, 23, 24}), // other examples may stand among them
	}
	var last lora.Losses
	_, err := lora.Train(context.Background(), model, filepath.Join(dir, "adapter.gguf"), lora.Config{
		Rank: 4, Epochs: 20, LearningRate: 1e-2,
		DPO:      lora.DPO{Beta: 0.1},
		Progress: func(p lora.Progress) { last = p.Losses },
	}, preferences, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("pairs won:", last.PairsWon, "margin above 0:", last.Margin > 0)
	// Output: pairs won: 1 margin above 0: true
}

// What a training will hold in memory, before it is started, and within a budget.
func ExampleEstimateMemory() {
	dir, model := exampleModel()
	defer os.RemoveAll(dir)
	if err := testmodel.Write(model, testmodel.Spec{Layers: 16}); err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	config := lora.Config{Rank: 4}
	whole, err := lora.EstimateMemory(ctx, model, config, exampleData(), nil)
	if err != nil {
		log.Fatal(err)
	}
	config.MemoryBudget = int64(whole.Total() * 3 / 4)
	less, err := lora.EstimateMemory(ctx, model, config, exampleData(), nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("within the budget:", less.Total() <= uint64(config.MemoryBudget))
	fmt.Println("at the cost of computing some of the forward pass twice:", less.Recomputed > 0)

	config.MemoryBudget = 1 << 10
	_, err = lora.EstimateMemory(ctx, model, config, exampleData(), nil)
	fmt.Println("too little:", errors.Is(err, lora.ErrMemory))
	// Output:
	// within the budget: true
	// at the cost of computing some of the forward pass twice: true
	// too little: true
}

// A file of metrics, a line for each step and each evaluation; the best adapter is kept.
func ExampleConfig_metrics() {
	dir, model := exampleModel()
	defer os.RemoveAll(dir)
	config := lora.Config{
		Rank: 4, Epochs: 6, LearningRate: 1e-2,
		MetricsFile:   filepath.Join(dir, "metrics.jsonl"),
		TensorBoard:   filepath.Join(dir, "tensorboard"), // tensorboard --logdir shows it
		EvaluateEvery: 2, KeepBest: true,
	}
	data := exampleData()
	if _, err := lora.Train(context.Background(), model, filepath.Join(dir, "adapter.gguf"), config, data, data[:1]); err != nil {
		log.Fatal(err)
	}
	file, err := os.Open(config.MetricsFile)
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	events := map[string]int{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var line struct{ Event string }
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			log.Fatal(err)
		}
		events[line.Event]++
	}
	fmt.Println(events["step"], "steps, evaluated:", events["evaluation"] > 0)
	// Output: 6 steps, evaluated: true
}

// Which weights an adapter changes, with their ranks, and what its file says.
func ExampleReadAdapter() {
	dir, model := exampleModel()
	defer os.RemoveAll(dir)
	adapter := filepath.Join(dir, "adapter.gguf")
	_, err := lora.Train(context.Background(), model, adapter, lora.Config{
		Rank:     4,
		Targets:  []string{"attn_q", "attn_v", "blk.0.ffn_*"},
		Metadata: map[string]string{"project": "notes"},
	}, exampleData(), nil)
	if err != nil {
		log.Fatal(err)
	}
	info, err := lora.ReadAdapter(adapter)
	if err != nil {
		log.Fatal(err)
	}
	for _, w := range info.Weights {
		fmt.Println(w.Name, w.Rank)
	}
	fmt.Println(info.Provenance.Steps, info.Provenance.Other["project"])
	// Unordered output:
	// blk.0.attn_q.weight 4
	// blk.0.attn_v.weight 4
	// blk.0.ffn_gate.weight 4
	// blk.0.ffn_up.weight 4
	// blk.0.ffn_down.weight 4
	// blk.1.attn_q.weight 4
	// blk.1.attn_v.weight 4
	// 1 notes
}
