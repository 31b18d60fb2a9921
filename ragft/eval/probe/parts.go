package probe

import (
	"fmt"
	"iter"
	"slices"

	"github.com/ragft/ragft/internal/figures"
	"github.com/ragft/ragft/internal/metric"
	"github.com/ragft/ragft/internal/plural"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/internal/table"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/rows"
)

// Part is the questions of a list that the training rows teach the answer of, or those
// that they do not.
type Part struct {
	Questions []string                  `json:"questions"` // their ids
	Correct   map[string]stats.Estimate `json:"correct"`   // share judged correct, by arm
	// Learned is the share of the arm "tuned, no documents" minus that of "base, no
	// documents".
	Learned eval.Difference `json:"learned"`
}

// split sorts the questions by whether the rows teach their answers, and returns those to
// ask, without those that the rows ask as well. All have ids.
func (p *Probe) split(questions []question.Question, r []rows.Row) []question.Question {
	for _, row := range r {
		if !row.HeldOut {
			p.Rows++
		}
	}
	if p.Rows == 0 {
		return questions
	}
	ids := func(of []question.Question) (ids []string) {
		for _, q := range of {
			ids = append(ids, q.ID)
		}
		return ids
	}
	taught, notTaught, leaked := rows.Taught(questions, r, question.LeakOptions{})
	p.Leaked = ids(leaked)
	for _, part := range []struct {
		of   []question.Question
		into **Part
	}{{taught, &p.Taught}, {notTaught, &p.NotTaught}} {
		if len(part.of) > 0 {
			*part.into = &Part{Questions: ids(part.of)}
		}
	}
	return slices.DeleteFunc(slices.Clone(questions), func(q question.Question) bool { return slices.Contains(p.Leaked, q.ID) })
}

// Recompute measures the parts again from the records of the evaluation.
func (p *Probe) Recompute() {
	for _, part := range p.Parts() {
		part.measure(p.Evaluation)
	}
}

func (part *Part) measure(e *eval.Evaluation) {
	arm := func(name string) (records []eval.Record) {
		for _, r := range e.System(name).Records {
			if slices.Contains(part.Questions, r.QuestionID) {
				records = append(records, r)
			}
		}
		return records
	}
	var names []string
	for _, q := range e.Questions { // in the order of records
		if slices.Contains(part.Questions, q.ID) {
			names = append(names, q.Group)
		}
	}
	groups := stats.Groups(names)
	part.Correct = map[string]stats.Estimate{}
	for _, s := range e.Systems {
		var values []float64
		for _, r := range arm(s.Name) {
			values = append(values, stats.Indicator(r.Verdict == answer.Correct))
		}
		part.Correct[s.Name] = stats.GroupedMean(values, groups, 0, 1, e.Resamples, e.Seed)
	}
	base, other := arm(armBefore), arm(armTuned)
	d := stats.CompareShares(groups, e.Resamples, e.Seed, func(int) bool { return true },
		func(i int) bool { return base[i].Verdict == answer.Correct }, func(i int) bool { return other[i].Verdict == answer.Correct })
	part.Learned = eval.Difference{
		Key: metric.Correct, Name: "correct", Direction: 1, Rate: true, Before: d.Before, After: d.After, Estimate: d.Estimate,
		P: d.P, Test: d.Test, OnlyBase: d.OnlyBase, OnlyOther: d.OnlyOther, Finding: d.Finding(1),
	}
}

// Parts yields the parts that have questions, with their names in tables.
func (p *Probe) Parts() iter.Seq2[string, *Part] {
	return func(yield func(string, *Part) bool) {
		_ = (p.Taught == nil || yield("answer is in the rows", p.Taught)) &&
			(p.NotTaught == nil || yield("answer is not in the rows", p.NotTaught))
	}
}

// checkParts returns an error if the parts do not fit the evaluation.
func (p *Probe) checkParts() error {
	for name, part := range p.Parts() {
		for _, arm := range []string{armBefore, armTuned} {
			if p.Evaluation.System(arm) == nil {
				return fmt.Errorf("the system %q is missing, which parts of the questions are measured with", arm)
			}
		}
		for _, id := range part.Questions {
			if !slices.ContainsFunc(p.Evaluation.Questions, func(q eval.Question) bool { return q.ID == id }) {
				return fmt.Errorf("question %q of the part %q was not asked", id, name)
			}
		}
	}
	return nil
}

// PartsNote says how many questions the rows teach the answer of; "" = no rows were given.
func (p *Probe) PartsNote() string {
	if p.Rows == 0 {
		return ""
	}
	open := len(p.Evaluation.Questions)
	note := "Compared with " + plural.N(p.Rows, "training row") + "."
	for name, part := range p.Parts() {
		note += fmt.Sprintf(" Questions whose %s: %d.", name, len(part.Questions))
		open -= len(part.Questions)
	}
	if open > 0 {
		note += fmt.Sprintf(" Questions without a reference answer: %d.", open)
	}
	if n := len(p.Leaked); n > 0 {
		note += fmt.Sprintf(" Left out because a row asks almost the same: %d.", n)
	}
	return note
}

// partsTable shows the share correct of each part, by arm.
func (p *Probe) partsTable() string {
	if p.Rows == 0 {
		return ""
	}
	text := "\n" + table.Wrap(p.PartsNote())
	if p.Taught == nil && p.NotTaught == nil {
		return text
	}
	heads := []string{"correct", "n"}
	for _, s := range p.Evaluation.Systems {
		heads = append(heads, s.Name)
	}
	t := table.New(heads...)
	learned := fmt.Sprintf("%s - %s, correct:\n", armTuned, armBefore)
	for name, part := range p.Parts() {
		row := []any{name, len(part.Questions)}
		for _, s := range p.Evaluation.Systems {
			e := part.Correct[s.Name]
			row = append(row, figures.Percent(e.Value)+"  "+figures.PercentInterval(e))
		}
		t.Row(row...)
		d := part.Learned
		learned += fmt.Sprintf("%s: %s (%s), p %s, %s\n", name,
			figures.SignedMetric(d.Estimate.Value, true), figures.SignedInterval(d.Estimate, true), figures.ShowP(d.P), d.Finding)
	}
	return text + "\n" + t.String() + learned
}
