// Ollama answers a question from documents with a model on an Ollama server, without cgo. If no server answers, it says so.
//
//	ollama SERVER MODEL DOCUMENTS
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/ragft/ragft/ragft/assistant"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/model/ollama"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/retriever"
)

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: ollama SERVER MODEL DOCUMENTS")
	}
	switch err := run(context.Background(), os.Args[1], os.Args[2], os.Args[3]); {
	case errors.Is(err, model.ErrUnavailable):
		fmt.Println("no server:", err)
	case err != nil:
		log.Fatal(err)
	}
}

func run(ctx context.Context, server, name, documents string) error {
	index, err := retriever.NewMemory(retriever.IndexOptions{})
	if err != nil {
		return err
	}
	defer index.Close()
	if _, err := index.Sync(ctx, documents, retriever.SyncOptions{}); err != nil {
		return err
	}
	if index.Len() == 0 {
		return errors.New("no documents")
	}
	m, err := ollama.New(ctx, name, ollama.Options{BaseURL: server, Retries: opt.Of(0)})
	if err != nil {
		return err
	}
	answer, err := assistant.New(m, index, assistant.Options{}).Answer(ctx, "Who keeps the lighthouse?")
	if err != nil {
		return err
	}
	fmt.Println(answer.Text)
	return nil
}
