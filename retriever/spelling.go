package retriever

import (
	"bytes"
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/blevesearch/bleve/v2/analysis"
	"golang.org/x/text/unicode/norm"
)

// spelled is a text in one of several spellings, with where its bytes stand in the original: invisible characters are left
// out, and an apostrophe within a word is always '.
type spelled struct {
	text  []byte
	edits []edit
}

// edit says that from a byte on, the original is shift bytes further.
type edit struct{ at, shift int }

// original returns the byte of the original.
func (s *spelled) original(at int) int {
	i := sort.Search(len(s.edits), func(i int) bool { return s.edits[i].at > at })
	if i == 0 {
		return at
	}
	return at + s.edits[i-1].shift
}

// respell returns the text in one spelling. ASCII needs none.
func respell(text []byte) spelled {
	if isASCII(text) && !slices.Contains(text, '`') {
		return spelled{text: text}
	}
	s := spelled{text: make([]byte, 0, len(text))}
	shift := 0
	before, previous := rune(0), rune(0) // the letter before, and what stands before the character, both without invisible ones
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		here := text[i : i+n]
		if isInvisible(r) {
			here = nil
			if r == '\u200b' && (isUnspaced(previous) || isUnspaced(visible(text[i+n:]))) {
				here = []byte{' '} // in scripts without blanks it separates words
			}
		} else if as := apostrophe(r); as != 0 && unicode.IsLetter(before) && before == previous && isJoined(before, visible(text[i+n:]), as) {
			here = []byte{as}
		}
		s.text = append(s.text, here...)
		if change := n - len(here); change != 0 {
			shift += change
			s.edits = append(s.edits, edit{len(s.text), shift})
		}
		if len(here) > 0 {
			if unicode.IsLetter(r) && apostrophe(r) == 0 {
				before, previous = r, r
			} else if !unicode.Is(unicode.Mn, r) { // a mark belongs to its letter
				previous = r
			}
		}
		i += n
	}
	return s
}

// visible returns the next character that can be seen.
func visible(text []byte) rune {
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		if !isInvisible(r) && !unicode.Is(unicode.Mn, r) {
			return r
		}
		text = text[n:]
	}
	return 0
}

// isInvisible says whether a character shows nothing and does not part words: soft hyphens, joiners, marks of direction,
// variation selectors (most of Default_Ignorable_Code_Point).
func isInvisible(r rune) bool {
	switch {
	case r < 0xad:
		return false
	case r == 0xad, r == 0x34f, r == 0x61c, r == 0xfeff:
		return true
	case r >= 0x180b && r <= 0x180f, r >= 0x200b && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2060 && r <= 0x206f:
		return true
	}
	return r >= 0xfe00 && r <= 0xfe0f || r >= 0xe0000 && r <= 0xe0fff
}

// apostrophe returns ' for the characters that are written for it within words, and " for those of Hebrew abbreviations.
func apostrophe(r rune) byte {
	switch r {
	case '\'', '’', '‘', '‛', 'ʼ', 'ʻ', 'ʽ', '＇', '`', '´', '′', '\u055a', '\u05f3', '\ua78c':
		return '\''
	case '"', '“', '”', '„', '\u05f4':
		return '"'
	}
	return 0
}

// isJoined says whether an apostrophe between two characters is within a word.
func isJoined(before, after rune, as byte) bool {
	if as == '"' {
		return unicode.Is(unicode.Hebrew, before) && unicode.Is(unicode.Hebrew, after)
	}
	return unicode.IsLetter(after) && apostrophe(after) == 0
}

// isUnspaced says whether a character is of a script that is written without blanks between words.
func isUnspaced(r rune) bool {
	return r >= 0xe00 && unicode.In(r, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

// wordTokenizer divides text into words by the rules of Unicode, whatever its spelling. Of Thai, Lao, Khmer and Burmese,
// which are written without blanks, each two letters in a row are a term, so that a word is found within a run.
type wordTokenizer struct{ words analysis.Tokenizer }

// Tokenize returns the words, with their places in the text as it is given.
func (t wordTokenizer) Tokenize(text []byte) analysis.TokenStream {
	s := respell(text)
	var out analysis.TokenStream
	start := 0
	for i := 0; i < len(s.text); {
		r, n := utf8.DecodeRune(s.text[i:])
		if !isRun(r) {
			i += n
			continue
		}
		out = t.append(out, &s, start, i)
		start = runEnd(s.text, i)
		out = appendPairs(out, &s, i, start)
		i = start
	}
	out = t.append(out, &s, start, len(s.text))
	for i, token := range out {
		token.Position = i + 1
		token.Term = shrunk(token.Term)
	}
	return out
}

// shrunk lowers the letters of a term that take fewer bytes then, such as the first one of "İzmir": Bleve's filter, which writes
// them in place, would leave the rest where it was.
func shrunk(term []byte) []byte {
	shrinks := func(r rune) bool {
		return r >= utf8.RuneSelf && utf8.RuneLen(unicode.ToLower(r)) < utf8.RuneLen(r)
	}
	if isASCII(term) || !bytes.ContainsFunc(term, shrinks) {
		return term
	}
	return bytes.Map(func(r rune) rune {
		if shrinks(r) {
			return unicode.ToLower(r)
		}
		return r
	}, term)
}

// append appends the words of a part.
func (t wordTokenizer) append(out analysis.TokenStream, s *spelled, start, end int) analysis.TokenStream {
	if start == end {
		return out
	}
	tokens := t.words.Tokenize(s.text[start:end])
	if len(s.edits) > 0 || start > 0 {
		for _, token := range tokens {
			token.Start, token.End = s.original(start+token.Start), s.original(start+token.End-1)+1
		}
	}
	if out == nil {
		return tokens
	}
	return append(out, tokens...)
}

// isRun says whether a character is a letter or mark of a script without blanks. Its digits are as those of any script.
func isRun(r rune) bool { return isUnspaced(r) && unicode.In(r, unicode.L, unicode.M) }

// runEnd returns where the letters and marks of a script without blanks end.
func runEnd(text []byte, at int) int {
	for at < len(text) {
		r, n := utf8.DecodeRune(text[at:])
		if !isRun(r) {
			break
		}
		at += n
	}
	return at
}

// appendPairs appends the pairs of letters of a run, each with its marks. A single letter is a term by itself. Marks before the
// first letter, of a letter that was cut off, are left out.
func appendPairs(out analysis.TokenStream, s *spelled, start, end int) analysis.TokenStream {
	var letters []int // where they begin
	for i := start; i < end; {
		r, n := utf8.DecodeRune(s.text[i:])
		if !unicode.Is(unicode.M, r) {
			letters = append(letters, i)
		}
		i += n
	}
	if len(letters) == 0 {
		return out
	}
	letters = append(letters, end)
	for i := 0; i == 0 || i+2 < len(letters); i++ {
		from, to := letters[i], letters[min(i+2, len(letters)-1)]
		out = append(out, &analysis.Token{
			Term: slices.Clone(s.text[from:to]), Start: s.original(from), End: s.original(to-1) + 1, Type: analysis.AlphaNumeric,
		})
	}
	return out
}

// letters are those that Unicode does not decompose, as they are written without the letter.
var letters = strings.NewReplacer("ß", "ss", "ẞ", "ss", "æ", "ae", "œ", "oe", "ø", "o", "đ", "d", "ð", "d", "þ", "th", "ł", "l",
	"ħ", "h", "ı", "i", "ſ", "s", "ς", "σ", "\u0640", "")

// fold decomposes a term, drops the marks that are optional and composes it again. Of the scripts from U+0370 on only vowel
// marks of Arabic, Hebrew and Syriac are dropped, and what is written on an alef: in other scripts marks are letters.
func fold(term []byte) []byte {
	apart := norm.NFKD.Bytes(term)
	kept := apart[:0]
	previous := rune(0)
	for len(apart) > 0 {
		r, n := utf8.DecodeRune(apart)
		if !isOptional(r, previous) {
			kept = append(kept, apart[:n]...)
			previous = r
		}
		apart = apart[n:]
	}
	folded := letters.Replace(norm.NFC.String(string(kept)))
	return []byte(strings.TrimFunc(folded, func(r rune) bool { return apostrophe(r) != 0 }))
}

// isOptional says whether a mark behind a letter may be left out in writing.
func isOptional(r, letter rune) bool {
	if !unicode.Is(unicode.Mn, r) {
		return false
	}
	switch {
	case r < 0x370, r >= 0x1ab0 && r <= 0x1aff, r >= 0x1dc0 && r <= 0x1dff, r >= 0x20d0 && r <= 0x20ff:
		return true
	case r >= 0x591 && r <= 0x5c7: // Hebrew points and cantillation
		return true
	case r >= 0x653 && r <= 0x655: // Arabic madda and hamza
		return letter == 0x627
	case r >= 0x610 && r <= 0x61a, r >= 0x64b && r <= 0x65f, r == 0x670, r >= 0x6d6 && r <= 0x6ed, r >= 0x8d3 && r <= 0x8ff:
		return true
	}
	return r >= 0x711 && r <= 0x74a // Syriac
}
