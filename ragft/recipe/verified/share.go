package verified

import (
	"slices"

	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
)

// shared has the passages that questions are shown, by the id of the passage that matters most to them: the one that holds the
// answer, or else the best one. Questions with the same one are shown the same passages, which are then read once to make rows
// and once to learn them: with several questions about each passage, both take a fraction of the time.
type shared map[string][]retriever.Hit

// of returns the passages that a question is shown, given those that its search found. The first question about a passage
// decides what stands beside it, and in which order. A question keeps its own if those of the first one would change whether
// its answer is shown.
func (s shared) of(q question.Question, found []retriever.Hit) []retriever.Hit {
	if len(found) < 2 {
		return found
	}
	main := found[max(0, slices.IndexFunc(found, q.HeldBy))].ID
	first, ok := s[main]
	switch {
	case !ok:
		s[main] = found
		return found
	case len(first) != len(found) || q.Context(first) != q.Context(found):
		return found
	}
	shown := slices.Clone(first)
	for i := range shown { // a score is that of the question
		shown[i].Score = 0
		if k := slices.IndexFunc(found, func(hit retriever.Hit) bool { return hit.ID == shown[i].ID }); k >= 0 {
			shown[i].Score = found[k].Score
		}
	}
	return shown
}
