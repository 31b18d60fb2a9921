package eval

import "errors"

// ErrNothing means that there is nothing to evaluate: no systems, no questions,
// or nothing else to measure.
var ErrNothing = errors.New("nothing to evaluate")
