package pool_test

import (
	"context"
	"fmt"
	"log"

	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/model/ollama"
	"github.com/ragft/ragft/ragft/model/openai"
	"github.com/ragft/ragft/ragft/model/pool"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/ragft/recipe/selfdemo"
)

func ExampleNew() {
	ctx := context.Background()
	first, err := ollama.New(ctx, "qwen3:4b", ollama.Options{BaseURL: "http://10.0.0.5:11434"})
	if err != nil {
		log.Fatal(err) // errors.Is tells model.ErrUnavailable from model.ErrNotFound
	}
	second, err := ollama.New(ctx, "qwen3:4b", ollama.Options{BaseURL: "http://10.0.0.6:11434"})
	if err != nil {
		log.Fatal(err)
	}
	pool, err := pool.New(first, second)
	if err != nil {
		log.Fatal(err)
	}
	j, err := openai.New("large", openai.Options{BaseURL: "http://10.0.0.7:8000/v1"})
	if err != nil {
		log.Fatal(err)
	}
	index := fixture.Inn(ctx)
	defer index.Close()
	r := selfdemo.Recipe{Judge: judge.Options{Model: j}}
	demos, err := r.Rows(ctx, recipe.Input{Model: pool, Search: index, Questions: fixture.InnQuestions()})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(demos.Rows))
}
