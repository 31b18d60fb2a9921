package answer_test

import (
	"fmt"

	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/retriever"
)

func ExampleCite() {
	text := "The Blue Inn stands in Dunmore. It was opened in 1912 by Ann Lee."
	hits := []retriever.Hit{{Chunk: retriever.Chunk{ID: "1", Source: "inn.md", Text: text, End: len(text)}}}
	citations, unfound := answer.Cite("Who opened the inn?", `Ann Lee: "opened in 1912 by Ann Lee" [1], "and by Tom Fox" too`, hits)
	for _, c := range citations {
		fmt.Printf("%s, bytes %d to %d: %s\n", c.Source, c.Start, c.End, c.Quote)
	}
	fmt.Println("in no passage:", unfound)
	// Output:
	// inn.md, bytes 39 to 64: opened in 1912 by Ann Lee
	// in no passage: [and by Tom Fox]
}

func ExampleIsRefusal() {
	for _, text := range []string{"The documents do not say.", "Built in 1912. The documents do not name the builder."} {
		fmt.Println(answer.IsRefusal(text))
	}
	// Output:
	// true
	// false
}
