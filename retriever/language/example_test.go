package language_test

import (
	"context"
	"fmt"
	"log"

	"github.com/ragft/ragft/retriever"
	"github.com/ragft/ragft/retriever/language"
)

func Example() {
	ctx := context.Background()
	index, err := retriever.NewMemory(retriever.IndexOptions{Analyzer: retriever.Languages})
	if err != nil {
		log.Fatal(err)
	}
	defer index.Close()
	text := "Die Mühlen am Bach mahlen das Korn der Bauern, und der Müller wohnt mit seiner Familie neben dem Rad."
	chunks, err := retriever.Split(retriever.Document{Source: "mill.txt", Text: text}, retriever.SplitOptions{})
	if err != nil {
		log.Fatal(err)
	}
	if err := index.Add(ctx, chunks); err != nil {
		log.Fatal(err)
	}
	hits, err := index.Search(ctx, "Welche Mühle?", 1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(language.Detect(text), len(hits), "found")
	// Output: de 1 found
}
