package publish_test

import (
	"context"
	"fmt"
	"log"

	"github.com/ragft/ragft/ragft/publish"
)

func ExamplePublish() {
	published, err := publish.Publish(context.Background(), publish.Options{
		Name: "notes", From: "ollama:llama3.2:1b", Adapter: "adapter.gguf", As: "adapter",
		Status: func(text string) { fmt.Println(text) },
	})
	if err != nil {
		log.Fatal(err) // wraps model.ErrUnavailable if the server does not answer
	}
	fmt.Println("ollama run", published.Name)
}
