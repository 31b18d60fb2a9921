package robust

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/figures"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/internal/table"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/eval"
)

// PerturbOutcome is what became of one question whose passages were changed.
type Outcome struct {
	QuestionID string         `json:"question_id"`
	From       answer.Verdict `json:"from"`
	To         answer.Verdict `json:"to"`
	Followed   bool           `json:"followed,omitempty"` // the answer after the change followed it
}

// PerturbDifference is how differently two systems took one change, over the
// questions whose passages it changed for both. A difference has no better
// side: to flip is right where the evidence is gone, and to say what the
// passages say where the answer in them was swapped; see [Perturbation.Meaning].
type Difference struct {
	Name     string          `json:"name"` // of the change
	Flipped  eval.Difference `json:"flipped"`
	Lost     eval.Difference `json:"lost"`     // of the questions that both answered right before
	Followed eval.Difference `json:"followed"` // NotMeasured where nothing was put there
}

// all lists what was measured, in the order of tables.
func (d Difference) All() []eval.Difference {
	return slices.DeleteFunc([]eval.Difference{d.Flipped, d.Lost, d.Followed}, func(d eval.Difference) bool { return d.Finding == stats.NotMeasured })
}

// Compare says what other system this one is compared with, and fills in Base
// and Differences, this system's shares less base's: paired, with bootstrap
// intervals as those of [eval.Run] and McNemar's exact test. resamples 0 =
// [stats.DefaultResamples]. Changes and questions that only one of the two has take
// no part, nor do those of a file that keeps no outcomes.
func (out *Result) Compare(base *Result, resamples int, seed uint64) {
	if resamples <= 0 {
		resamples = stats.DefaultResamples
	}
	out.Base, out.Differences = base.System, nil
	for _, r := range out.Results {
		at := slices.IndexFunc(base.Results, func(b Outcomes) bool { return b.Name == r.Name })
		if at < 0 {
			continue
		}
		p := pairOutcomes(base.Results[at].Outcomes, r.Outcomes)
		follows := base.Results[at].Followed.N > 0 && r.Followed.N > 0
		d := Difference{
			Name: r.Name,
			Flipped: p.difference("flipped", "flipped", resamples, seed, func(Outcome) bool { return true },
				func(o Outcome) bool { return o.From != o.To }),
			Lost: p.difference("lost", "lost, of right ones", resamples, seed, func(o Outcome) bool { return o.From == answer.Correct },
				func(o Outcome) bool { return o.To != answer.Correct }),
			Followed: p.difference("followed", "followed it", resamples, seed, func(Outcome) bool { return follows },
				func(o Outcome) bool { return o.Followed }),
		}
		if len(d.All()) > 0 {
			out.Differences = append(out.Differences, d)
		}
	}
}

// outcomePairs are the outcomes of the questions that a change touched for both.
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

// difference is that of a share over the pairs that both are of.
func (p outcomePairs) difference(key, name string, resamples int, seed uint64, of, hit func(Outcome) bool) eval.Difference {
	return eval.ShareDifference(eval.Metric{Key: key, Name: name, Direction: eval.Neither}, len(p.base), resamples, seed,
		func(i int) bool { return of(p.base[i]) && of(p.other[i]) }, func(i int) bool { return hit(p.base[i]) }, func(i int) bool { return hit(p.other[i]) })
}

// differencesNote says what the differences rest on, for table and report.
func (out *Result) DifferencesNote() string {
	return fmt.Sprintf("%s less %s, over the questions whose passages the change changed for both, lost over those that both had right before. "+
		"In points, with 95%% intervals; p is McNemar's. Whether more is better depends on the change.", out.System, out.Base)
}

// differencesTable is a line for every difference that was measured.
func (out *Result) differencesTable() string {
	t := table.New("", "", "n", table.Cut(out.Base, 7), table.Cut(out.System, 7), "diff.", "interval", "p", "finding")
	t.Left = []int{1, 8}
	for _, change := range out.Differences {
		name := table.Cut(change.Name, 21)
		for _, d := range change.All() {
			what, _, _ := strings.Cut(d.Name, ",")
			t.Row(name, what, d.Estimate.N, figures.Percent(stats.OrNaN(d.Before)), figures.Percent(stats.OrNaN(d.After)),
				figures.SignedMetric(d.Estimate.Value, true), figures.SignedInterval(d.Estimate, true), figures.ShowP(d.P), d.Finding)
			name = ""
		}
	}
	return t.String()
}

// CountAgain counts the outcomes, and takes out flips that are none any more. A
// result without outcomes is of a version that kept none, and stays as it is.
func (r *Outcomes) CountAgain() error {
	if len(r.Outcomes) == 0 {
		return nil
	}
	if len(r.Outcomes) != r.N {
		return fmt.Errorf("%d outcomes of %d questions", len(r.Outcomes), r.N)
	}
	of := map[string]Outcome{}
	for _, o := range r.Outcomes {
		if _, ok := of[o.QuestionID]; ok {
			return fmt.Errorf("two outcomes of question %q", o.QuestionID)
		}
		of[o.QuestionID] = o
	}
	for _, f := range r.Flips {
		if o, ok := of[f.QuestionID]; !ok {
			return fmt.Errorf("the flip of question %q has no outcome", f.QuestionID)
		} else if f.From != o.From || f.To != o.To {
			return fmt.Errorf("the flip of question %q goes from %s to %s, and its outcome from %s to %s: correct both lines", f.QuestionID, f.From, f.To, o.From, o.To)
		}
	}
	r.Flips = slices.DeleteFunc(r.Flips, func(f Flip) bool { return f.From == f.To })
	r.Count(r.Followed.N > 0)
	return nil
}
