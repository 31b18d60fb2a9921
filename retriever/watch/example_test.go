package watch_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/ragft/ragft/retriever/watch"
)

func ExampleFolder() {
	dir, err := os.MkdirTemp("", "notes")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	time.AfterFunc(50*time.Millisecond, func() {
		_ = os.WriteFile(filepath.Join(dir, "new.md"), []byte("The inn opens at nine."), 0o644)
	})
	// A program calls Index.Sync here.
	_ = watch.Folder(ctx, dir, watch.Options{Quiet: 50 * time.Millisecond}, func(context.Context) {
		if names, _ := filepath.Glob(filepath.Join(dir, "*.md")); len(names) > 0 {
			fmt.Println("changed:", filepath.Base(names[0]))
			cancel()
		}
	})
	// Output: changed: new.md
}
