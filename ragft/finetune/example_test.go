//go:build cgo

package finetune_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/ragft/ragft/lora"
	"github.com/ragft/ragft/ragft/finetune"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/model/local"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/rows"
)

func ExampleTrain() {
	const m = "../../examples/basemodel/ragft-base-f16.gguf"
	dir, err := os.MkdirTemp("", "ragft-example-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()

	var list []rows.Row
	for _, q := range []string{"What do you say when you do not know?", "Who keeps the keys of the mill?"} {
		list = append(list, rows.Row{Messages: []model.Message{
			{Role: model.RoleUser, Content: q}, {Role: model.RoleAssistant, Content: "I would have to ask the miller."},
		}})
	}
	result, err := finetune.Train(ctx, list, finetune.Options{
		Model: m, Adapter: filepath.Join(dir, "miller.gguf"),
		HeldOut: opt.Of(0.0), // none of two rows
		LoRA:    lora.Config{Epochs: 30, LearningRate: 3e-3},
		Logger:  slog.New(slog.DiscardHandler),
	})
	if err != nil {
		log.Fatal(err)
	}

	base, err := local.Open(ctx, m, local.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer base.Close()
	tuned, err := base.Adapted(result.Adapter, 1) // shares the weights with base
	if err != nil {
		log.Fatal(err)
	}
	answers, err := tuned.Chat(ctx, []model.Request{{Messages: []model.Message{
		{Role: model.RoleUser, Content: "Who keeps the keys of the mill?"},
	}}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Rows, "rows:", answers[0].Samples[0].Text)
	// Output: 2 rows: I would have to ask the miller.
}
