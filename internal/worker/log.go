package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
)

// entry is a line of the log on its way to the host.
type entry struct {
	Level   int    `json:"level"`
	Message string `json:"message"`
	Attrs   []attr `json:"attrs,omitempty"` // in order, with the names of their groups
}

type attr struct {
	Key   string          `json:"key"`
	Value json.RawMessage `json:"value"`
}

// handler sends log lines to the host.
type handler struct {
	out   *sender
	level slog.Level
	group string // of the names, with a point behind each
	attrs []attr
}

func (h *handler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level }

func (h *handler) Handle(_ context.Context, r slog.Record) error {
	e := &entry{Level: int(r.Level), Message: r.Message, Attrs: h.attrs[:len(h.attrs):len(h.attrs)]}
	r.Attrs(func(a slog.Attr) bool {
		e.Attrs = appendAttr(e.Attrs, h.group, a)
		return true
	})
	return h.out.send(message{Log: e})
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	other := *h
	other.attrs = h.attrs[:len(h.attrs):len(h.attrs)]
	for _, a := range attrs {
		other.attrs = appendAttr(other.attrs, h.group, a)
	}
	return &other
}

func (h *handler) WithGroup(name string) slog.Handler {
	other := *h
	if name != "" {
		other.group += name + "."
	}
	return &other
}

func appendAttr(list []attr, group string, a slog.Attr) []attr {
	v := a.Value.Resolve()
	if a.Equal(slog.Attr{}) {
		return list
	}
	if v.Kind() == slog.KindGroup {
		if a.Key != "" {
			group += a.Key + "."
		}
		for _, inner := range v.Group() {
			list = appendAttr(list, group, inner)
		}
		return list
	}
	value := v.Any()
	switch v.Kind() {
	case slog.KindDuration, slog.KindTime:
		value = v.String()
	case slog.KindAny:
		switch x := value.(type) {
		case error:
			value = x.Error()
		case fmt.Stringer:
			value = x.String()
		}
	}
	text, err := json.Marshal(value)
	if err != nil { // such as an infinite number
		text, _ = json.Marshal(v.String())
	}
	return append(list, attr{group + a.Key, text})
}

// log writes a line of the child into the host's log.
func (e *entry) log(ctx context.Context, l *slog.Logger) {
	attrs := make([]slog.Attr, len(e.Attrs))
	for i, a := range e.Attrs {
		attrs[i] = slog.Any(a.Key, a.value())
	}
	l.LogAttrs(ctx, slog.Level(e.Level), e.Message, attrs...)
}

func (a *attr) value() (v any) {
	d := json.NewDecoder(bytes.NewReader(a.Value))
	d.UseNumber() // whole numbers are to stay so
	if d.Decode(&v) != nil {
		return string(a.Value)
	}
	if n, ok := v.(json.Number); ok {
		if i, err := n.Int64(); err == nil {
			return i
		}
		f, _ := n.Float64()
		return f
	}
	return v
}

// lowest is the lowest level that a logger takes.
func lowest(ctx context.Context, l *slog.Logger) slog.Level {
	for _, level := range []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn} {
		if l.Enabled(ctx, level) {
			return level
		}
	}
	return slog.LevelError
}
