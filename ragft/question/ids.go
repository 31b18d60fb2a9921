package question

import (
	"errors"
	"slices"
	"strconv"
)

// ErrNone means that there are no questions to work on.
var ErrNone = errors.New("no questions")

// WithIDs returns a copy of the questions in which those without an id have
// their place as one: #1 is the first.
func WithIDs(questions []Question) []Question {
	out := slices.Clone(questions)
	for i := range out {
		if out[i].ID == "" {
			out[i].ID = "#" + strconv.Itoa(i+1)
		}
	}
	return out
}
