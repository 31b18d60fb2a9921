package reading

import (
	"errors"
)

// ErrTooLittleText means that a corpus is too small for what was asked.
var ErrTooLittleText = errors.New("too little text")
