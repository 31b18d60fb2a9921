package question

import (
	"slices"
	"strconv"
)

// withIDs gives questions without an id their number as one, in a copy.
func WithIDs(questions []Question) []Question {
	out := slices.Clone(questions)
	for i := range out {
		if out[i].ID == "" {
			out[i].ID = "#" + strconv.Itoa(i+1)
		}
	}
	return out
}
