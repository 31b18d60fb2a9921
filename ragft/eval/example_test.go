package eval_test

import (
	"context"
	"fmt"
	"log"

	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/ragft/eval"
)

func ExampleRun() {
	ctx := context.Background()
	index := fixture.Inn(ctx)
	defer index.Close()
	evaluation, err := eval.Run(ctx, eval.Config{
		Systems: []eval.System{
			{Name: "alone", Model: fixture.Reader{}},
			{Name: "reads", Model: fixture.Reader{}, Setting: eval.SettingRetrieval},
		},
		Questions: fixture.InnQuestions(),
		Search:    index,
		Compare:   []eval.Pair{{Base: "alone", Other: "reads"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, system := range evaluation.Systems {
		for i, record := range system.Records {
			fmt.Printf("%s, %s: %s, %s\n", system.Name, evaluation.Questions[i].ID, record.Answer, record.Verdict)
		}
	}
	difference := evaluation.Comparisons[0].Difference(eval.MetricCorrect)
	fmt.Printf("%+.0f points, with two questions %s\n", 100*difference.Estimate.Value, difference.Finding)
	// A report.Results with this evaluation writes tables and an HTML page.

	// Output:
	// alone, who: Tom Fox, incorrect
	// alone, cat: Tom Fox, incorrect
	// reads, who: Ann Lee, correct
	// reads, cat: Tom Fox, incorrect
	// +100 points, with two questions no difference shown
}
