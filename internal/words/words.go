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
// articles. It follows the evaluation script of SQuAD (Rajpurkar et al. 2016,
// section 6.1), with the differences that [answer.Normalize] describes.
func Of(s string) []string { return of(s, true) }

// Key is what equal texts have in common. It depends neither on the sign of a
// number nor on a slash within: questions are divided by its hash, and those of
// a project must not change sides.
func Key(s string) string { return strings.Join(of(s, false), " ") }

// of returns words in which numbers keep signs and slashes, or do not.
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
	for i, r := range folded {
		switch {
		case (r == '.' || signs && r == '/') && betweenDigits(folded, i):
			b.WriteRune(r)
		case signs && isSign(folded, i) && (b.Len() == 0 || strings.HasSuffix(b.String(), " ")):
			b.WriteByte('-')
		case isDash(r), unicode.IsSpace(r), unicode.IsControl(r):
			b.WriteByte(' ')
		case isPunctuation(r):
		default:
			b.WriteRune(r)
		}
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
