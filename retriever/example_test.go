package retriever_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/ragft/ragft/retriever"
)

// A folder is indexed in memory and searched.
func Example() {
	ctx := context.Background()
	folder, err := os.MkdirTemp("", "retriever-example-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	for name, text := range map[string]string{
		"inn.md":    "# The Blue Heron\n\n## Rooms\n\nThe inn has nine rooms.\n\n## Owner\n\nMarta Quill owns it.\n",
		"ship.txt":  "The Petrel was built in 1902. She carries salt.",
		"photo.png": "\x89PNG",
	} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			log.Fatal(err)
		}
	}
	index, err := retriever.NewMemory(retriever.IndexOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer index.Close()
	report, err := index.Sync(ctx, folder, retriever.SyncOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(report.Added, report.Skipped)

	hits, err := index.Search(ctx, "Who is the owner of the inn?", 2)
	if err != nil {
		log.Fatal(err)
	}
	for _, h := range hits {
		fmt.Printf("%.2f %s [%d:%d] %q\n", h.Score, h.Title, h.Start, h.End, h.Text)
		for _, s := range h.Highlights {
			fmt.Printf("  %s\n", h.Text[s.Start:s.End])
		}
	}
	// Output:
	// [inn.md ship.txt] [unknown extension: .png]
	// 1.29 The Blue Heron > Owner [53:83] "## Owner\n\nMarta Quill owns it."
	//   Owner
	// 0.94 The Blue Heron > Rooms [0:51] "# The Blue Heron\n\n## Rooms\n\nThe inn has nine rooms."
	//   inn
}

// Split can be used without an index.
func ExampleSplit() {
	doc := retriever.Document{Source: "a.txt", Text: "Ada built a mill. It burned down. Bo built it again."}
	chunks, err := retriever.Split(doc, retriever.SplitOptions{By: retriever.Sentences, Size: 2, Overlap: 1})
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range chunks {
		fmt.Println(c.Start, c.End, c.Text)
	}
	// Output:
	// 0 33 Ada built a mill. It burned down.
	// 18 52 It burned down. Bo built it again.
}
