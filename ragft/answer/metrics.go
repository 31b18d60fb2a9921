package answer

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Normalize brings an answer to the form in which answers are compared:
// lower case, no punctuation, no English articles, single spaces.
//
// Verdicts rest on it; the metrics exact match and F1 of an evaluation compare
// as the script of SQuAD does. It follows that script (Rajpurkar et al. 2016, section 6.1) with
// these differences, each of which would otherwise count a wrong answer as
// right or a right one as wrong. Text is put into Unicode form NFKC, and
// punctuation is Unicode's. A point between digits stays, so that "12.5" is not
// "125". A dash becomes a space, so that "well-known" is "well known". A text of
// nothing but articles is kept, so that "A" can be an answer.
//
// Words are what white space separates, so that for Chinese, Japanese or Thai
// only ExactMatch means much. Normalize(Normalize(s)) == Normalize(s).
func Normalize(s string) string {
	return strings.Join(AnswerTokens(s), " ")
}

// answerTokens is Normalize before the words are joined.
func AnswerTokens(s string) []string {
	words := normalizeOnce(s)
	if isASCII(s) {
		return words
	}
	// Dropping a sign can bring a letter and a combining mark together, which
	// the next pass composes; so go on until nothing changes.
	for last := ""; ; {
		joined := strings.Join(words, " ")
		if joined == last {
			return words
		}
		last, words = joined, normalizeOnce(joined)
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

func normalizeOnce(s string) []string {
	folded := []rune(strings.ToLower(norm.NFKC.String(strings.ToValidUTF8(s, " "))))
	var b strings.Builder
	b.Grow(len(folded))
	for i, r := range folded {
		switch {
		case r == '.' && betweenDigits(folded, i):
			b.WriteRune(r)
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

func betweenDigits(rs []rune, i int) bool {
	return i > 0 && i+1 < len(rs) && unicode.IsDigit(rs[i-1]) && unicode.IsDigit(rs[i+1])
}

// ExactMatch reports whether the prediction equals one of the gold answers
// after Normalize. A gold answer that normalises to nothing matches nothing.
func ExactMatch(pred string, golds []string) bool {
	p := Normalize(pred)
	if p == "" {
		return false
	}
	for _, g := range golds {
		if p == Normalize(g) {
			return true
		}
	}
	return false
}

// F1 is the harmonic mean of token precision and token recall against the gold
// answer that gives the most, in [0, 1]. Tokens are those of Normalize, counted
// as a multiset. It is 0 where either side has no tokens.
func F1(pred string, golds []string) float64 {
	p := AnswerTokens(pred)
	best := 0.0
	for _, g := range golds {
		best = max(best, harmonic(Overlap(p, AnswerTokens(g))))
	}
	return best
}

// overlap returns the token precision and recall of a prediction.
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

func harmonic(precision, recall float64) float64 {
	if precision+recall == 0 {
		return 0
	}
	return 2 * precision * recall / (precision + recall)
}

// Contains reports whether the tokens of one of the gold answers stand in the
// prediction, side by side and in order. "1912" is in "in 1912, by hand" and is
// not in "19123"; a gold answer without tokens is in nothing.
func Contains(pred string, golds []string) bool {
	p := AnswerTokens(pred)
	for _, g := range golds {
		if IndexTokens(p, AnswerTokens(g)) >= 0 {
			return true
		}
	}
	return false
}

// indexTokens returns where needle starts in hay, or -1; an empty needle is nowhere.
func IndexTokens(hay, needle []string) int {
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

// RougeL is the F measure (beta = 1) of the longest common subsequence of
// tokens against the gold answer that gives the most, in [0, 1] (Lin 2004,
// section 3). Tokens are those of Normalize, without stemming. At most
// 4096 tokens of either side are compared.
func RougeL(pred string, golds []string) float64 {
	p := capTokens(AnswerTokens(pred))
	best := 0.0
	for _, g := range golds {
		gt := capTokens(AnswerTokens(g))
		if len(p) == 0 || len(gt) == 0 {
			continue
		}
		common := float64(longestCommon(p, gt))
		best = max(best, harmonic(common/float64(len(p)), common/float64(len(gt))))
	}
	return best
}

// capTokens bounds the quadratic cost of RougeL.
func capTokens(words []string) []string { return words[:min(len(words), 4096)] }

// longestCommon is the length of the longest common subsequence, in one row.
func longestCommon(a, b []string) int {
	row := make([]int, len(b)+1)
	for _, wa := range a {
		diagonal := 0
		for j, wb := range b {
			above := row[j+1]
			if wa == wb {
				row[j+1] = diagonal + 1
			} else {
				row[j+1] = max(above, row[j])
			}
			diagonal = above
		}
	}
	return row[len(b)]
}
