package cache_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/model/cache"
)

func ExampleOpen() {
	dir, err := os.MkdirTemp("", "cache")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	for range 2 { // as in two runs of a program
		m, err := cache.Open(fixture.Reader{}, dir)
		if err != nil {
			log.Fatal(err)
		}
		responses, err := m.Chat(context.Background(), []model.Request{
			{Messages: fixture.ClosedPrompt("Who opened the Blue Inn?")},
		})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("from the cache:", responses[0].Cached)
		if err := m.Close(); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// from the cache: false
	// from the cache: true
}
