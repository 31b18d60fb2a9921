//go:build cgo

package llama

// #include "shim.h"
import "C"

import (
	"log/slog"
	"sync"

	"github.com/ragft/ragft/internal/llamacpp" // also links llama.cpp
)

// SetLogger sends llama.cpp's log to l, for the whole process, as llama.cpp has only one log. Nil, the default, means
// [slog.Default] at the time of each line. Information of llama.cpp has the level Debug, warnings Warn and errors Error; errors
// that a function of this package returns are logged at level Debug. It is safe for concurrent use.
func SetLogger(l *slog.Logger) { llamacpp.SetLogger(l) }

var start = sync.OnceFunc(func() { C.ragft_init() })
