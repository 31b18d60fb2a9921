// Package judge decides whether answers are correct where comparing them with
// the reference answers decides nothing.
//
// Comparing strings comes first: an answer that contains a reference is
// correct, one that shares no word with any is incorrect, and one that declines
// is a refusal. Only what is left open costs a call: a model votes on each such
// answer, or, with [Options].Knockout, chooses the best of several answers to
// one question.
//
// [Audit] measures how far a model can be trusted as a judge, on answers whose
// verdict is known.
package judge
