package forget_test

import (
	"context"
	"fmt"
	"log"

	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/eval/forget"
	"github.com/ragft/ragft/ragft/model"
)

type guesser struct{}

func (guesser) Name() string { return "guesser" }

func (guesser) Chat(ctx context.Context, reqs []model.Request) ([]model.Response, error) {
	responses := make([]model.Response, len(reqs))
	for i := range reqs {
		responses[i].Samples = []model.Sample{{Text: "Tom Fox", Tokens: 3, MeanLogProb: -1}}
	}
	return responses, nil
}

func ExampleSweep() {
	ctx := context.Background()
	index := fixture.Inn(ctx)
	defer index.Close()
	sweep, err := forget.Sweep(ctx, forget.SweepConfig{
		Scales: []float64{0, 1},
		Open: func(_ context.Context, scale float64) (model.Model, func() error, error) {
			// With a local model: tuned, err := base.Adapted("adapter.gguf", scale); return tuned, tuned.Close, err
			if scale == 0 {
				return guesser{}, func() error { return nil }, nil
			}
			return fixture.Reader{}, func() error { return nil }, nil
		},
		Setting:    eval.SettingRetrieval,
		Evaluation: eval.Config{Questions: fixture.InnQuestions(), Search: index},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range sweep.Points {
		fmt.Printf("at %.0f: %.0f %% correct\n", p.Scale, 100*p.Estimate(eval.MetricCorrect).Value)
	}
	// Output:
	// at 0: 0 % correct
	// at 1: 100 % correct
}
