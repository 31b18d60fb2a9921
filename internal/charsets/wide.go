package charsets

import (
	"encoding/binary"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// wide is an encoding in which each character takes two bytes, or four.
type wide struct {
	size  int // bytes: 2 for UTF-16, 4 for UTF-32
	order binary.ByteOrder
}

// marks are byte order marks. Those of UTF-32 come first, as one of them begins as one of UTF-16 does.
var marks = []struct {
	bytes string
	wide
}{
	{"\xff\xfe\x00\x00", wide{4, binary.LittleEndian}}, {"\x00\x00\xfe\xff", wide{4, binary.BigEndian}},
	{"\xff\xfe", wide{2, binary.LittleEndian}}, {"\xfe\xff", wide{2, binary.BigEndian}},
}

// marked returns the encoding that a mark declares, and what follows the mark.
func marked(data string) (w wide, rest string, ok bool) {
	for _, m := range marks {
		if rest, ok := strings.CutPrefix(data, m.bytes); ok && (m.size == 2 || len(data)%4 == 0) {
			return m.wide, rest, true
		}
	}
	return w, data, false
}

// unmarked recognises an encoding without a mark: text in it has zero bytes, at least in its blanks and line ends, and what it
// decodes to is text of a few scripts.
func unmarked(head string) (w wide, ok bool) {
	if strings.IndexByte(head, 0) < 0 || len(head) < 8 || narrow(head) {
		return w, false
	}
	best := 0.0
	for _, try := range []wide{
		{4, binary.LittleEndian}, {4, binary.BigEndian}, {2, binary.LittleEndian}, {2, binary.BigEndian},
	} {
		if likely := likely(try.text(head[:len(head)/try.size*try.size]), try.size); likely > best {
			best, w = likely, try
		}
	}
	return w, best > 0
}

// text decodes a text. What is no character becomes U+FFFD.
func (w wide) text(data string) string {
	var b strings.Builder
	units := []byte(data)
	for ; len(units) >= w.size; units = units[w.size:] {
		if w.size == 4 {
			n := w.order.Uint32(units)
			if n > unicode.MaxRune {
				n = utf8.RuneError
			}
			b.WriteRune(rune(n)) // which is U+FFFD for half a character
			continue
		}
		r := rune(w.order.Uint16(units))
		if utf16.IsSurrogate(r) {
			if len(units) >= 4 {
				r = utf16.DecodeRune(r, rune(w.order.Uint16(units[2:])))
			}
			if utf8.RuneLen(r) == 4 {
				units = units[2:]
			} else {
				r = utf8.RuneError
			}
		}
		b.WriteRune(r)
	}
	if len(units) > 0 {
		b.WriteRune(utf8.RuneError)
	}
	return b.String()
}

// decode is text, and whether it is text at all.
func (w wide) decode(data string) (string, bool) {
	text := w.text(data)
	return text, isText(text)
}

// likely is the share of ASCII and of letters of the most common other script; 0 for what is no text, which has more than a few odd
// characters. The last character may be cut. Numbers of four bytes resemble letters or ideographs, but hardly ones with blanks between.
func likely(text string, size int) float64 {
	text = strings.TrimSuffix(text, "\uFFFD")
	count, all, ascii, letters, signs, blanks, odd := map[int]int{}, 0, 0, 0, 0, 0, 0
	for _, r := range text {
		if unicode.IsSpace(r) {
			blanks++
		}
		switch {
		case r == 0, r&0xfffe == 0xfffe, r >= 0xfdd0 && r <= 0xfdef: // the others are no characters
			return 0
		case r >= ' ' && r < 0x7f, r == '\t', r == '\r', r == '\n', r == '\f':
			ascii++
		case unicode.IsLetter(r) || unicode.IsMark(r):
			count[script(r)]++
			letters++
		case unicode.IsPunct(r):
			signs++
		case r == utf8.RuneError, !unicode.IsGraphic(r) && !unicode.IsSpace(r) && !unicode.Is(unicode.Cf, r) && r != 0x1b:
			odd++
		}
		all++
	}
	most := 0 // besides Latin
	for kind, n := range count {
		if kind > latin {
			most = max(most, n)
		}
	}
	if all == 0 || odd*50 > all || size == 4 && (blanks == 0 || (ascii+letters+signs)*10 < all*9) {
		return 0
	}
	if ascii == 0 && size == 2 || (count[latin]+most)*10 < letters*9 || (ascii+letters)*2 < all {
		return 0
	}
	return float64(ascii+max(most, count[latin])) / float64(all)
}

// narrow says whether a text is one in ASCII with zero bytes in it, few of them or one behind each word: pairs of letters look like
// ideographs.
func narrow(head string) bool {
	zeros, odd, control, short, long := 0, 0, 0, 0, 0
	start := 0 // of what stands between zero bytes
	for i := range len(head) {
		switch c := head[i]; {
		case c == 0:
			if i-start == 1 {
				short++
			} else if i > start {
				long++
			}
			zeros++
			start = i + 1
		case c == '\t', c == '\n', c == '\r':
			control++
		case c < ' ', c >= 0x7f:
			odd++
		}
	}
	return zeros*5 < len(head) && (odd+control)*10 < len(head) || odd == 0 && long > short
}

// The scripts of which there are many texts.
const (
	noScript = iota // any other
	latin
	eastAsian
	others
)

var scripts = []*unicode.RangeTable{
	unicode.Cyrillic, unicode.Greek, unicode.Arabic, unicode.Hebrew, unicode.Thai, unicode.Devanagari, unicode.Armenian, unicode.Georgian,
	unicode.Bengali, unicode.Tamil,
}

func script(r rune) int {
	switch {
	case unicode.Is(unicode.Latin, r):
		return latin
	case unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul), r == 'ー':
		return eastAsian
	}
	for i, table := range scripts {
		if unicode.Is(table, r) {
			return others + i
		}
	}
	return noScript
}
