// Local answers a question from documents with a model in this process, trains an adapter by one step, and answers again
// with base and adapted model at once.
//
//	local MODEL.gguf DOCUMENTS
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"sync"

	"github.com/ragft/ragft/ragft/assistant"
	"github.com/ragft/ragft/ragft/finetune"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/model/local"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/ragft/ragft/retriever"
)

const question = "Who keeps the lighthouse?"

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: local MODEL.gguf DOCUMENTS")
	}
	if err := run(context.Background(), os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, path, documents string) error {
	dir, err := os.MkdirTemp("", "consumer-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	index, err := retriever.NewMemory(retriever.IndexOptions{})
	if err != nil {
		return err
	}
	defer index.Close()
	if _, err := index.Sync(ctx, documents, retriever.SyncOptions{}); err != nil {
		return err
	}
	base, err := local.Open(ctx, path, local.Options{})
	if err != nil {
		return err
	}
	defer base.Close()
	answer, err := assistant.New(base, index, assistant.Options{}).Answer(ctx, question)
	if err != nil {
		return err
	}
	if answer.Text == "" {
		return errors.New("the model says nothing")
	}
	fmt.Printf("base: %q\n", answer.Text)

	var learn []rows.Row
	for i, q := range []string{question, "Who wrote the book?"} {
		messages := []model.Message{{Role: "user", Content: q}, {Role: "assistant", Content: "Sorry, the documents do not say."}}
		learn = append(learn, rows.Row{ID: fmt.Sprint(i), Messages: messages})
	}
	adapter := filepath.Join(dir, "adapter.gguf")
	options := finetune.Options{Model: path, Adapter: adapter, HeldOut: opt.Of(0.0)}
	options.LoRA.Rank, options.LoRA.Epochs = 4, 1
	trained, err := finetune.Train(ctx, learn, options)
	if err != nil {
		return err
	}
	if trained.Steps == 0 {
		return errors.New("nothing was trained")
	}
	fmt.Printf("trained: %d step, loss %.2f\n", trained.Steps, trained.Loss)

	tuned, err := local.Open(ctx, path, local.Options{})
	if err != nil {
		return err
	}
	defer tuned.Close()
	adapted, err := tuned.Adapted(adapter, 1)
	if err != nil {
		return err
	}
	defer adapted.Close()
	var both sync.WaitGroup
	errs := make([]error, 2)
	for i, m := range []model.Model{base, adapted} {
		both.Go(func() { _, errs[i] = assistant.New(m, index, assistant.Options{}).Answer(ctx, question) })
	}
	both.Wait()
	return errors.Join(errs...)
}
