package figures

import "github.com/ragft/ragft/ragft/answer"

// Verdicts lists the verdicts in the order of tables and plots.
func Verdicts() []answer.Verdict {
	return []answer.Verdict{answer.Correct, answer.Incorrect, answer.Refused}
}

// Contexts lists the contexts in the order of tables and plots.
func Contexts() []answer.Context { return []answer.Context{answer.Present, answer.Absent} }
