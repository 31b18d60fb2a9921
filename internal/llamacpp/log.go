package llamacpp

// #include "log.h"
import "C"

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
)

var (
	logger  atomic.Pointer[slog.Logger] // nil: slog.Default()
	pending struct {
		sync.Mutex
		level slog.Level
		text  strings.Builder
	}
)

func init() { C.ragft_log_install() }

// SetLogger sends llama.cpp's log to l; nil stands for slog.Default. llama.cpp has one log for the whole process.
func SetLogger(l *slog.Logger) { logger.Store(l) }

// ggml's levels: none, debug, info, warn, error, continuation of the last message. Its info is chatter about
// tensors and buffers, so it counts as debug here.
var levels = []slog.Level{slog.LevelDebug, slog.LevelDebug, slog.LevelDebug, slog.LevelWarn, slog.LevelError}

//export ragftLog
func ragftLog(level C.int, text *C.char) {
	// llama.cpp waits below this frame: a panic of the handler must not unwind it.
	defer func() { _ = recover() }()
	pending.Lock()
	defer pending.Unlock()
	if int(level) < len(levels) {
		pending.level = levels[level]
	}
	pending.text.WriteString(C.GoString(text))
	s := pending.text.String()
	if !strings.HasSuffix(s, "\n") && len(s) < 1<<16 {
		return // to be continued
	}
	pending.text.Reset()
	l := logger.Load()
	if l == nil {
		l = slog.Default()
	}
	for line := range strings.Lines(s) {
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			l.Log(context.Background(), pending.level, line, "source", "llama.cpp")
		}
	}
}
