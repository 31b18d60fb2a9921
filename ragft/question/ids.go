package question

import (
	"errors"
	"slices"
	"strconv"
)

// ErrNone means that there are no questions to work on.
var ErrNone = errors.New("no questions")

// WithIDs returns a copy of the questions in which those without an id have
// their place as one: #1 is the first. Where another question was given that id,
// a number follows: #1#2.
func WithIDs(questions []Question) []Question {
	out, given := slices.Clone(questions), map[string]bool{}
	for _, q := range questions {
		given[q.ID] = true
	}
	for i := range out {
		if out[i].ID != "" {
			continue
		}
		base := "#" + strconv.Itoa(i+1)
		id := base
		for n := 2; given[id]; n++ {
			id = base + "#" + strconv.Itoa(n)
		}
		out[i].ID, given[id] = id, true
	}
	return out
}
