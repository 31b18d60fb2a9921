package ragft

import (
	"strings"
	"unicode"
)

// Verdict is what became of one answer.
type Verdict string

// The three verdicts. The empty Verdict means that nothing was judged.
const (
	Correct   Verdict = "correct"   // agrees with the gold answer or one of its aliases
	Incorrect Verdict = "incorrect" // an answer, but not that one; for an unanswerable question, any answer
	Refused   Verdict = "refused"   // declines to answer; in an evaluation, says nothing too
)

// Verdicts lists the three in the order in which tables and plots show them.
func Verdicts() []Verdict { return []Verdict{Correct, Incorrect, Refused} }

// Context says whether the documents that were shown hold the answer.
type Context string

// The two sides of the evidence axis.
const (
	Present Context = "present" // some shown passage contains the gold answer or an alias, or is of [Question].Evidence
	Absent  Context = "absent"  // none does, or nothing was shown
)

// Contexts lists the two in the order in which tables and plots show them.
func Contexts() []Context { return []Context{Present, Absent} }

// isBlank reports a text that says nothing: without a letter, number or symbol.
func isBlank(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return unicode.In(r, unicode.L, unicode.N, unicode.S) })
}
