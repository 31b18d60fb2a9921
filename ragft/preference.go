package ragft

import (
	"cmp"
	"slices"
)

// Kinds of rows that are learnt as preferences (DPO), all with the read prompt.
const (
	KindPreferCorrect Kind = "correct>incorrect" // a correct answer over wrong ones
	KindPreferRefusal Kind = "refusal>incorrect" // a refusal over wrong answers, where no candidate is correct
	KindPreferAnswer  Kind = "correct>refusal"   // a correct answer over refusals, where the passages hold the answer
)

// PreferenceOptions asks for rows that are learnt as preferences, in the three
// kinds of arXiv 2502.10596. The third keeps a model from declining too much.
// Chosen and rejected are always candidates of the same question; which ones,
// the row says in Target and RejectedTargets.
type PreferenceOptions struct {
	Rejected int  // largest number of rejected candidates in a row; 0 = no such rows
	Only     bool // leave out the rows that are learnt by cross-entropy
}

// preferences adds the rows of one question. add makes a row of the kind with
// the chosen target and these rejected candidates.
func (o PreferenceOptions) preferences(d *draft, c choice, add func(Kind, *Candidate, []*Candidate)) {
	if o.Rejected <= 0 || c.target == nil {
		return
	}
	of := func(verdict Verdict) []*Candidate { return o.rejected(d, c.target, verdict) }
	switch c.kind {
	case KindAnswer:
		add(KindPreferCorrect, c.target, of(Incorrect))
		if d.context == Present {
			add(KindPreferAnswer, c.target, of(Refused))
		}
	case KindRefusal:
		if !slices.ContainsFunc(d.candidates, func(c Candidate) bool { return c.Verdict == Correct }) {
			add(KindPreferRefusal, c.target, of(Incorrect))
		}
	}
}

// rejected lists candidates of a verdict with texts of their own: those from
// the row's own prompt first, then the likeliest. What was cut, is empty, or
// could not be judged is no example of anything.
func (o PreferenceOptions) rejected(d *draft, target *Candidate, verdict Verdict) []*Candidate {
	var all []*Candidate
	for i := range d.candidates {
		c := &d.candidates[i]
		if c.Verdict == verdict && c.Text != "" && !c.Truncated && c.Decision != ByUndecided {
			all = append(all, c)
		}
	}
	slices.SortStableFunc(all, func(a, b *Candidate) int {
		return cmp.Or(-compareBool(a.Arm == ArmRead, b.Arm == ArmRead), cmp.Compare(logProb(b), logProb(a)), cmp.Compare(a.Arm, b.Arm), cmp.Compare(a.Index, b.Index))
	})
	seen := map[string]bool{target.Text: true}
	var kept []*Candidate
	for _, c := range all {
		if !seen[c.Text] && len(kept) < o.Rejected {
			seen[c.Text] = true
			kept = append(kept, c)
		}
	}
	return kept
}
