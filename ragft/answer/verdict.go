package answer

// Verdict is the outcome of one answer.
type Verdict string

// The verdicts. The empty Verdict means that the answer was not judged.
const (
	Correct   Verdict = "correct"   // agrees with a reference answer
	Incorrect Verdict = "incorrect" // any other answer; for an unanswerable question, any answer at all
	Refused   Verdict = "refused"   // declines to answer, or in an evaluation says nothing
)

// Context says whether the passages that a model was shown hold the answer.
type Context string

// The contexts.
const (
	Present Context = "present" // a passage holds a reference answer, or is part of the evidence that came with the question
	Absent  Context = "absent"  // no passage does, or none was shown
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

// Votes counts a judge's replies about one answer.
type Votes struct {
	Yes      int `json:"yes"`
	No       int `json:"no"`
	Unparsed int `json:"unparsed,omitempty"`
}

// Verdict is the majority of the votes. A tie does not show that an answer is right,
// so it is Incorrect.
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
