package prompt_test

import (
	"fmt"

	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/retriever"
)

func ExampleSet_ReadMessages() {
	hit := retriever.Hit{Chunk: retriever.Chunk{Title: "The Blue Inn", Text: "It has nine rooms."}}
	for _, message := range (prompt.Set{}).ReadMessages("How many rooms are there?", []retriever.Hit{hit}) {
		fmt.Printf("[%s]\n%s\n", message.Role, message.Content)
	}
	// Output:
	// [system]
	// You answer questions from documents.
	// [user]
	// Document 1: The Blue Inn
	// It has nine rooms.
	//
	// Answer the question from the documents in a few words.
	// Question: How many rooms are there?
}
