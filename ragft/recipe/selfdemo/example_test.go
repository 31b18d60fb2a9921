package selfdemo_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/ragft/model/cache"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/ragft/recipe/selfdemo"
)

func ExampleRecipe() {
	ctx := context.Background()
	index := fixture.Inn(ctx)
	defer index.Close()
	questions, err := question.Read(strings.NewReader(`
{"id":"who","question":"Who opened the Blue Inn?","answer":"Ann Lee"}
{"id":"cat","question":"What is the name of the inn's cat?","unanswerable":true}`))
	if err != nil {
		log.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "ragft-cache")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	model, err := cache.Open(fixture.Reader{}, dir) // a second run would generate nothing
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()

	demos := selfdemo.Recipe{Policy: selfdemo.Policy{MaxRefusals: opt.Of(0.5)}}
	result, err := demos.Rows(ctx, recipe.Input{Model: model, Search: index, Questions: questions, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	for _, row := range result.Rows {
		fmt.Printf("%s, answer %s: %s\n", row.ID, row.Context, row.Response())
	}
	// Output:
	// who/answer, answer present: Ann Lee
	// cat/refusal, answer absent: Sorry, the documents do not say.
}
