// Package charsets turns text in any encoding into UTF-8.
package charsets

import (
	"bytes"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/gogs/chardet"
	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
)

// utf8Mark is the byte order mark of UTF-8.
const utf8Mark = "\xef\xbb\xbf"

// headBytes is how much of a text is looked at to find which encoding it resembles.
const headBytes = 64 << 10

// Text returns a text as UTF-8, without a byte order mark, or false if it is no
// text. The encoding is the one of the mark, else UTF-8 if the text is valid, else
// the one that it resembles. A few broken characters do not matter.
func Text(data string) (string, bool) {
	return decode(data, "")
}

// Unmarked returns a file that is UTF-8 without its byte order mark. A file that its
// mark declares as UTF-16 or UTF-32 is decoded.
func Unmarked(data []byte) []byte {
	_, _, other := marked(string(data[:min(len(data), 4)]))
	if !other && !bytes.HasPrefix(data, []byte(utf8Mark)) {
		return data
	}
	if text, ok := decode(string(data), ""); ok {
		return []byte(text)
	}
	return bytes.TrimPrefix(data, []byte(utf8Mark))
}

// HTML is Text for a page, which may declare its encoding in a meta tag or an XML
// declaration. A page in valid UTF-8 with characters beyond ASCII is UTF-8, whatever
// it declares. Without any sign, it is windows-1252, as in a browser.
func HTML(data string) (string, bool) {
	declared := declaration(data)
	if text, ok := decode(data, declared); ok {
		return text, true
	}
	if strings.IndexByte(data, 0) >= 0 {
		return "", false
	}
	e, _ := charset.Lookup("windows-1252")
	return with(e, strings.TrimPrefix(data, utf8Mark))
}

var (
	metaTag = regexp.MustCompile(`(?i)<meta[^>]+charset\s*=`)
	xmlHead = regexp.MustCompile(`(?i)^\s*<\?xml[^>]+encoding\s*=\s*["']([^"']+)["']`)
)

// declaration returns the name of the encoding that a page declares, or "".
func declaration(data string) string {
	head := data[:min(len(data), 4096)]
	if m := xmlHead.FindStringSubmatch(head); m != nil {
		return m[1]
	}
	if at := metaTag.FindStringIndex(head); at != nil {
		// Only the first 1024 bytes are searched there.
		from := max(0, min(at[0], at[1]-512))
		_, name, _ := charset.DetermineEncoding([]byte(head[from:]), "")
		return name
	}
	return ""
}

// Binary reports whether the first bytes of a file show that it is no text.
func Binary(head []byte) bool {
	s := string(head)
	if strings.IndexByte(s, 0) < 0 {
		return false
	}
	_, _, ok := marked(s)
	if !ok {
		_, ok = unmarked(s)
	}
	return !ok
}

func decode(data, declared string) (string, bool) {
	if rest, ok := strings.CutPrefix(data, utf8Mark); ok {
		if mended := strings.ToValidUTF8(rest, "\uFFFD"); fewBroken(rest, mended) {
			return mended, isText(strings.ToValidUTF8(rest, ""))
		}
		data = rest // it is not what the mark says
	}
	if w, rest, ok := marked(data); ok {
		return w.decode(rest)
	}
	if w, ok := unmarked(data[:min(len(data), headBytes)]); ok {
		return w.decode(data)
	}
	if strings.IndexByte(data, 0) >= 0 {
		return "", false
	}
	if utf8.ValidString(data) {
		if e := stateful(data, declared); e != nil {
			return with(e, data)
		}
		return data, true
	}
	if nearlyUTF8(data) {
		return strings.ToValidUTF8(data, "\uFFFD"), true
	}
	if declared != "" {
		e, _ := charset.Lookup(declared)
		if text, ok := with(e, data); ok {
			return text, true
		}
	}
	return detected(data)
}

// fewBroken reports whether hardly any characters of a text had to be replaced.
func fewBroken(text, mended string) bool {
	broken := strings.Count(mended, "\uFFFD") - strings.Count(text, "\uFFFD")
	return broken <= 1 || broken*50 <= len(text)
}

// with decodes; what comes out must be text.
func with(e encoding.Encoding, data string) (string, bool) {
	if e == nil {
		return "", false
	}
	text, err := e.NewDecoder().String(data)
	return text, err == nil && utf8.ValidString(text) && isText(text)
}

// isText reports whether a text has no control characters that only binary files
// have, and few replaced characters.
func isText(text string) bool {
	bad := 0
	for _, r := range text[:min(len(text), headBytes)] {
		switch {
		case r == 0:
			return false
		case r < 0x20 && r != '\t' && r != '\n' && r != '\r' && r != '\f' && r != 0x1b, r >= 0x7f && r < 0xa0, r == utf8.RuneError:
			bad++
		}
	}
	return bad*50 <= min(len(text), headBytes)
}

// stateful returns the encoding of a text that is ASCII but for escape sequences
// that switch to other alphabets, such as ISO-2022-JP.
func stateful(data, declared string) encoding.Encoding {
	switches := func(code string) bool { return strings.Contains(data, "\x1b"+code) }
	if !switches("$") && !switches("(") || firstHigh(data) < len(data) {
		return nil
	}
	if e, name := charset.Lookup(declared); name == "iso-2022-jp" {
		return e
	}
	found, err := chardet.NewTextDetector().DetectBest(around(data, strings.IndexByte(data, 0x1b)))
	if err == nil && found.Charset == "ISO-2022-JP" {
		e, _ := charset.Lookup("iso-2022-jp")
		return e
	}
	return nil
}

// nearlyUTF8 reports whether a text is UTF-8 with a few broken characters.
func nearlyUTF8(data string) bool {
	valid, broken := 0, 0
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRuneInString(data[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			broken++
		case n > 1:
			valid++
		}
		i += n
	}
	return valid > 4*broken
}

// firstHigh is the place of the first byte that is not ASCII, or the length.
func firstHigh(data string) int {
	for i := range len(data) {
		if data[i] >= utf8.RuneSelf {
			return i
		}
	}
	return len(data)
}

// around returns the part of a text in which a byte stands, without much of what is before it.
func around(data string, at int) []byte {
	start := max(0, at-256)
	return []byte(data[start:min(len(data), start+headBytes)])
}

// detected decodes a text as what its bytes resemble.
func detected(data string) (string, bool) {
	part := around(data, firstHigh(data))
	high := 0
	for _, b := range part {
		if b >= utf8.RuneSelf {
			high++
		}
	}
	if high*10 > len(part)*3 {
		if e := unlisted(part); e != nil {
			return with(e, data)
		}
	}
	found, err := chardet.NewTextDetector().DetectBest(part)
	if err == nil && found.Confidence >= 20 && found.Charset != "UTF-8" {
		e, _ := charset.Lookup(found.Charset)
		if text, ok := with(e, data); ok {
			return text, true
		}
	}
	if len(part) < 16 || high*10 > len(part)*3 {
		return "", false
	}
	e, _ := charset.Lookup("windows-1252")
	return with(e, data)
}
