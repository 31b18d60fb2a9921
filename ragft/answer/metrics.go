package answer

import (
	"strings"

	"github.com/ragft/ragft/internal/words"
)

// Normalize brings an answer to the form in which answers are compared: lower
// case, without punctuation and English articles, words separated by single
// spaces.
//
// It follows the evaluation script of SQuAD (Rajpurkar et al. 2016, section
// 6.1), except where that script would take a wrong answer for right or a right
// one for wrong: text is put into Unicode form NFKC and punctuation is Unicode's;
// a point or a slash between digits stays, so that "12.5" is not "125" and "1/2"
// is not "12"; so does a minus before a number, so that "-5" is not "5"; any
// other dash becomes a space, so that "well-known" equals "well known"; so does the
// apostrophe of "l'Europe" and "dell'arte", but not of "don't"; each ideograph and
// kana is a word, so that "1912年" occurs in "建于1912年"; and a text of articles alone
// is kept, so that "A" can be an answer. Verdicts use this form. The metrics
// exact match and F1 of an evaluation follow the script itself.
//
// Other words are separated by white space, so for Thai, Lao, Khmer and Burmese
// only [ExactMatch] is meaningful. Normalize(Normalize(s)) == Normalize(s).
func Normalize(s string) string { return strings.Join(words.Of(s), " ") }

// ExactMatch reports whether the prediction equals one of the reference answers
// after [Normalize]. A reference that normalises to nothing matches nothing.
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

// F1 is the harmonic mean of token precision and token recall against the
// reference answer that gives the highest value, in [0, 1]. Tokens are those of
// [Normalize], counted as a multiset. It is 0 if either side has no tokens.
func F1(pred string, golds []string) float64 {
	p := words.Of(pred)
	best := 0.0
	for _, g := range golds {
		best = max(best, words.F(words.Overlap(p, words.Of(g))))
	}
	return best
}

// Contains reports whether the tokens of one of the reference answers occur in
// the prediction, adjacent and in order. "1912" occurs in "in 1912, by hand" but
// not in "19123". A reference without tokens occurs in nothing.
func Contains(pred string, golds []string) bool {
	p := words.Of(pred)
	for _, g := range golds {
		if words.Index(p, words.Of(g)) >= 0 {
			return true
		}
	}
	return false
}
