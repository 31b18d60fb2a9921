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

// Decision is the step that decided a verdict, the first of these that applies:
//   - "empty": no text, so incorrect, or in an evaluation refused
//   - "match": equals or contains a reference answer, so correct
//   - "f1": a token F1 of at least judge.Options.CorrectF1, so correct
//   - "refusal": declines, by [IsRefusal]
//   - "unanswerable": an answer to a question without one, so incorrect
//   - "no-overlap": shares no word with a reference, so incorrect
//   - "judge": by the votes of the judge
//   - "knockout": the judge's choice among several answers, so correct
//   - "undecided": the votes tied or could not be parsed, or there is no judge, so incorrect
type Decision string

// Votes counts a judge's replies about one answer.
type Votes struct {
	Yes      int `json:"yes"`
	No       int `json:"no"`
	Unparsed int `json:"unparsed,omitempty"`
}
