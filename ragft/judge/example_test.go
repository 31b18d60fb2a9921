package judge_test

import (
	"context"
	"fmt"
	"log"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/question"
)

func ExampleJudge() {
	j := &judge.Judge{Options: judge.Options{Model: fake.AlwaysSays("yes")}} // any model.Model
	c := &judge.Case{
		Question: question.Question{ID: "q", Question: "Who opened the inn?", Answer: "Thomas Hale"},
		Answers:  []judge.Answer{{Text: "Thomas Hale did."}, {Text: "Tom Hale"}, {Text: "a baker"}, {Text: "The documents do not say."}},
	}
	if err := j.Decide(context.Background(), []*judge.Case{c}); err != nil {
		log.Fatal(err)
	}
	for _, a := range c.Answers {
		fmt.Printf("%s: %s (%s)\n", a.Text, a.Verdict, a.Decision)
	}
	// Output:
	// Thomas Hale did.: correct (match)
	// Tom Hale: correct (judge)
	// a baker: incorrect (no-overlap)
	// The documents do not say.: refused (refusal)
}
