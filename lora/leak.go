//go:build cgo

package lora

import "log/slog"

// leaked reports a Trainer that was never closed, and frees what it held.
func (e *engine) leaked() {
	if e.c != nil {
		slog.Error("lora: a Trainer was dropped without Close; its native memory is freed now")
		e.close()
	}
}
