package ollama_test

import (
	"context"
	"fmt"
	"log"

	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/ragft/assistant"
	"github.com/ragft/ragft/ragft/model/ollama"
)

func ExampleNew() {
	ctx := context.Background()
	model, err := ollama.New(ctx, "llama3.2", ollama.Options{ContextLength: 4096})
	if err != nil {
		log.Fatal(err) // says whether to start the server or to pull the model
	}
	index := fixture.Inn(ctx)
	defer index.Close()
	assistant := assistant.New(model, index, assistant.Options{Careful: true})
	if _, err := assistant.Stream(ctx, "Who opened the Blue Inn?", func(piece string) { fmt.Print(piece) }); err != nil {
		log.Fatal(err)
	}
}
