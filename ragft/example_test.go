package ragft_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/ragft/ragft/ragft"
)

// From a folder and a model to a tuned assistant. Called again, Run does only
// what is missing.
func Example() {
	ctx := context.Background()
	p, err := ragft.Open(ctx, ragft.Config{Dir: "notes.ragft", Documents: "notes", Model: "base.gguf"})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	if err := p.Run(ctx); err != nil {
		log.Fatal(err)
	}
	a, err := p.Assistant(ctx)
	if err != nil {
		log.Fatal(err)
	}
	answer, err := a.Answer(ctx, "Who keeps the light?")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer.Text)
}

// Steps can be called alone, and do nothing while nothing changed.
func ExampleProject_Index() {
	dir, err := os.MkdirTemp("", "ragft")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	note := filepath.Join(dir, "light.md")
	if err := os.WriteFile(note, []byte("# The light\n\nMara Venn keeps the light.\n"), 0o644); err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	p, err := ragft.Open(ctx, ragft.Config{Dir: filepath.Join(dir, "project"), Documents: note})
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	for range 2 {
		r, err := p.Index(ctx)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(r.Documents, "document,", r.Passages, "passage, up to date:", r.UpToDate)
	}
	steps, err := p.Status(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(steps[0].Step, "is", steps[0].State)
	// Output:
	// 1 document, 1 passage, up to date: false
	// 1 document, 1 passage, up to date: true
	// index is up to date
}

// Set sets a key of the project file, as the command's --set does.
func ExampleConfig_Set() {
	var c ragft.Config
	fmt.Println(c.Set("train.epochs", "2"), c.Train.Epochs)
	fmt.Println(c.Set("train.epoch", "2"))
	// Output:
	// <nil> 2
	// unknown key train.epoch; did you mean train.epochs?
}
