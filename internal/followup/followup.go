// Package followup makes a search query from a question in a conversation, which may refer to what was said before: "And when
// was it built?"
package followup

import (
	"slices"
	"strings"
	"unicode"

	"github.com/ragft/ragft/ragft/model"
)

// Query returns the search query: the question, if it can be understood alone; otherwise the question twice, so that it has
// more weight, and the questions before it, back to the first that can be understood alone: that one names what a chain of
// follow-ups is about. The answers are left out: with them, the first passage is less often the right one, and an answer may
// be wrong. The measurements behind this are printed by
//
//	go test ./internal/followup -run TestWays -v
func Query(history []model.Message, question string) string {
	if len(history) == 0 || !Depends(question) {
		return question
	}
	before, turns := "", 0
	for _, m := range slices.Backward(history) {
		if m.Role != model.RoleUser {
			continue
		}
		before += "\n" + strings.ToValidUTF8(m.Content[:min(len(m.Content), mostBefore)], "")
		if turns++; turns == mostTurns || !Depends(m.Content) {
			break
		}
	}
	if turns == 0 {
		return question
	}
	return question + "\n" + question + before
}

// mostTurns is the number of earlier questions that are searched for. With more, the last one would have little weight.
const mostTurns = 3

// mostBefore is how much of an earlier question is searched for, in bytes. Of a long message the words of the question would be
// a small part, and no passage would seem relevant.
const mostBefore = 400

// fewWords is the number of words up to which a question is assumed to depend on the one before it.
const fewWords = 4

// Depends reports whether a question seems to depend on what was said before: it is short, begins with a word such as "and",
// or has a pronoun or the like. The words are English, German, French and Spanish; in other languages only the length decides.
func Depends(question string) bool {
	words := strings.FieldsFunc(strings.ToLower(question), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
	if len(words) <= fewWords {
		return true
	}
	if first := words[0]; goesOn[first] {
		return true
	}
	for i, word := range words {
		if standsFor[word] || i+1 < len(words) && standsFor[word+" "+words[i+1]] {
			return true
		}
	}
	return false
}

var goesOn = set("and but also or und aber auch oder et mais aussi y pero también")

var standsFor = func() map[string]bool {
	all := set("it its he him his she her hers they them their theirs this that these those there then one ones former latter " +
		"same else other others another instead " +
		"er ihn ihm sein seine seiner seinen seinem ihr ihre ihrer ihren ihnen dort damals dieser diese dieses davon dazu daran " +
		"il elle ils elles lui leur leurs celui celle ceux cela ça " +
		"él ella ellos ellas eso esa ese esto allí suyo suya")
	for _, two := range []string{"what about", "how about"} {
		all[two] = true
	}
	return all
}()

func set(words string) map[string]bool {
	out := map[string]bool{}
	for word := range strings.FieldsSeq(words) {
		out[word] = true
	}
	return out
}
