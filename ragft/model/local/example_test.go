//go:build cgo

package local_test

import (
	"context"
	"fmt"
	"log"

	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/ragft/assistant"
	"github.com/ragft/ragft/ragft/model/local"
)

func ExampleOpenServer() {
	ctx := context.Background()
	base, err := local.OpenServer(ctx, "base.gguf", local.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer base.Close()
	tuned, err := base.Adapted("adapter.gguf", 1) // shares the weights of base
	if err != nil {
		log.Fatal(err)
	}
	defer tuned.Close()
	index := fixture.Inn(ctx)
	defer index.Close()
	answer, err := assistant.New(tuned, index, assistant.Options{}).Answer(ctx, "Who opened the Blue Inn?")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer.Text)
}
