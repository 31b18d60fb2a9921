//go:build cgo

package service_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/ragft/ragft/ragft/model/local"
	"github.com/ragft/ragft/ragft/service"
	"github.com/ragft/ragft/retriever"
)

// A question is asked over HTTP and answered from a document.
func Example() {
	ctx := context.Background()
	model, err := local.OpenServer(ctx, "../../examples/basemodel/ragft-base-f16.gguf", local.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	index, err := retriever.NewMemory(retriever.IndexOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer index.Close()
	chunks, err := retriever.Split(retriever.Document{Source: "inn.txt", Text: "The Gorton Inn was founded by Anna Pell in 1912."},
		retriever.SplitOptions{})
	if err != nil {
		log.Fatal(err)
	}
	if err := index.Add(ctx, chunks); err != nil {
		log.Fatal(err)
	}
	s, err := service.New(service.Config{Models: []service.Model{{Name: "base", Local: model}}, Index: index})
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	server := httptest.NewServer(s) // or s.ListenAndServe(ctx, "127.0.0.1:8080")
	defer server.Close()

	resp, err := http.Post(server.URL+"/v1/chat/completions", "application/json",
		strings.NewReader(`{"messages": [{"role": "user", "content": "Who founded the Gorton Inn?"}]}`))
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		Choices []struct{ Message struct{ Content string } }
		Ragft   struct {
			Citations []struct{ Source, Text string }
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer.Choices[0].Message.Content)
	fmt.Println(answer.Ragft.Citations[0].Source)
	// Output:
	// Anna Pell
	// inn.txt
}
