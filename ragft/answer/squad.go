package answer

import (
	"slices"
	"strings"
	"unicode"
)

// squadTokens are the words of a text as the evaluation script of SQuAD
// (Rajpurkar et al. 2016; 2018 for version 2.0) compares them: lower case,
// ASCII punctuation taken out, with nothing in its place, then the words "a",
// "an" and "the", and what white space separates. "well-known" is "wellknown"
// and "12.5" is "125" there; verdicts use [Normalize], which keeps them apart.
func SquadTokens(s string) []string {
	var b strings.Builder
	var word []rune
	flush := func() {
		if w := string(word); w == "a" || w == "an" || w == "the" {
			b.WriteByte(' ')
		} else {
			b.WriteString(w)
		}
		word = word[:0]
	}
	for _, r := range strings.ToLower(s) {
		switch {
		case r < unicode.MaxASCII && (unicode.IsPunct(r) || unicode.IsSymbol(r)):
		case unicode.IsLetter(r) || unicode.IsNumber(r):
			word = append(word, r)
		default:
			flush()
			b.WriteRune(r)
		}
	}
	flush()
	return strings.FieldsFunc(b.String(), func(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f })
}

// squadGolds are the gold answers in the script's form. It leaves out those of
// no words, and takes an empty one where none is left.
func squadGolds(golds []string) [][]string {
	var out [][]string
	for _, gold := range golds {
		if words := SquadTokens(gold); len(words) > 0 {
			out = append(out, words)
		}
	}
	if len(out) == 0 {
		return [][]string{nil}
	}
	return out
}

// squadExactMatch is the script's exact match with the gold answers.
func SquadExactMatch(pred string, golds []string) bool {
	p := SquadTokens(pred)
	return slices.ContainsFunc(squadGolds(golds), func(gold []string) bool { return slices.Equal(p, gold) })
}

// squadF1 is the script's F1 against the gold answer that gives the most, in [0, 1].
func SquadF1(pred string, golds []string) float64 {
	p, best := SquadTokens(pred), 0.0
	for _, gold := range squadGolds(golds) {
		if len(p) == 0 && len(gold) == 0 {
			return 1
		}
		best = max(best, harmonic(Overlap(p, gold)))
	}
	return best
}
