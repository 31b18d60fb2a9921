package answer

import (
	"slices"
	"strings"
	"unicode"
)

// numbers returns the sorted, distinct words with a digit in them.
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

// verdict is the majority. A tie is no evidence that an answer is right, so it
// counts against the candidate.
func (v Votes) Verdict() (Verdict, Decision) {
	switch {
	case v.Yes > v.No:
		return Correct, ByJudge
	case v.No > v.Yes:
		return Incorrect, ByJudge
	default:
		return Incorrect, ByUndecided
	}
}
