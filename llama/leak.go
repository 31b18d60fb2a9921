//go:build cgo

package llama

import (
	"fmt"
	"log/slog"
	"runtime"
	"sync/atomic"
)

// A leak notices that an object with memory outside Go was never closed. It does not close it: the
// collector runs late or not at all, and a program that leans on it runs out of memory.
type leak struct {
	kind, where string
	closed      atomic.Bool
}

// onLeak is called, on a goroutine of the runtime, for an object that nobody can close any more. The
// package's tests replace it.
var onLeak atomic.Value // func(*leak)

// watch looks after object, which the caller of the caller is opening. The cleanup does not reach the
// object, so that cycles, such as a model and its contexts, do not keep it from running.
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
