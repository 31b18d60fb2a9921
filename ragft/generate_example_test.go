package ragft_test

import (
	"context"
	"fmt"
	"log"
	"math"
	"os"
	"strings"

	"github.com/ragft/ragft/ragft"
	"github.com/ragft/ragft/retriever"
)

// reader stands for a real model here: it finds the word after a key in the
// documents, and declines where it is told to.
type reader struct{}

func (reader) Name() string { return "reader" }

func (reader) Chat(_ context.Context, reqs []ragft.ChatRequest) ([]ragft.ChatResponse, error) {
	responses := make([]ragft.ChatResponse, len(reqs))
	for i, req := range reqs {
		text := "Tom Fox" // made up
		switch user := req.Messages[1].Content; {
		case strings.HasPrefix(req.Messages[0].Content, "Decline"):
			text = "Sorry, the documents do not say."
		case strings.Contains(user, "Ann Lee") && strings.Contains(user, "Who opened"):
			text = "Ann Lee"
		}
		for range max(req.Samples, 1) {
			responses[i].Samples = append(responses[i].Samples, ragft.ChatSample{Text: text, Tokens: 3, MeanLogProb: math.NaN()})
		}
	}
	return responses, nil
}

func exampleIndex(ctx context.Context) *retriever.Index {
	index, err := retriever.NewMemory(retriever.IndexOptions{})
	if err != nil {
		log.Fatal(err)
	}
	chunks, err := retriever.Split(retriever.Document{
		Source: "inn.md", Title: "The Blue Inn", Text: "The Blue Inn stands in Dunmore. It was opened in 1912 by Ann Lee.",
	}, retriever.SplitOptions{})
	if err != nil {
		log.Fatal(err)
	}
	chunks = append(chunks, retriever.Chunk{ID: "snow", Source: "weather.md", Title: "Weather", Text: "Snow falls seldom.", End: 18})
	if err := index.Add(ctx, chunks); err != nil {
		log.Fatal(err)
	}
	return index
}

// Demonstrations from two questions, one of which the documents do not answer.
func ExampleGenerate() {
	ctx := context.Background()
	index := exampleIndex(ctx)
	defer index.Close()
	questions, err := ragft.ReadQuestions(strings.NewReader(`
{"id":"who","question":"Who opened the Blue Inn?","answer":"Ann Lee"}
{"id":"cat","question":"What is the name of the inn's cat?","unanswerable":true}`))
	if err != nil {
		log.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "ragft-cache")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	model, err := ragft.NewCachedModel(reader{}, dir) // a second run would generate nothing
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()

	result, err := ragft.Generate(ctx, model, index, questions, ragft.GenerateOptions{
		Seed:   1,
		Policy: ragft.PolicyOptions{MaxRefusals: 0.5},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, row := range result.Rows {
		fmt.Printf("%s, answer %s: %s\n", row.ID, row.Context, row.Response())
	}
	// Output:
	// who/answer, answer present: Ann Lee
	// cat/refusal, answer absent: Sorry, the documents do not say.
}

func ExampleAssistant() {
	ctx := context.Background()
	index := exampleIndex(ctx)
	defer index.Close()
	assistant := ragft.NewAssistant(reader{}, index, ragft.AssistantOptions{})
	answer, err := assistant.Answer(ctx, "Who opened the Blue Inn?")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer.Text)
	for _, c := range answer.Citations {
		fmt.Printf("%s, bytes %d to %d: %s\n", c.Source, c.Start, c.End, c.Quote)
	}
	// Output:
	// Ann Lee
	// inn.md, bytes 32 to 65: It was opened in 1912 by Ann Lee.
}

func ExampleSplitQuestions() {
	var questions []ragft.Question
	for i := range 10 {
		questions = append(questions, ragft.Question{ID: fmt.Sprint(i), Question: fmt.Sprintf("Who built mill %d?", i), Answer: "Ann Lee"})
	}
	train, heldOut := ragft.SplitQuestions(questions, 0.2, 1)
	fmt.Println(len(train), len(heldOut))
	// Output: 8 2
}

func ExamplePrompts_ReadMessages() {
	hit := retriever.Hit{Chunk: retriever.Chunk{Title: "The Blue Inn", Text: "It has nine rooms."}}
	for _, message := range (ragft.Prompts{}).ReadMessages("How many rooms are there?", []retriever.Hit{hit}) {
		fmt.Printf("[%s]\n%s\n", message.Role, message.Content)
	}
	// Output:
	// [system]
	// Answer the question from the documents.
	// [user]
	// Document 1: The Blue Inn
	// It has nine rooms.
	//
	// Question: How many rooms are there?
}

// A model on an Ollama server; it needs no cgo.
func ExampleNewOllamaModel() {
	ctx := context.Background()
	model, err := ragft.NewOllamaModel(ctx, "llama3.2", ragft.OllamaOptions{ContextLength: 4096})
	if err != nil {
		log.Fatal(err) // says whether to start the server or to pull the model
	}
	index := exampleIndex(ctx)
	defer index.Close()
	assistant := ragft.NewAssistant(model, index, ragft.AssistantOptions{Careful: true})
	if _, err := assistant.Stream(ctx, "Who opened the Blue Inn?", func(piece string) { fmt.Print(piece) }); err != nil {
		log.Fatal(err)
	}
}
