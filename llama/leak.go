//go:build cgo

package llama

import (
	"fmt"
	"log/slog"
	"runtime"
	"sync/atomic"
)

// leak detects that an object with memory outside Go's heap was never closed. It does not close the object: the garbage
// collector may run late or never, so a program that relied on it could run out of memory.
type leak struct {
	kind, where string
	closed      atomic.Bool
}

// onLeak is called, on a goroutine of the runtime, for an object that was never closed and cannot be any more. Tests of this
// package set it.
var onLeak atomic.Value // func(*leak)

// watch watches an object that the caller's caller is opening. The cleanup does not refer to the object, so that it also runs
// for cycles, such as a model and its contexts.
func watch[T any](object *T, kind string) *leak {
	l := &leak{kind: kind, where: "unknown"}
	if _, file, line, ok := runtime.Caller(2); ok {
		l.where = fmt.Sprintf("%s:%d", file, line)
	}
	runtime.AddCleanup(object, func(l *leak) {
		if l.closed.Load() {
			return
		}
		if f, ok := onLeak.Load().(func(*leak)); ok {
			f(l)
			return
		}
		slog.Warn("llama: never closed", "what", l.kind, "opened at", l.where)
	}, l)
	return l
}

// done is called when the object is closed.
func (l *leak) done() { l.closed.Store(true) }
