package answer

// Ensemble answers from each passage separately and lets the answers vote, as RA-DIT
// does at inference (arXiv 2310.01352, section 2.1): p(y|x) is the sum over the
// passages c of p(y | c, x) times softmax(score)(c). For generation each passage
// gives one greedy answer. Answers that are equal after [Normalize] are one, and so
// are all refusals. The mass of an answer is the sum of its probabilities times the
// weights of its passages, and its confidence is its share of all mass. Citations
// refer to the passage of the most probable wording, which is number 1 there. The
// zero value is usable.
//
// The passages need not fit the context together, at the price of one call per
// passage; only a passage that does not fit by itself is left out. In the paper this
// is on par with concatenation for a model tuned for it (50.1 against 50.9) and worse for
// one that is not.
type Ensemble struct {
	// Temperature of the softmax over the scores of the search; 0 = 1. BM25 scores
	// are far apart: a higher temperature gives lower-ranked passages more weight.
	// Negative values are an error where answers are made.
	Temperature float64
}
