package rows_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/ragft/ragft/ragft/rows"
)

func ExampleRead() {
	r, err := rows.Read(strings.NewReader(`
{"messages": [{"role": "user", "content": "Is it open?"}, {"role": "assistant", "content": "From nine to five."}], "rejected": ["Maybe."]}
{"text": "Plain text, all of it to be learnt."}`))
	if err != nil {
		log.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "ragft-example-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "rows.jsonl")
	if err := rows.WriteFile(path, r); err != nil {
		log.Fatal(err)
	}
	r, err = rows.ReadFile(path)
	fmt.Println(len(r), r[0].Response(), len(r[0].Rejected), r[1].Text, err)
	// Output: 2 From nine to five. 1 Plain text, all of it to be learnt. <nil>
}
