package openai_test

import (
	"context"
	"fmt"
	"log"

	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/model/openai"
)

func ExampleNew() {
	m, err := openai.New("small", openai.Options{BaseURL: "http://127.0.0.1:8080/v1"})
	if err != nil {
		log.Fatal(err)
	}
	responses, err := model.Chat(context.Background(), m, []model.Request{
		{Messages: []model.Message{{Role: model.RoleUser, Content: "Who opened the Blue Inn?"}}, MaxTokens: 32},
	})
	if err != nil {
		log.Fatal(err) // wraps model.ErrUnavailable if no server answers
	}
	fmt.Println(responses[0].Samples[0].Text)
}
