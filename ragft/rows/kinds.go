package rows

// Kinds of rows that are learnt as preferences (DPO), all with the read prompt.
const (
	KindPreferCorrect Kind = "correct>incorrect" // a correct answer over wrong ones
	KindPreferRefusal Kind = "refusal>incorrect" // a refusal over wrong answers, where no candidate is correct
	KindPreferAnswer  Kind = "correct>refusal"   // a correct answer over refusals, where the passages hold the answer
)
