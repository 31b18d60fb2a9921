package archive

import (
	"encoding/xml"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"

	"github.com/ragft/ragft/internal/charsets"
)

// Decoder reads XML in any encoding, and as leniently as HTML.
func Decoder(text string) *xml.Decoder {
	d := xml.NewDecoder(strings.NewReader(legal(inUTF8(text))))
	d.Strict = false
	d.Entity = xml.HTMLEntity
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // it is UTF-8 by now
	return d
}

var (
	declared = regexp.MustCompile(`^\s*<\?xml[^>]*\sencoding\s*=\s*["']([^"'>]+)["']`)
	version  = regexp.MustCompile(`^(\s*<\?xml\s+version\s*=\s*["'])1\.[1-9]`)
	number   = regexp.MustCompile(`&#(x[0-9A-Fa-f]+|[0-9]+);`)
)

// inUTF8 is XML in UTF-8. What it declares is not followed where the text shows that it cannot be: many programs declare UTF-16 and
// write UTF-8.
func inUTF8(text string) string {
	if strings.IndexByte(text[:min(len(text), 1024)], 0) >= 0 {
		if decoded, ok := charsets.Text(text); ok {
			return decoded
		}
		return text
	}
	text = strings.TrimPrefix(text, "\ufeff")
	m := declared.FindStringSubmatch(text[:min(len(text), 1024)])
	if m == nil {
		return text
	}
	e, name := charset.Lookup(m[1])
	if e == nil || name == "utf-8" || strings.HasPrefix(name, "utf-16") {
		return text
	}
	if decoded, err := e.NewDecoder().String(text); err == nil {
		return decoded
	}
	return text
}

// legal replaces the characters that XML 1.0 does not allow, and the number of a later version: one of them would cost the whole
// text.
func legal(text string) string {
	head := text[:min(len(text), 1024)]
	if lower := version.ReplaceAllString(head, "${1}1.0"); lower != head {
		text = lower + text[len(head):]
	}
	allowed := func(r rune) bool {
		return r >= ' ' && r != 0xfffe && r != 0xffff || r == '\t' || r == '\n' || r == '\r'
	}
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !allowed(r) }) {
		text = strings.Map(func(r rune) rune {
			if allowed(r) {
				return r // U+FFFD for a byte that is no character
			}
			return ' '
		}, text)
	}
	if !strings.Contains(text, "&#") {
		return text
	}
	return number.ReplaceAllStringFunc(text, func(s string) string {
		digits, base := s[2:len(s)-1], 10
		if digits[0] == 'x' {
			digits, base = digits[1:], 16
		}
		if n, err := strconv.ParseInt(digits, base, 32); err != nil || !allowed(rune(n)) || !utf8.ValidRune(rune(n)) {
			return " "
		}
		return s
	})
}
