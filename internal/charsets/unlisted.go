package charsets

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
)

// unlisted recognises encodings of one byte for each letter that the detector does not know, in texts whose letters are mostly not
// ASCII: code page 866 of Russian, and windows-874 of Thai, which holds TIS-620.
func unlisted(part []byte) encoding.Encoding {
	if thai, err := charmap.Windows874.NewDecoder().Bytes(part); err == nil && isThai(thai) {
		return charmap.Windows874
	}
	russian, err := charmap.CodePage866.NewDecoder().Bytes(part)
	if err != nil {
		return nil
	}
	small, large, other, latin := 0, 0, 0, 0
	for _, r := range string(russian) {
		switch {
		case unicode.Is(unicode.Cyrillic, r) && unicode.IsLower(r):
			small++
		case unicode.Is(unicode.Cyrillic, r):
			large++
		case r|0x20 >= 'a' && r|0x20 <= 'z':
			latin++
		case r >= 0x80: // lines of tables, which no other encoding has where 866 has letters
			other++
		}
	}
	if small > 8 && small > 2*large && small > 2*latin && other*10 < small {
		return charmap.CodePage866
	}
	return nil
}

// isThai says whether a text is one in Thai: its marks stand behind consonants, or behind other marks, and the vowels that are
// written before a consonant before one. Letters of other encodings would be in any order.
func isThai(text []byte) bool {
	consonant := func(r rune) bool { return r >= 'ก' && r <= 'ฮ' }
	bound, wrong, letters := 0, 0, 0
	before := rune(0)
	for _, r := range string(text) {
		leads := before >= 'เ' && before <= 'ไ'
		mark := unicode.Is(unicode.Mn, r)
		switch {
		case r == utf8.RuneError:
			return false
		case r >= 0x80 && !unicode.Is(unicode.Thai, r) && unicode.IsLetter(r), strings.ContainsRune("ฺ๎๏๚๛฿", r): // signs that are rare
			wrong++
		case leads || mark:
			bound++
			if leads && !consonant(r) || mark && !consonant(before) && !unicode.Is(unicode.Mn, before) {
				wrong++
			}
		}
		if unicode.Is(unicode.Thai, r) {
			letters++
		}
		before = r
	}
	return bound*10 > letters && wrong*20 < bound
}
