package dataset_test

import (
	"fmt"
	"log"
	"strings"

	"github.com/ragft/ragft/ragft/question/dataset"
)

// A set is read in the format in which it was published.
func Example() {
	file := `{"version": "v2.0", "data": [{"title": "Inn", "paragraphs": [{
		"context": "The Blue Inn was opened by Ann Lee.",
		"qas": [
			{"id": "1", "question": "Who opened the inn?", "is_impossible": false, "answers": [{"text": "Ann Lee", "answer_start": 27}]},
			{"id": "2", "question": "Who closed the inn?", "is_impossible": true, "answers": []}]}]}]}`
	set, err := dataset.Read(strings.NewReader(file), dataset.Detect) // dataset.ReadFile for a file
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(set.Format, len(set.Documents()), "document")
	for _, q := range set.Questions() {
		fmt.Printf("%s %q %v\n", q.Question, q.Answer, q.Unanswerable)
	}
	// Output:
	// squad 1 document
	// Who opened the inn? "Ann Lee" false
	// Who closed the inn? "" true
}
