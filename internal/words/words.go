// Package words compares texts by their words: the normalisation, overlap and
// subsequence measures behind the metrics of answers.
package words

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// MinQuote is the number of words from which a quote counts as evidence. Fewer
// may just be a name in quotation marks.
const MinQuote = 4

// Of returns the words of a text: lower case, without punctuation and English
// articles. Chinese and Japanese have no blanks, so each ideograph and kana is a
// word. It follows the evaluation script of SQuAD (Rajpurkar et al. 2016,
// section 6.1), with the differences that [answer.Normalize] describes.
func Of(s string) []string { return of(s, true) }

// Key is what equal texts have in common. It depends neither on the sign of a
// number nor on a slash within, and only blanks and dashes part its words:
// questions are divided by its hash, and those of a project must not change
// sides.
func Key(s string) string { return strings.Join(of(s, false), " ") }

// of returns the words of [Of], or with signs false those of [Key].
func of(s string, signs bool) []string {
	words := normalizeOnce(s, signs)
	if isASCII(s) {
		return words
	}
	// Removing punctuation can place a combining mark next to a letter, which the
	// next pass composes. Repeat until nothing changes.
	for last := ""; ; {
		joined := strings.Join(words, " ")
		if joined == last {
			return words
		}
		last, words = joined, normalizeOnce(joined, signs)
	}
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func normalizeOnce(s string, signs bool) []string {
	folded := []rune(strings.ToLower(norm.NFKC.String(strings.ToValidUTF8(s, " "))))
	var b strings.Builder
	b.Grow(len(folded))
	parted := false // the last blank only parts an ideograph from what follows: in "2010年-2015年", the dash is no sign
	for i, r := range folded {
		switch {
		case (r == '.' || signs && r == '/') && betweenDigits(folded, i):
			b.WriteRune(r)
		case signs && isSign(folded, i) && !parted && (b.Len() == 0 || strings.HasSuffix(b.String(), " ")):
			b.WriteByte('-')
		case signs && IsIdeograph(r):
			b.WriteByte(' ')
			b.WriteRune(r)
			b.WriteByte(' ')
			parted = true
			continue
		case isDash(r), unicode.IsSpace(r), unicode.IsControl(r), signs && (isFullWidth(r) || endsElision(folded, i)):
			b.WriteByte(' ')
		case isPunctuation(r):
			continue
		default:
			b.WriteRune(r)
		}
		parted = false
	}
	fields := strings.Fields(b.String())
	words := make([]string, 0, len(fields))
	for _, w := range fields {
		if w != "a" && w != "an" && w != "the" {
			words = append(words, w)
		}
	}
	if len(words) == 0 {
		return fields
	}
	return words
}

// isPunctuation covers what string.punctuation covers in the reference script
// (ASCII symbols such as $ and + among them) and Unicode's punctuation.
func isPunctuation(r rune) bool {
	if r < utf8.RuneSelf {
		return unicode.IsPunct(r) || unicode.IsSymbol(r)
	}
	return unicode.IsPunct(r)
}

// IsIdeograph reports whether r belongs to a script that is written without
// blanks, and can be a word, as retriever.CountWords has it. The mark of a long
// vowel is of both kinds of kana.
func IsIdeograph(r rune) bool {
	return r >= 0x2e80 && (r == 'ー' || unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana))
}

// isFullWidth reports Chinese and Japanese punctuation, such as 、 and 「, beside
// which no blank stands.
func isFullWidth(r rune) bool {
	return r >= 0x3000 && r <= 0x30ff && unicode.IsPunct(r)
}

// longestElided is the number of letters of the longest word of [endsElision].
const longestElided = 4

// endsElision reports an apostrophe in the place of a vowel of French or Italian,
// as in "l'Europe" and "dell'arte": two words, unlike "don't" and "O'Neill".
func endsElision(rs []rune, i int) bool {
	if !isApostrophe(rs[i]) || i+1 == len(rs) || !unicode.IsLetter(rs[i+1]) {
		return false
	}
	from := i
	for from > 0 && i-from <= longestElided && (unicode.IsLetter(rs[from-1]) || unicode.IsDigit(rs[from-1])) {
		from--
	}
	if from > 1 && isApostrophe(rs[from-1]) && unicode.IsLetter(rs[from-2]) { // "y'all're"
		return false
	}
	if rs[i+1] == 's' && (i+2 == len(rs) || !unicode.IsLetter(rs[i+2])) { // "all's well", "Dell's"
		return false
	}
	switch string(rs[from:i]) {
	case "l", "d", "qu", "dell", "all", "nell", "dall", "sull":
		return true
	}
	return false
}

// isApostrophe knows the typewriter's, the printer's and the letter.
func isApostrophe(r rune) bool { return r == '\'' || r == '\u2019' || r == '\u02bc' }

func isDash(r rune) bool { return unicode.Is(unicode.Pd, r) }

// isSign reports a minus before a number. A second dash in a row is none.
func isSign(rs []rune, i int) bool {
	return isMinus(rs[i]) && i+1 < len(rs) && unicode.IsDigit(rs[i+1]) && !(i > 0 && (isDash(rs[i-1]) || isMinus(rs[i-1])))
}

// isMinus knows the hyphen that stands for a minus, and the minus sign.
func isMinus(r rune) bool { return r == '-' || r == '\u2212' }

func betweenDigits(rs []rune, i int) bool {
	return i > 0 && i+1 < len(rs) && unicode.IsDigit(rs[i-1]) && unicode.IsDigit(rs[i+1])
}

// Count counts words as they are written: what stands between blanks is one, or,
// if it has ideographs, as many as [Of] finds in it.
func Count(s string) int {
	n := 0
	for field := range strings.FieldsSeq(s) {
		if strings.ContainsFunc(field, IsIdeograph) {
			n += len(Of(field))
		} else {
			n++
		}
	}
	return n
}

// Index returns where needle begins in hay, or -1 if it does not occur or is empty.
func Index(hay, needle []string) int {
	if len(needle) == 0 {
		return -1
	}
outer:
	for i := 0; i+len(needle) <= len(hay); i++ {
		for j, w := range needle {
			if hay[i+j] != w {
				continue outer
			}
		}
		return i
	}
	return -1
}

// Overlap returns the precision and recall of the predicted words, counted as a
// multiset; 0 where either side has none.
func Overlap(pred, gold []string) (precision, recall float64) {
	if len(pred) == 0 || len(gold) == 0 {
		return 0, 0
	}
	left := make(map[string]int, len(gold))
	for _, w := range gold {
		left[w]++
	}
	common := 0
	for _, w := range pred {
		if left[w] > 0 {
			left[w]--
			common++
		}
	}
	return float64(common) / float64(len(pred)), float64(common) / float64(len(gold))
}

// F is the harmonic mean of precision and recall.
func F(precision, recall float64) float64 {
	if precision+recall == 0 {
		return 0
	}
	return 2 * precision * recall / (precision + recall)
}

// Numbers returns the sorted, distinct words that hold a digit.
func Numbers(normal string) []string {
	var found []string
	for _, word := range strings.Fields(normal) {
		if strings.ContainsFunc(word, unicode.IsDigit) {
			found = append(found, word)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// IsYesNo reports whether a normalised word is yes, no or maybe.
func IsYesNo(word string) bool { return word == "yes" || word == "no" || word == "maybe" }

// IsBlank reports whether a text says nothing: it has no letter, number or symbol.
func IsBlank(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return unicode.In(r, unicode.L, unicode.N, unicode.S) })
}
