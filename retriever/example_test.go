package retriever_test

import (
	"context"
	"fmt"
	"log"
	"testing/fstest"

	"github.com/ragft/ragft/retriever"
)

// A folder is indexed in memory and searched.
func Example() {
	ctx := context.Background()
	folder := fstest.MapFS{ // os.DirFS("docs") in real use
		"inn.md":    {Data: []byte("# The Blue Heron\n\n## Rooms\n\nThe inn has nine rooms.\n\n## Owner\n\nMarta Quill owns it.\n")},
		"ship.txt":  {Data: []byte("The Petrel was built in 1902. She carries salt.")},
		"photo.png": {Data: []byte{0x89, 'P', 'N', 'G'}},
	}
	index, err := retriever.NewMemory(retriever.IndexOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer index.Close()
	report, err := index.AddFS(ctx, folder, retriever.AddOptions{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(report)

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
	// 2 documents from 2 files (1 kB), 1 skipped (1 unknown extension)
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
