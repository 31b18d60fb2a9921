package model

import (
	"time"
)

// Progress is the state of a generation after a batch.
type Progress struct {
	Done, Total     int // questions
	Accepted        int // of those done, with a row, before the cap on refusals
	Calls           int // requests made, those that a cache answered included
	Cached          int // requests that a [cache.Model] answered
	Tokens          int // generated tokens, those from the cache included
	Elapsed         time.Duration
	Remaining       time.Duration // of this phase, from its rate so far
	TokensPerSecond float64       // of generating, see [Cost]
}
