package confidence_test

import (
	"context"
	"fmt"
	"log"
	"math"
	"strings"

	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
)

type surveyor struct{}

func (surveyor) Name() string { return "surveyor" }

func (surveyor) Chat(_ context.Context, reqs []model.Request) ([]model.Response, error) {
	responses := make([]model.Response, len(reqs))
	for i, req := range reqs {
		question := req.Messages[len(req.Messages)-1].Content
		var mill int
		if _, err := fmt.Sscanf(question[strings.LastIndex(question, "mill"):], "mill %d", &mill); err != nil {
			return nil, err
		}
		sample := model.Sample{Text: fmt.Sprintf("builder %d", mill), Tokens: 4, MeanLogProb: -0.05 - 0.0001*float64(mill)}
		if mill%2 == 1 {
			sample.Text, sample.MeanLogProb = "Tom Fox", -0.9-0.0001*float64(mill)
		}
		responses[i].Samples = []model.Sample{sample}
	}
	return responses, nil
}

func ExampleCalibrate() {
	ctx := context.Background()
	var questions []question.Question
	for i := range 400 {
		questions = append(questions, question.Question{
			ID: fmt.Sprint(i), Question: fmt.Sprintf("Who built mill %d?", i), Answer: fmt.Sprintf("builder %d", i),
		})
	}
	evaluation, err := eval.Run(ctx, eval.Config{
		Systems: []eval.System{{Name: "tuned", Model: surveyor{}}}, Questions: questions, Resamples: 10,
	})
	if err != nil {
		log.Fatal(err)
	}
	points, conditions, err := evaluation.Points("tuned")
	if err != nil {
		log.Fatal(err)
	}
	calibration, err := confidence.Calibrate(points, conditions, confidence.Options{Risk: 0.1})
	if err != nil {
		log.Fatal(err)
	}
	g := calibration.Guarantee
	fmt.Printf("of those given, at most %.0f %% wrong: %v\n", 100*g.Risk, g.Bound <= g.Risk)
	fmt.Printf("answers that are given: %.0f %%\n", 100*math.Round(10*g.Coverage)/10)

	// A calibration made from answers with a search (eval.SettingRetrieval) lets an assistant with the same passages and
	// prompt abstain below the threshold:
	// assistant.New(model, index, assistant.Options{Calibration: calibration})

	// Output:
	// of those given, at most 10 % wrong: true
	// answers that are given: 50 %
}
