package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode/utf8"
)

// visible writes text with its control characters escaped, but for line ends and tabs, so that names of files, titles and
// answers cannot command a terminal. A terminal obeys ESC and the like, and U+007F to U+009F as well. In JSON the escapes are
// those of JSON. It is safe for concurrent use.
type visible struct {
	w io.Writer

	mu   sync.Mutex
	held []byte // the beginning of a character
}

// Write implements [io.Writer].
func (v *visible) Write(p []byte) (int, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	text := append(v.held, p...)
	v.held = nil
	out := make([]byte, 0, len(text))
	for len(text) > 0 {
		if !utf8.FullRune(text) {
			v.held = append([]byte{}, text...)
			break
		}
		r, size := utf8.DecodeRune(text)
		switch {
		case r == '\n' || r == '\t':
			out = append(out, byte(r))
		case r == '\r':
			out = append(out, `\r`...)
		case r < ' ' || r == utf8.RuneError && size == 1: // neither stands in JSON
			out = fmt.Appendf(out, `\x%02x`, text[0])
		case r >= 0x7f && r < 0xa0:
			out = fmt.Appendf(out, `\u%04x`, r)
		default:
			out = append(out, text[:size]...)
		}
		text = text[size:]
	}
	if _, err := v.w.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}

// harmless is a text as [visible] writes it, in one line.
func harmless(text string) string {
	var out strings.Builder
	fmt.Fprint(&visible{w: &out}, text)
	return strings.Join(strings.Fields(out.String()), " ")
}
