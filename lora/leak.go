//go:build cgo

package lora

import (
	"log/slog"

	"github.com/ragft/ragft/lora/internal/engine"
)

// leaked reports a Trainer that was never closed, and frees what it held.
func leaked(e *engine.Engine) {
	if !e.Closed() {
		slog.Error("lora: a Trainer was dropped without Close; its native memory is freed now")
		e.Close()
	}
}
