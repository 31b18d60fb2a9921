package robust_test

import (
	"context"
	"fmt"
	"log"

	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/eval/robust"
)

func ExampleRun() {
	ctx := context.Background()
	index := fixture.Inn(ctx)
	defer index.Close()
	robustness, err := robust.Run(ctx, eval.Config{
		Systems:   []eval.System{{Name: "reads", Model: fixture.Reader{}, Setting: eval.SettingRetrieval}},
		Questions: fixture.InnQuestions(),
		Search:    index,
	}, robust.Options{Distractors: []int{0}})
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range robustness.Changes {
		for _, flip := range r.Flips {
			fmt.Printf("%s: %s becomes %s\n", r.Name, flip.Before, flip.After)
		}
	}
	// Output: evidence removed: Ann Lee becomes Tom Fox
}
