package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"sync"
)

// logHandler writes messages for people: the level in words, no time.
// It is safe for concurrent use.
type logHandler struct {
	slog.Handler // writes attributes to line
	mu           *sync.Mutex
	line         *bytes.Buffer
	w            io.Writer
}

func newLog(w io.Writer, level slog.Level) *logHandler {
	line := &bytes.Buffer{}
	text := slog.NewTextHandler(line, &slog.HandlerOptions{Level: level, ReplaceAttr: func(groups []string, attr slog.Attr) slog.Attr {
		if len(groups) == 0 && (attr.Key == slog.TimeKey || attr.Key == slog.LevelKey || attr.Key == slog.MessageKey) {
			return slog.Attr{}
		}
		return attr
	}})
	return &logHandler{Handler: text, mu: &sync.Mutex{}, line: line, w: w}
}

func (l *logHandler) Handle(ctx context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.line.Reset()
	if err := l.Handler.Handle(ctx, r); err != nil {
		return err
	}
	text := r.Message
	switch {
	case r.Level >= slog.LevelError:
		text = "error: " + text
	case r.Level >= slog.LevelWarn:
		text = "warning: " + text
	}
	if attributes := bytes.TrimSpace(l.line.Bytes()); len(attributes) > 0 {
		text += " (" + string(attributes) + ")"
	}
	_, err := io.WriteString(l.w, text+"\n")
	return err
}

func (l *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	other := *l
	other.Handler = l.Handler.WithAttrs(attrs)
	return &other
}

func (l *logHandler) WithGroup(name string) slog.Handler {
	other := *l
	other.Handler = l.Handler.WithGroup(name)
	return &other
}
