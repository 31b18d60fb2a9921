package question

import (
	"errors"
	"fmt"
)

// ErrNoQuestions means that there was nothing to generate from.
var ErrNone = errors.New("no questions")

// uniqueIDs matters because seeds and rows are keyed by the id.
func CheckIDs(questions []Question) error {
	seen := make(map[string]bool, len(questions))
	for i, q := range questions {
		if q.ID == "" {
			return fmt.Errorf("question %d (%q) has no id", i+1, q.Question)
		}
		if seen[q.ID] {
			return fmt.Errorf("two questions have the id %q", q.ID)
		}
		seen[q.ID] = true
	}
	return nil
}
