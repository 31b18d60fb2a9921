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
	if isRussian(part) {
		return charmap.CodePage866
	}
	return nil
}

// isRussian says whether a text is in code page 866. It has the letters from а to п, which are most of a text, where windows-1251 has
// signs. That one has them where 866 has р to я, and all from р on where 866 has rare signs.
func isRussian(part []byte) bool {
	first, small, large, other, latin := 0, 0, 0, 0, 0
	for _, c := range part {
		switch {
		case c >= 0xa0 && c <= 0xaf:
			first++
			small++
		case c >= 0xe0 && c <= 0xef, c == 0xf1:
			small++
		case c >= 0x80 && c <= 0x9f, c == 0xf0:
			large++
		case c|0x20 >= 'a' && c|0x20 <= 'z':
			latin++
		case c >= 0x80: // lines of tables too, which no other encoding has where 866 has letters
			other++
		}
	}
	return small > 8 && first*4 > small && small > 2*large && small > 2*latin && other*10 < small
}

// isThai says whether a text is one in Thai: its marks stand behind consonants, or behind other marks, and the vowels that are
// written before a consonant before one. Letters of other encodings would be in any order, or, as with kana, every second one the
// same. A few words may be so by chance.
func isThai(text []byte) bool {
	consonant := func(r rune) bool { return r >= 'ก' && r <= 'ฮ' }
	bound, wrong, letters, most := 0, 0, 0, 0
	count := map[rune]int{}
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
			count[r]++
			most = max(most, count[r])
		}
		before = r
	}
	return letters >= 30 && bound >= 8 && bound*10 > letters && wrong*20 < bound && most*4 < letters
}
