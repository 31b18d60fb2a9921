package recipe_test

import (
	"context"
	"fmt"
	"log"

	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/ragft/recipe/selfdemo"
)

func ExampleRecipe() {
	ctx := context.Background()
	index := fixture.Inn(ctx)
	defer index.Close()
	r := recipe.Mix{Recipes: []recipe.Recipe{
		recipe.RAFT{OracleShare: opt.Of(1.0)},
		selfdemo.Recipe{Policy: selfdemo.Policy{MaxRefusals: opt.Of(0.5)}},
	}}
	in := recipe.Input{Model: fixture.Reader{}, Search: index, Questions: fixture.InnQuestions(), Seed: 1}
	cost, err := r.Estimate(in)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("calls at most:", cost.Calls)
	result, err := r.Rows(ctx, in)
	if err != nil {
		log.Fatal(err)
	}
	for _, row := range result.Rows {
		fmt.Printf("%s, %s: %q\n", row.Source, row.QuestionID, row.Response())
	}
	// Unordered output:
	// calls at most: 6
	// raft, who: "The document says: \"It was opened in 1912 by Ann Lee.\"\nAnswer: Ann Lee"
	// raft, cat: "Sorry, the documents do not say."
	// self-demo, who: "Ann Lee"
	// self-demo, cat: "Sorry, the documents do not say."
}
