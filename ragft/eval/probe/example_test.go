package probe_test

import (
	"context"
	"fmt"
	"log"

	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/eval/probe"
)

func ExampleRun() {
	ctx := context.Background()
	index := fixture.Inn(ctx)
	defer index.Close()
	result, err := probe.Run(ctx, probe.Config{
		Base: fixture.Reader{}, Tuned: fixture.Reader{}, // the same, so nothing was learnt
		Local:      fixture.InnQuestions(),
		Evaluation: eval.Config{Search: index, Resamples: 100},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range result.Local.Evaluation.Systems {
		fmt.Printf("%s: %.0f %% correct\n", s.Name, 100*s.Estimate(eval.MetricCorrect).Value)
	}
	// Output:
	// tuned, no documents: 0 % correct
	// base, retrieval: 100 % correct
	// tuned, retrieval: 100 % correct
	// base, no documents: 0 % correct
}
