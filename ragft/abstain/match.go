package abstain

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ragft/ragft/internal/words"
	"github.com/ragft/ragft/retriever"
)

// The signals of the search, as [Match] returns them. A greater value says that the answer is shown, but for NamesMissing.
const (
	Score         = "score"          // natural log of the best score of a passage, at least that of leastScore
	ScorePerWord  = "score_per_word" // that score by the number of words of the question; 0 if no word is found
	Margin        = "margin"         // natural log of the ratio of the best two scores; left out unless both are above 0
	Coverage      = "coverage"       // share of the question's longer words, and of ideographs, that the passage holds which has most of them
	NamesMissing  = "names_missing"  // share of its names and numbers that no passage holds; 0 without any
	Sentence      = "sentence"       // the best [retriever.Hit.Sentence] of the passages; 0 where no searcher provides it
	shortestWord  = 4                // runes of a longer word
	shortestStems = 5                // runes that two words of the same stem begin with
	leastScore    = 0.1              // stands for lower scores, and for none, which have no logarithm
)

// Match returns the signals of a question and the passages shown with it, best first.
func Match(question string, hits []retriever.Hit) Signals {
	s := Signals{}
	asked := words.Of(question)
	if len(hits) == 0 || len(asked) == 0 {
		return s
	}
	// Passages that are found by meaning alone have no score, and hits need not be in its order.
	best, second := 0.0, 0.0
	for _, hit := range hits {
		second = max(second, min(best, hit.Score))
		best = max(best, hit.Score)
	}
	s[Score], s[ScorePerWord] = math.Log(max(best, leastScore)), best/float64(len(asked))
	if second > 0 {
		s[Margin] = math.Log(best / second)
	}
	all := map[string]bool{}
	for _, hit := range hits {
		s[Sentence] = max(s[Sentence], hit.Sentence)
		found := stems(hit.Title + "\n" + hit.Text)
		for stem := range found {
			all[stem] = true
		}
		if share, ok := covered(asked, found); ok {
			s[Coverage] = max(s[Coverage], share)
		}
	}
	s[NamesMissing] = missing(names(question), all)
	return s
}

// covered returns the share of the longer words that are found; ok is false if there are none.
func covered(asked []string, found map[string]bool) (share float64, ok bool) {
	n, hit := 0, 0
	for _, word := range asked {
		if first, _ := utf8.DecodeRuneInString(word); utf8.RuneCountInString(word) < shortestWord && !words.IsIdeograph(first) {
			continue
		}
		n++
		if found[stem(word)] {
			hit++
		}
	}
	return float64(hit) / float64(max(n, 1)), n > 0
}

func missing(of []string, found map[string]bool) float64 {
	n := 0
	for _, word := range of {
		if !found[stem(word)] {
			n++
		}
	}
	return float64(n) / float64(max(len(of), 1))
}

// names returns the words of a question, but for its first, that begin with a capital letter or have a digit.
func names(question string) []string {
	var out []string
	for i, field := range strings.Fields(question) {
		field = strings.TrimFunc(field, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		first, _ := utf8.DecodeRuneInString(field)
		if strings.ContainsFunc(field, unicode.IsDigit) || i > 0 && unicode.IsUpper(first) {
			out = append(out, words.Of(field)...)
		}
	}
	return out
}

func stems(text string) map[string]bool {
	found := map[string]bool{}
	for _, word := range words.Of(text) {
		found[stem(word)] = true
	}
	return found
}

// stem returns the beginning of a word, which it has in common with its other forms in most languages that have forms.
func stem(word string) string {
	runes := []rune(word)
	if len(runes) <= shortestStems {
		return word
	}
	return string(runes[:shortestStems])
}
