package robust

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/figures"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/internal/table"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/eval"
)

// Outcome is the verdict on one question before and after a change of its passages.
type Outcome struct {
	QuestionID string         `json:"question_id"`
	From       answer.Verdict `json:"from"`
	To         answer.Verdict `json:"to"`
	Followed   bool           `json:"followed,omitempty"` // the answer after the change follows it
	Group      string         `json:"group,omitempty"`    // of the question
}

// Difference says how differently two systems react to one change, over the questions
// whose passages it changed for both. Neither direction is better in general: a flip is
// right if the evidence is gone, for example; see [Change.Meaning].
type Difference struct {
	Name     string          `json:"name"` // of the change
	Flipped  eval.Difference `json:"flipped"`
	Lost     eval.Difference `json:"lost"`     // of the questions that both answered correctly before
	Followed eval.Difference `json:"followed"` // "not measured" if the change adds nothing to follow
}

// Measured lists what was measured, in the order of tables.
func (d Difference) Measured() []eval.Difference {
	all := []eval.Difference{d.Flipped, d.Lost, d.Followed}
	return slices.DeleteFunc(all, func(d eval.Difference) bool { return d.Finding == stats.NotMeasured })
}

// Compare sets Base and Differences to base and this system's shares minus those of base.
// They are paired by question, with intervals and tests as those of [eval.Run]: by groups
// of questions where there are any. Changes and questions that only one of the two results has are
// ignored. resamples 0 = 2000.
func (r *Result) Compare(base *Result, resamples int, seed uint64) {
	resamples = cmp.Or(resamples, stats.DefaultResamples)
	r.Base, r.Differences = base.System, nil
	for _, c := range r.Changes {
		at := slices.IndexFunc(base.Changes, func(b Change) bool { return b.Name == c.Name })
		if at < 0 {
			continue
		}
		p := pairOutcomes(base.Changes[at].Outcomes, c.Outcomes)
		follows := base.Changes[at].Followed.N > 0 && c.Followed.N > 0
		d := Difference{
			Name: c.Name,
			Flipped: p.difference("flipped", "flipped", resamples, seed, func(Outcome) bool { return true },
				func(o Outcome) bool { return o.From != o.To }),
			Lost: p.difference("lost", "lost (of correct)", resamples, seed, func(o Outcome) bool { return o.From == answer.Correct },
				func(o Outcome) bool { return o.To != answer.Correct }),
			Followed: p.difference("followed", "followed the change", resamples, seed, func(Outcome) bool { return follows },
				func(o Outcome) bool { return o.Followed }),
		}
		if len(d.Measured()) > 0 {
			r.Differences = append(r.Differences, d)
		}
	}
}

// outcomePairs are the outcomes of the questions that a change affected for both systems.
type outcomePairs struct{ base, other []Outcome }

func pairOutcomes(base, other []Outcome) (p outcomePairs) {
	of := map[string]Outcome{}
	for _, o := range base {
		of[o.QuestionID] = o
	}
	for _, o := range other {
		if b, ok := of[o.QuestionID]; ok {
			p.base, p.other = append(p.base, b), append(p.other, o)
		}
	}
	return p
}

// difference compares the shares of hits among the pairs that both count for.
func (p outcomePairs) difference(key, name string, resamples int, seed uint64, of, hit func(Outcome) bool) eval.Difference {
	d := stats.CompareShares(groupsOf(p.base), resamples, seed,
		func(i int) bool { return of(p.base[i]) && of(p.other[i]) },
		func(i int) bool { return hit(p.base[i]) }, func(i int) bool { return hit(p.other[i]) })
	return eval.Difference{
		Key: key, Name: name, Rate: true, Before: d.Before, After: d.After, Estimate: d.Estimate,
		P: d.P, Test: d.Test, OnlyBase: d.OnlyBase, OnlyOther: d.OnlyOther, Finding: d.Finding(0),
	}
}

// groupsOf numbers the groups of the questions.
func groupsOf(outcomes []Outcome) []int {
	names := make([]string, len(outcomes))
	for i, o := range outcomes {
		names[i] = o.Group
	}
	return stats.Groups(names)
}

// DifferencesNote says what the differences are based on, for tables and reports; "" if
// there are none.
func (r *Result) DifferencesNote() string {
	if len(r.Differences) == 0 {
		return ""
	}
	return fmt.Sprintf("%s minus %s, over the questions whose passages the change affected for both; lost (of correct) over those that both "+
		"answered correctly before. In percentage points, with 95%% intervals; p is McNemar's, or of a randomisation test where "+
		"questions belong together. Which direction is better depends on the change.", r.System, r.Base)
}

// differencesTable has a row for each difference that was measured.
func (r *Result) differencesTable() string {
	t := table.New("", "", "n", table.Cut(r.Base, 7), table.Cut(r.System, 7), "diff.", "interval", "p", "finding")
	t.Left = []int{1, 8}
	for _, change := range r.Differences {
		name := table.Cut(change.Name, 21)
		for _, d := range change.Measured() {
			what, _, _ := strings.Cut(d.Name, " ")
			t.Row(name, what, d.Estimate.N, figures.Percent(stats.OrNaN(d.Before)), figures.Percent(stats.OrNaN(d.After)),
				figures.SignedMetric(d.Estimate.Value, true), figures.SignedInterval(d.Estimate, true), figures.ShowP(d.P), d.Finding)
			name = ""
		}
	}
	return t.String()
}

// Recompute counts the outcomes again and removes flips whose verdicts are now equal. It
// returns an error if a flip contradicts its outcome.
func (c *Change) Recompute() error {
	if len(c.Outcomes) != c.N {
		return fmt.Errorf("%d outcomes of %d questions", len(c.Outcomes), c.N)
	}
	of := map[string]Outcome{}
	for _, o := range c.Outcomes {
		if _, ok := of[o.QuestionID]; ok {
			return fmt.Errorf("two outcomes of question %q", o.QuestionID)
		}
		of[o.QuestionID] = o
	}
	for _, f := range c.Flips {
		if o, ok := of[f.QuestionID]; !ok {
			return fmt.Errorf("the flip of question %q has no outcome", f.QuestionID)
		} else if f.From != o.From || f.To != o.To {
			return fmt.Errorf("the flip of question %q is from %s to %s, but its outcome is from %s to %s: correct both lines",
				f.QuestionID, f.From, f.To, o.From, o.To)
		}
	}
	c.Flips = slices.DeleteFunc(c.Flips, func(f Flip) bool { return f.From == f.To })
	c.count(c.Followed.N > 0)
	return nil
}
