package answer

import (
	"strings"
	"unicode"
)

// Decision says which step of the cascade gave a candidate its verdict.
type Decision string

// The steps, in their order.
const (
	ByEmpty        Decision = "empty"        // no text: incorrect; in an evaluation refused
	ByMatch        Decision = "match"        // equals or contains a reference answer: correct
	ByF1           Decision = "f1"           // token F1 above [judge.Options.CorrectF1]: correct
	ByRefusal      Decision = "refusal"      // [IsRefusal]: refused
	ByUnanswerable Decision = "unanswerable" // an answer where there is none: incorrect
	ByNoOverlap    Decision = "no-overlap"   // clearly something else: incorrect
	ByJudge        Decision = "judge"        // decided by the model's votes
	ByKnockout     Decision = "knockout"     // the judge's choice among the candidates: correct
	ByUndecided    Decision = "undecided"    // votes tied, or none could be read: incorrect
)

// Votes counts the judge's replies for one candidate.
type Votes struct {
	Yes      int `json:"yes"`
	No       int `json:"no"`
	Unparsed int `json:"unparsed,omitempty"`
}

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
	Present Context = "present" // some shown passage contains the gold answer or an alias, or is of [question.Question].Evidence
	Absent  Context = "absent"  // none does, or nothing was shown
)

// Contexts lists the two in the order in which tables and plots show them.
func Contexts() []Context { return []Context{Present, Absent} }

// isBlank reports a text that says nothing: without a letter, number or symbol.
func IsBlank(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return unicode.In(r, unicode.L, unicode.N, unicode.S) })
}
