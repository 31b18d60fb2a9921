// Package plain reads texts without an extension, such as README and LICENSE. Importing
// the package registers the format.
package plain

import (
	"path"
	"strings"
	"unicode/utf8"

	"github.com/ragft/ragft/internal/charsets"
	"github.com/ragft/ragft/retriever"
	"github.com/ragft/ragft/retriever/format"
)

func init() {
	format.Register(format.Format{Name: "text", Reader: retriever.TextReader(retriever.Text), Matches: func(name string, head []byte) bool {
		base := path.Base(name)
		return (path.Ext(base) == "" || strings.HasPrefix(base, ".")) && isText(head)
	}})
}

// isText reports whether the first bytes are UTF-8, or UTF-16, and no program.
func isText(head []byte) bool {
	if charsets.Binary(head) || len(head) == 0 {
		return false
	}
	_, ok := charsets.Text(string(head[:whole(head)]))
	return ok
}

// whole is the length without a last character that was cut.
func whole(head []byte) int {
	for n := len(head); n > max(0, len(head)-utf8.UTFMax); n-- {
		if r, size := utf8.DecodeLastRune(head[:n]); r != utf8.RuneError || size != 1 {
			return n
		}
	}
	return len(head)
}
