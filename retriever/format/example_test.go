package format_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/ragft/ragft/retriever"
	"github.com/ragft/ragft/retriever/format"
)

// card reads "TITLE|LINE|LINE".
type card struct{}

func (card) Read(_ context.Context, _, data string) (retriever.Document, error) {
	title, lines, _ := strings.Cut(data, "|")
	var b format.Builder
	for line := range strings.SplitSeq(lines, "|") {
		b.Paragraph(line)
	}
	return b.Done(title)
}

func ExampleRegister() {
	format.Register(format.Format{Name: "recipe card", Extensions: []string{".card"}, Reader: card{}})
	doc, found, err := format.Read(context.Background(), "soup.card", "Leek soup|Boil leeks.|Add cream.")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(found, doc.Title)
	fmt.Println(doc.Text)
	// Output:
	// true Leek soup
	// Boil leeks.
	//
	// Add cream.
}
