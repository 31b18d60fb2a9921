package report

import (
	"fmt"
	"slices"

	"github.com/ragft/ragft/internal/plural"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/eval"
)

// Fault says in one sentence whether to improve the search or the model first: the one at fault
// for more of the answerable questions that the tuned system, with retrieval, did not answer
// correctly. If no shown passage held the answer it is the search, otherwise the model. It is ""
// if nothing was asked with retrieval, or no question is answerable.
func (r *Results) Fault() string {
	s := r.retrieving()
	if s == nil {
		return ""
	}
	answerable, search, model := 0, 0, 0
	for _, record := range s.Records {
		if record.Unanswerable {
			continue
		}
		answerable++
		switch {
		case record.Verdict == answer.Correct:
		case record.Context == answer.Absent:
			search++
		default:
			model++
		}
	}
	lost := fmt.Sprintf("%s gets %d of %s wrong or declines them; the passage with the answer was not shown for %d of them, "+
		"and shown for %d.", s.Name, search+model, plural.N(answerable, "answerable question"), search, model)
	switch {
	case answerable == 0:
		return ""
	case search+model == 0:
		all := fmt.Sprintf("all %d answerable questions", answerable)
		if answerable == 1 {
			all = "the only answerable question"
		}
		return fmt.Sprintf("Neither search nor model loses an answer: %s answers %s correctly.", s.Name, all)
	case search > model:
		return "Improve the search first: " + lost
	case model > search:
		return "Improve the model first: " + lost
	}
	return "Search and model lose equally many answers: " + lost
}

// retrieving returns the system that was asked with retrieval: the tuned one, or the base, or any; nil without one.
func (r *Results) retrieving() *eval.SystemResult {
	base, tuned, err := reportPair(r, r.info())
	if err != nil {
		return nil
	}
	for _, s := range []*eval.SystemResult{tuned, base} {
		if s.Setting == eval.SettingRetrieval {
			return s
		}
	}
	at := slices.IndexFunc(r.Systems, func(s eval.SystemResult) bool { return s.Setting == eval.SettingRetrieval })
	if at < 0 {
		return nil
	}
	return &r.Systems[at]
}
