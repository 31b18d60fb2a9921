package report_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/report"
)

func Example() {
	ctx := context.Background()
	index := fixture.Inn(ctx)
	defer index.Close()
	evaluation, err := eval.Run(ctx, eval.Config{
		Systems: []eval.System{
			{Name: "closed-book", Model: fixture.Reader{}},
			{Name: "with documents", Model: fixture.Reader{}, Setting: eval.SettingRetrieval},
		},
		Questions: fixture.InnQuestions(),
		Search:    index,
		Compare:   []eval.Pair{{Base: "closed-book", Other: "with documents"}},
	})
	if err != nil {
		log.Fatal(err)
	}
	results := &report.Results{Evaluation: evaluation, Info: &report.Info{Title: "The inn"}}
	first, _, _ := strings.Cut(results.Text(), "\n")
	fmt.Println(first)
	// results.WriteHTMLFile("report.html") writes the page, results.WriteFile("evaluation.json") keeps everything.

	// Output:
	// 2 questions, 1 unanswerable. In %, with 95% intervals (bootstrap over questions, 2000 samples, seed 0).
}
