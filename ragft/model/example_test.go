package model_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/ragft/ragft/ragft/model"
)

// shouter is a model of one's own.
type shouter struct{}

func (shouter) Name() string { return "shouter" }

func (shouter) Chat(ctx context.Context, reqs []model.Request) ([]model.Response, error) {
	responses := make([]model.Response, len(reqs))
	for i, req := range reqs {
		last := req.Messages[len(req.Messages)-1].Content
		responses[i].Samples = []model.Sample{{Text: strings.ToUpper(last)}}
	}
	return responses, ctx.Err()
}

func ExampleModel() {
	responses, err := model.Chat(context.Background(), shouter{}, []model.Request{
		{Messages: []model.Message{{Role: model.RoleUser, Content: "Good morning"}}},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(responses[0].Samples[0].Text)
	_, scores := model.As[model.Scorer](shouter{})
	fmt.Println("scores texts:", scores)
	// Output:
	// GOOD MORNING
	// scores texts: false
}
