//go:build cgo

package llama_test

import (
	"context"
	"fmt"
	"log"
	"math"
	"os"
	"path/filepath"
	"sync"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/llama"
)

// exampleModel writes a model with random weights, so that the examples run anywhere. Use the path of a real model in its
// place.
func exampleModel() (path string, remove func()) {
	dir, err := os.MkdirTemp("", "llama-example-")
	if err != nil {
		log.Fatal(err)
	}
	path = filepath.Join(dir, "model.gguf")
	if err := testmodel.Write(path, testmodel.Spec{Pre: "qwen2", Type: gguf.F32}); err != nil {
		log.Fatal(err)
	}
	return path, func() { _ = os.RemoveAll(dir) }
}

// An answer in a conversation is streamed.
func Example() {
	path, remove := exampleModel()
	defer remove()
	ctx := context.Background()

	model, err := llama.Load(ctx, path, llama.ModelOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = model.Close() }()
	c, err := model.NewContext(llama.ContextOptions{Size: 512})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = c.Close() }()

	prompt, err := model.TokenizeChat([]llama.Message{
		{Role: "system", Content: "Answer the question."},
		{Role: "user", Content: "Who built the mill?"},
	}, llama.ChatOptions{})
	if err != nil {
		log.Fatal(err)
	}
	streamed := ""
	results, err := c.Generate(ctx, []llama.Request{{
		Prompt:    prompt,
		MaxTokens: 20,
		OnText:    func(_ int, text string) { streamed += text },
	}})
	if err != nil {
		log.Fatal(err)
	}
	answer := results[0].Samples[0]
	fmt.Println(streamed == answer.Text, len(answer.Tokens) == len(answer.LogProbs))
	// Output: true true
}

// Several requests, with several samples each, share batches.
func ExampleContext_Generate() {
	path, remove := exampleModel()
	defer remove()
	ctx := context.Background()
	model, err := llama.Load(ctx, path, llama.ModelOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = model.Close() }()
	c, err := model.NewContext(llama.ContextOptions{Size: 1024, Sequences: 4})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = c.Close() }()

	var requests []llama.Request
	for _, question := range []string{"Who built the mill?", "What colour is the bridge?"} {
		prompt, err := model.TokenizeChat([]llama.Message{{Role: "user", Content: question}}, llama.ChatOptions{})
		if err != nil {
			log.Fatal(err)
		}
		requests = append(requests, llama.Request{
			Prompt: prompt, Samples: 5, MaxTokens: 8,
			Sampling: llama.Sampling{Temperature: 0.8, TopP: 0.95, Seed: 1},
			Stop:     []string{"\n"},
		})
	}
	results, err := c.Generate(ctx, requests)
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range results {
		fmt.Println(len(r.Samples), "samples")
	}
	// Output:
	// 5 samples
	// 5 samples
}

// Independent callers share batches and the common beginning of their prompts.
func ExampleBatcher_Generate() {
	path, remove := exampleModel()
	defer remove()
	ctx := context.Background()
	model, err := llama.Load(ctx, path, llama.ModelOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = model.Close() }()
	b, err := model.NewBatcher(llama.BatcherOptions{Context: llama.ContextOptions{Size: 1024, Sequences: 4}})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = b.Close() }()

	var callers sync.WaitGroup
	for i := range 6 {
		callers.Go(func() { // independently
			prompt, err := model.TokenizeChat([]llama.Message{
				{Role: "system", Content: "You answer questions about the village, its mill and its bridge."},
				{Role: "user", Content: fmt.Sprintf("Who lives in house %d?", i)},
			}, llama.ChatOptions{})
			if err != nil {
				log.Fatal(err)
			}
			if _, err := b.Generate(ctx, []llama.Request{{Prompt: prompt, MaxTokens: 8}}); err != nil {
				log.Fatal(err)
			}
		})
	}
	callers.Wait()
	fmt.Println(b.Stats().Reused > 0)
	// Output: true
}

// Two answers are compared by their probability.
func ExampleContext_Score() {
	path, remove := exampleModel()
	defer remove()
	ctx := context.Background()
	model, err := llama.Load(ctx, path, llama.ModelOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = model.Close() }()
	c, err := model.NewContext(llama.ContextOptions{Size: 512})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = c.Close() }()

	prompt, err := model.TokenizeChat([]llama.Message{{Role: "user", Content: "Is it blue? Reply yes or no."}}, llama.ChatOptions{})
	if err != nil {
		log.Fatal(err)
	}
	var answers [][]llama.Token
	for _, text := range []string{"yes", "no"} {
		tokens, err := model.Tokenize(text, llama.TokenizeOptions{})
		if err != nil {
			log.Fatal(err)
		}
		answers = append(answers, tokens)
	}
	scores, err := c.Score(ctx, prompt, answers)
	if err != nil {
		log.Fatal(err)
	}
	for i, tokens := range scores {
		p := 1.0
		for _, logp := range tokens {
			p *= math.Exp(float64(logp))
		}
		fmt.Println(len(tokens) == len(answers[i]), p < 1)
	}
	// Output:
	// true true
	// true true
}

// An adapter is applied at half its scale and removed again.
func ExampleContext_SetAdapters() {
	path, remove := exampleModel()
	defer remove()
	adapterPath := filepath.Join(filepath.Dir(path), "adapter.gguf")
	if err := testmodel.WriteAdapter(adapterPath, path, testmodel.AdapterSpec{}); err != nil {
		log.Fatal(err)
	}
	model, err := llama.Load(context.Background(), path, llama.ModelOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = model.Close() }() // closes the context and the adapter too
	c, err := model.NewContext(llama.ContextOptions{Size: 512})
	if err != nil {
		log.Fatal(err)
	}
	adapter, err := model.LoadAdapter(adapterPath)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(c.SetAdapters(llama.AdapterScale{Adapter: adapter, Scale: 0.5}))
	fmt.Println(c.SetAdapters())
	// Output:
	// <nil>
	// <nil>
}
