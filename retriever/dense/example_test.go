package dense_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/ragft/ragft/retriever"
	"github.com/ragft/ragft/retriever/dense"
)

// topics stands in for an embedding model, such as that of package local: one number for each topic.
type topics struct{}

func (topics) ID() string { return "topics" }

func (topics) Query(_ context.Context, text string) ([]float32, error) {
	v := []float32{0.1, 0.1}
	if strings.Contains(text, "eat") || strings.Contains(text, "soup") {
		v[0] = 1
	}
	if strings.Contains(text, "sleep") || strings.Contains(text, "beds") {
		v[1] = 1
	}
	return v, nil
}

func (t topics) Passages(ctx context.Context, texts []string) ([][]float32, error) {
	out := make([][]float32, len(texts))
	for i, text := range texts {
		out[i], _ = t.Query(ctx, text)
	}
	return out, nil
}

func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "vectors")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	index, err := retriever.NewMemory(retriever.IndexOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer index.Close()
	err = index.Add(ctx, []retriever.Chunk{
		{ID: "1", Source: "kitchen.md", Text: "The soup is hot at noon."},
		{ID: "2", Source: "rooms.md", Text: "All beds are upstairs."},
	})
	if err != nil {
		log.Fatal(err)
	}
	path := filepath.Join(dir, "vectors")
	if _, err := dense.Update(ctx, path, index, topics{}, dense.UpdateOptions{}); err != nil {
		log.Fatal(err)
	}
	vectors, err := dense.Open(path, topics{})
	if err != nil {
		log.Fatal(err)
	}
	search, err := dense.NewSearch(index, dense.Options{Vectors: vectors, Embedder: topics{}})
	if err != nil {
		log.Fatal(err)
	}
	hits, err := search.Search(ctx, "Where do guests sleep?", 1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(hits[0].Source)
	// Output: rooms.md
}
