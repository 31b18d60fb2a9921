package retriever_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/ragft/ragft/retriever"
)

// An index on disk is brought up to date after the documents have changed.
func ExampleIndex_Sync() {
	dir, err := os.MkdirTemp("", "retriever-example-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	notes := filepath.Join(dir, "notes")
	write := func(name, text string) {
		if err := os.MkdirAll(notes, 0o755); err != nil {
			log.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(notes, name), []byte(text), 0o644); err != nil {
			log.Fatal(err)
		}
	}
	write("mill.txt", "The mill is run by Mara Venn.")
	write("ship.txt", "The Petrel carries salt.")

	ctx := context.Background()
	path := filepath.Join(dir, "notes.index")
	index, err := retriever.Create(path, retriever.IndexOptions{})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := index.Sync(ctx, notes, retriever.SyncOptions{}); err != nil {
		log.Fatal(err)
	}
	if err := index.Close(); err != nil {
		log.Fatal(err)
	}

	write("mill.txt", "The mill is run by Orrin Vale.") // changed
	os.Remove(filepath.Join(notes, "ship.txt"))         // gone

	index, err = retriever.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	defer index.Close()
	report, err := index.Sync(ctx, notes, retriever.SyncOptions{})
	if err != nil {
		log.Fatal(err)
	}
	hits, err := index.Search(ctx, "Who runs the mill?", 3)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(report.Changed, report.Removed, index.Len(), hits[0].Text)
	// Output: [mill.txt] [ship.txt] 1 The mill is run by Orrin Vale.
}
