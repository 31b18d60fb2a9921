// Package confidence estimates how likely answers are to be right, and chooses the
// threshold below which to abstain.
//
// A calibration is made from the answers of one system to questions with reference
// answers: [Calibrate] fits a confidence to the [Signals] of the answers, and chooses the
// threshold that keeps the share of wrong answers below a bound with a given probability.
// It holds under the [Conditions] of these answers only.
package confidence

import "errors"

// Signals are what is known about how certain an answer is, by name:
//   - "log_prob": mean natural log probability of the answer's tokens
//   - "p_true": probability that the model calls the answer right (Kadavath et al. 2022,
//     section 3)
//   - "self_consistency": share of sampled answers that agree with it (Wang et al. 2022)
//   - "retrieval": log of the score of the best passage
//   - "retrieval_margin": log of the ratio of the best two passage scores
//
// Other names are signals of the caller. A signal that is not known is left out.
type Signals map[string]float64

// SignalOptions says which signals are collected beside the answers. "log_prob" and
// the retrieval scores cost nothing and are always collected; the zero value collects
// nothing else. Negative numbers are errors where answers are made.
type SignalOptions struct {
	// Consistency is the number of further answers to sample for the signal
	// "self_consistency"; 0 = none.
	Consistency int     `json:"consistency,omitempty"`
	Temperature float64 `json:"temperature,omitempty"` // of these answers; 0 = 0.7

	// True asks the model whether its answer is right, for the signal "p_true": from a
	// model that can score texts the probability of yes against no, from another that
	// of the first token of its reply.
	True       bool   `json:"true,omitempty"`
	TruePrompt string `json:"true_prompt,omitempty"` // instruction; "" = "Is the proposed answer correct? Reply yes or no."
}

// Point is the answer to one question, as far as its confidence is concerned.
type Point struct {
	Signals  Signals
	Correct  bool
	Refused  bool   // declined: neither right nor wrong
	Question string // its text, which decides what [Calibrate] uses the point for, if it has no Group
	// Group names questions that belong together, such as those about one paragraph: all of them are used for the same, and
	// intervals resample groups. "" = a group of its own.
	Group string
}

// ErrUncalibrated means that no confidence could be fitted: the answers are all right or
// all wrong, or have no signal.
var ErrUncalibrated = errors.New("cannot calibrate confidence")
