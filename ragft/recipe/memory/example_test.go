package memory_test

import (
	"fmt"
	"log"

	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/ragft/recipe/memory"
	"github.com/ragft/ragft/retriever"
)

func ExampleRecipe() {
	in := recipe.Input{Model: fixture.Reader{}, Corpus: []retriever.Chunk{
		{ID: "inn", Text: "The Blue Inn stands in Dunmore. It was opened in 1912 by Ann Lee."},
		{ID: "mill", Text: "The mill of Dunmore grinds oats. Tom Fox has run it since 1930."},
	}}
	cost, err := memory.Recipe{HeldOut: 0.2}.Estimate(in)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("calls are bounded:", cost.Calls > 0)
	// Output: calls are bounded: true
}
