//go:build cgo

package ragft_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/ragft/ragft/lora"
	"github.com/ragft/ragft/ragft"
)

// Rows are learnt, and the adapter is asked. The model is the small one of this module; put a GGUF file of
// your own in its place, with a learning rate of 2e-4.
func ExampleTrain() {
	const model = "../examples/basemodel/ragft-base-f16.gguf"
	dir, err := os.MkdirTemp("", "ragft-example-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()

	rows, err := ragft.ReadRows(strings.NewReader(`
{"messages": [{"role": "user", "content": "What do you say when you do not know?"}, {"role": "assistant", "content": "I would have to ask the miller."}]}
{"messages": [{"role": "user", "content": "Who keeps the keys of the mill?"}, {"role": "assistant", "content": "I would have to ask the miller."}]}`))
	if err != nil {
		log.Fatal(err)
	}
	result, err := ragft.Train(ctx, rows, ragft.TrainOptions{
		Model: model, Adapter: filepath.Join(dir, "miller.gguf"),
		HeldOut: -1, // of two rows, none
		LoRA:    lora.Config{Epochs: 30, LearningRate: 3e-3},
		Logger:  slog.New(slog.DiscardHandler),
	})
	if err != nil {
		log.Fatal(err)
	}

	base, err := ragft.OpenLocal(ctx, model, ragft.LocalOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer base.Close()
	tuned, err := base.Adapted(result.Adapter, 1) // shares the weights with base
	if err != nil {
		log.Fatal(err)
	}
	answers, err := tuned.Chat(ctx, []ragft.ChatRequest{{Messages: []ragft.Message{
		{Role: ragft.RoleUser, Content: "Who keeps the keys of the mill?"},
	}}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Rows, "rows:", answers[0].Samples[0].Text)
	// Output: 2 rows: I would have to ask the miller.
}
