// Package decision names the steps that decide a verdict; see [answer.Decision].
package decision

import "github.com/ragft/ragft/ragft/answer"

// The steps, in their order.
const (
	Empty        answer.Decision = "empty"
	Match        answer.Decision = "match"
	F1           answer.Decision = "f1"
	Refusal      answer.Decision = "refusal"
	Unanswerable answer.Decision = "unanswerable"
	NoOverlap    answer.Decision = "no-overlap"
	Judge        answer.Decision = "judge"
	Knockout     answer.Decision = "knockout"
	Undecided    answer.Decision = "undecided"
)
