package verified_test

import (
	"context"
	"fmt"
	"log"

	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/ragft/recipe/verified"
)

func ExampleRecipe() {
	ctx := context.Background()
	index := fixture.Inn(ctx)
	defer index.Close()
	in := recipe.Input{Model: fixture.Reader{}, Search: index, Questions: fixture.InnQuestions(), Seed: 1}
	result, err := verified.Recipe{Pairs: opt.Of(0.0)}.Rows(ctx, in)
	if err != nil {
		log.Fatal(err)
	}
	for _, row := range result.Rows {
		fmt.Printf("%s, %s: %q\n", row.QuestionID, row.Made, row.Response())
	}
	// Unordered output:
	// who, own: "Ann Lee"
	// cat, refusal: "Sorry, the documents do not say."
}
