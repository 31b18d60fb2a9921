//go:build cgo

package llama

// #include "shim.h"
import "C"

import (
	"log/slog"
	"sync"

	"github.com/ragft/ragft/internal/llamacpp" // also links llama.cpp
)

// SetLogger sends llama.cpp's log to l, for the whole process: llama.cpp has one log only. nil, the
// default, stands for what [slog.Default] returns at the time of each line. llama.cpp's information
// has level Debug, its warnings Warn, its errors Error; errors that a function of this package
// returns are logged at Debug only. Safe for concurrent use.
func SetLogger(l *slog.Logger) { llamacpp.SetLogger(l) }

var start = sync.OnceFunc(func() { C.ragft_init() })
