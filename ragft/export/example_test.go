package export_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/ragft/ragft/ragft/export"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/rows"
)

// Rows are written for Hugging Face TRL, with a script that trains on them.
func ExampleTRL() {
	dir, err := os.MkdirTemp("", "export-example-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	training := []rows.Row{{ID: "1", Messages: []model.Message{
		{Role: model.RoleUser, Content: "Who runs the mill?"},
		{Role: model.RoleAssistant, Content: "Orrin Vale."},
	}}}
	files, err := export.TRL(dir, training, export.Recipe{Base: "meta-llama/Llama-3.2-1B-Instruct", Epochs: 3})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(files.RowCount, "row in", filepath.Base(files.Rows))
	fmt.Println("accelerate launch", filepath.Base(files.Configs[0]))
	// After the training: export.FromPEFT(filepath.Join(dir, "adapter-rows"), "base.gguf", "adapter.gguf")

	// Output:
	// 1 row in rows.jsonl
	// accelerate launch rows_trl.py
}
