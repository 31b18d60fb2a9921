package judge

import (
	"errors"
)

// ErrNothingToEvaluate is returned by [eval.Run] without systems or questions.
var ErrNothingToEvaluate = errors.New("ragft: nothing to evaluate")
