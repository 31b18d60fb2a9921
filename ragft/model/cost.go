package model

import (
	"fmt"
	"time"

	"github.com/ragft/ragft/internal/plural"
)

// Cost is what a recipe takes: an upper bound from Estimate, or what it took.
type Cost struct {
	Calls   int           `json:"calls"`   // requests of the model, those that a cache answered included
	Cached  int           `json:"cached"`  // of these, answered by a cache
	Tokens  int           `json:"tokens"`  // generated
	Elapsed time.Duration `json:"elapsed"` // of this run, nanoseconds; 0 in an estimate

	// Generating is the time that the model took for the calls, nanoseconds; of
	// what a [cache.Model] answered, when it was generated. 0 in an estimate.
	Generating time.Duration `json:"generating"`
	// SecondsPerRow is the longer of Elapsed and Generating by the rows that came
	// out, so that a run from the cache does not look cheap; 0 where there is no
	// row, and in an estimate.
	SecondsPerRow float64 `json:"seconds_per_row,omitempty"`
}

// add sums up costs, but for those of a row.
func (c *Cost) Add(other Cost) {
	c.Calls += other.Calls
	c.Cached += other.Cached
	c.Tokens += other.Tokens
	c.Elapsed += other.Elapsed
	c.Generating += other.Generating
}

// perRow fills in the seconds of a row.
func (c *Cost) PerRow(rows int) {
	if c.SecondsPerRow = 0; rows > 0 {
		c.SecondsPerRow = max(c.Elapsed, c.Generating).Seconds() / float64(rows)
	}
}

// String is the cost in words.
func (c Cost) String() string {
	s := fmt.Sprintf("%s, %s", plural.N(c.Calls, "call"), plural.N(c.Tokens, "token"))
	if c.Cached > 0 {
		s += fmt.Sprintf(", %d answered by the cache", c.Cached)
	}
	if c.Elapsed > 0 {
		s += fmt.Sprintf(", %s", c.Elapsed.Round(time.Millisecond))
		if c.Cached > 0 && c.Generating > 0 {
			s += fmt.Sprintf(" (%s with what the cache saved)", c.Generating.Round(time.Millisecond))
		}
		if c.SecondsPerRow > 0 {
			s += fmt.Sprintf(", %.2f s a row", c.SecondsPerRow)
		}
	}
	return s
}
