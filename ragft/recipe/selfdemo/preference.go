package selfdemo

import (
	"cmp"
	"slices"

	"github.com/ragft/ragft/internal/decision"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/rows"
)

// Preferences asks for rows that are learnt as preferences, in the three kinds of
// arXiv 2502.10596: "correct>incorrect", "refusal>incorrect", and
// "correct>refusal", which keeps a model from declining too often. Chosen and
// rejected are candidates of the same question; the row names them in Target and
// RejectedTargets.
type Preferences struct {
	Rejected int  // largest number of rejected candidates in a row; 0 = no such rows
	Only     bool // leave out the rows that are learnt by cross-entropy
}

// preferences adds the rows of one question. add makes a row of the kind with
// the chosen target and these rejected candidates.
func (o Preferences) preferences(d *draft, c choice, add func(rows.Kind, *rows.Candidate, []*rows.Candidate)) {
	if o.Rejected <= 0 || c.target == nil {
		return
	}
	of := func(verdict answer.Verdict) []*rows.Candidate { return o.rejected(d, c.target, verdict) }
	switch c.kind {
	case rows.KindAnswer:
		add(preferCorrect, c.target, of(answer.Incorrect))
		if d.context == answer.Present {
			add(preferAnswer, c.target, of(answer.Refused))
		}
	case rows.KindRefusal:
		if !slices.ContainsFunc(d.candidates, func(c rows.Candidate) bool { return c.Verdict == answer.Correct }) {
			add(preferRefusal, c.target, of(answer.Incorrect))
		}
	}
}

// rejected lists candidates of a verdict with different texts: those from the
// row's own prompt first, then the most probable. Truncated, empty and undecided
// ones are left out.
func (o Preferences) rejected(d *draft, target *rows.Candidate, verdict answer.Verdict) []*rows.Candidate {
	var all []*rows.Candidate
	for i := range d.candidates {
		c := &d.candidates[i]
		if c.Verdict == verdict && c.Text != "" && !c.Truncated && c.Decision != decision.Undecided {
			all = append(all, c)
		}
	}
	slices.SortStableFunc(all, func(a, b *rows.Candidate) int {
		return cmp.Or(-compareBool(a.Arm == armRead, b.Arm == armRead), cmp.Compare(logProb(b), logProb(a)), cmp.Compare(a.Arm, b.Arm),
			cmp.Compare(a.Index, b.Index))
	})
	seen := map[string]bool{target.Text: true}
	var kept []*rows.Candidate
	for _, c := range all {
		if !seen[c.Text] && len(kept) < o.Rejected {
			seen[c.Text] = true
			kept = append(kept, c)
		}
	}
	return kept
}
