package words

import (
	"slices"
	"strings"
	"unicode"
)

// squadTokens are the words of a text as the evaluation script of SQuAD
// (Rajpurkar et al. 2016; 2018 for version 2.0) compares them: lower case, with
// ASCII punctuation and then the words "a", "an" and "the" removed, split at white
// space. It turns "well-known" into "wellknown" and "12.5" into "125"; [Of], which
// verdicts use, keeps them apart.
func squadTokens(s string) []string {
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

// squadGolds returns the reference answers as the script compares them. It drops
// those without words, and uses an empty one if none is left.
func squadGolds(golds []string) [][]string {
	var out [][]string
	for _, gold := range golds {
		if words := squadTokens(gold); len(words) > 0 {
			out = append(out, words)
		}
	}
	if len(out) == 0 {
		return [][]string{nil}
	}
	return out
}

// SquadExactMatch is the script's exact match with the reference answers.
func SquadExactMatch(pred string, golds []string) bool {
	p := squadTokens(pred)
	return slices.ContainsFunc(squadGolds(golds), func(gold []string) bool { return slices.Equal(p, gold) })
}

// SquadF1 is the script's F1 against the reference answer that gives the highest
// value, in [0, 1].
func SquadF1(pred string, golds []string) float64 {
	p, best := squadTokens(pred), 0.0
	for _, gold := range squadGolds(golds) {
		if len(p) == 0 && len(gold) == 0 {
			return 1
		}
		best = max(best, F(Overlap(p, gold)))
	}
	return best
}
