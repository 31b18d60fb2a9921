package retriever

import (
	"unicode"
	"unicode/utf8"
)

// CountWords is the default token counter of Split. It counts runs of letters and
// digits, punctuation marks, and each ideograph or kana. The tokenizer of a
// language model usually counts more, as it divides rare words.
func CountWords(text string) int {
	n := 0
	inWord := false
	for _, r := range text {
		switch {
		case isIdeograph(r):
			n++
			inWord = false
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r):
			if !inWord {
				n++
			}
			inWord = true
		case unicode.IsSpace(r):
			inWord = false
		default:
			n++
			inWord = false
		}
	}
	return n
}

// isIdeograph reports whether r belongs to a script that is written without
// spaces, and can be a word.
func isIdeograph(r rune) bool {
	return r >= 0x2e80 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana)
}

// boundary is what begins with a piece of text.
type boundary uint8

const (
	boundaryWord boundary = iota
	boundarySentence
	boundaryParagraph
)

// piece is the smallest part of a text that is not divided: a word with its
// punctuation, an ideograph, or a part of a very long word.
type piece struct {
	gap        int // start of the white space before it
	start, end int
	begins     boundary
	tokens     int
}

// maxPieceBytes is the length at which a long word is cut, though not between a letter and its marks. With nothing but marks it
// has twice the length.
const maxPieceBytes = 48

// pieceScanner iterates over the pieces of text[next:end] in one pass.
type pieceScanner struct {
	text string
	next int
	end  int
	prev piece
	any  bool
}

// scan returns the next piece, without its token count.
func (s *pieceScanner) scan() (piece, bool) {
	p := piece{gap: s.next}
	lines := 0
	for s.next < s.end {
		r, n := utf8.DecodeRuneInString(s.text[s.next:s.end])
		if !unicode.IsSpace(r) {
			break
		}
		if r == '\n' || r == '\u2029' {
			lines++
		}
		s.next += n
	}
	if s.next >= s.end {
		return piece{}, false
	}
	p.start = s.next
	s.take()
	p.end = s.next
	p.begins = s.boundary(p, lines)
	s.prev, s.any = p, true
	return p, true
}

// take moves to the end of the piece that starts at s.next.
func (s *pieceScanner) take() {
	start := s.next
	for s.next < s.end {
		r, n := utf8.DecodeRuneInString(s.text[s.next:s.end])
		length := s.next - start + n
		if unicode.IsSpace(r) || length > maxPieceBytes && s.next > start && (!unicode.IsMark(r) || length > 2*maxPieceBytes) {
			return
		}
		if isIdeograph(r) {
			if s.next > start {
				return
			}
			s.next += n
			s.takeMarks()
			return
		}
		s.next += n
	}
}

// takeMarks adds closing punctuation to the ideograph before it.
func (s *pieceScanner) takeMarks() {
	for s.next < s.end {
		r, n := utf8.DecodeRuneInString(s.text[s.next:s.end])
		if r < 0x3000 || !unicode.IsPunct(r) || unicode.Is(unicode.Ps, r) {
			return
		}
		s.next += n
	}
}

// boundary returns what the piece p begins, after a gap with that many line ends.
func (s *pieceScanner) boundary(p piece, lines int) boundary {
	word, prev := s.text[p.start:p.end], s.text[s.prev.start:s.prev.end]
	switch {
	case !s.any || lines > 1:
		return boundaryParagraph
	case lines == 1 && startsItem(s.text[p.start:min(p.start+8, s.end)]):
		return boundarySentence
	case endsSentence(prev, word, p.gap < p.start):
		return boundarySentence
	}
	return boundaryWord
}
