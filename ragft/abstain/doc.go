// Package abstain decides whether to give an answer.
//
// A model that was taught to decline decides by itself whenever it answers, and a small one soon declines nearly
// everything. A [Rule] takes that decision away from it: it combines what the model says (how likely it finds the words
// with which it declines, see [Declining], and how certain it is of its answer, see [Certainty]) with what the search knows
// (how well the passages match the question, see [Match]) to the probability that the passages hold the answer. Where that
// is below a threshold, the question is declined; elsewhere the model answers and cannot decline. [Fit] chooses the
// threshold on questions that nothing was trained on, so that a stated share of the questions whose answer was shown is
// declined. One adapter thus serves any trade-off between made-up answers and false refusals.
package abstain
