package probe

import (
	"fmt"
	"slices"

	"github.com/ragft/ragft/internal/figures"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/internal/table"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/rows"
)

// MemoryPart is the questions of a list of memory probes that the rows have the
// same to say about.
type Part struct {
	Questions []string                  `json:"questions"` // their ids
	Correct   map[string]stats.Estimate `json:"correct"`   // share judged correct, by arm
	// Learned is the share of [MemoryTuned] less that of [MemoryBefore].
	Learned eval.Difference `json:"learned"`
}

// hold sorts the questions by what the rows teach of them, and returns those to
// ask: without those that the rows ask as well. All have ids.
func (p *Probe) hold(questions []question.Question, r []rows.Row) []question.Question {
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
	s := rows.SplitProbes(questions, r, question.LeakOptions{})
	p.Leaked = ids(s.Leaked)
	for _, part := range []struct {
		of   []question.Question
		into **Part
	}{{s.Taught, &p.Taught}, {s.Withheld, &p.Withheld}} {
		if len(part.of) > 0 {
			*part.into = &Part{Questions: ids(part.of)}
		}
	}
	return slices.DeleteFunc(slices.Clone(questions), func(q question.Question) bool { return slices.Contains(p.Leaked, q.ID) })
}

// measureParts computes what follows from the records.
func (p *Probe) MeasureParts() {
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
	part.Correct = map[string]stats.Estimate{}
	for _, s := range e.Systems {
		var values []float64
		for _, r := range arm(s.Name) {
			values = append(values, stats.Indicator(eval.IsCorrect(&r)))
		}
		part.Correct[s.Name] = stats.MeanEstimate(values, 0, 1, e.Resamples, e.Seed)
	}
	base, other := arm(MemoryBefore), arm(MemoryTuned)
	part.Learned = eval.ShareDifference(eval.Metric{Key: eval.MetricCorrect, Name: "correct", Direction: eval.HigherIsBetter}, len(base), e.Resamples, e.Seed,
		func(int) bool { return true }, func(i int) bool { return eval.IsCorrect(&base[i]) }, func(i int) bool { return eval.IsCorrect(&other[i]) })
}

// namedPart is a part with what it is called in tables.
type namedPart struct {
	Name string
	*Part
}

// parts are those that have questions.
func (p *Probe) Parts() []namedPart {
	all := []namedPart{{"a row tells the answer", p.Taught}, {"no row tells it", p.Withheld}}
	return slices.DeleteFunc(all, func(n namedPart) bool { return n.Part == nil })
}

// checkParts holds what came from a file to what measureParts and tables rely on.
func (p *Probe) CheckParts() error {
	for _, arm := range []string{MemoryBefore, MemoryTuned} {
		if len(p.Parts()) > 0 && p.Evaluation.System(arm) == nil {
			return fmt.Errorf("there is no system %q, which the parts of the questions are measured by", arm)
		}
	}
	for _, part := range p.Parts() {
		for _, id := range part.Questions {
			if !slices.ContainsFunc(p.Evaluation.Questions, func(q eval.Question) bool { return q.ID == id }) {
				return fmt.Errorf("question %q, of which %s, was not asked", id, part.Name)
			}
		}
	}
	return nil
}

// partsNote says how the rows bear on the questions; "" = no rows were given.
func (p *Probe) PartsNote() string {
	if p.Rows == 0 {
		return ""
	}
	open := len(p.Evaluation.Questions)
	note := fmt.Sprintf("Held against the %d rows that were learnt.", p.Rows)
	for i, part := range p.Parts() {
		note += []string{" Questions of which ", "; of which "}[min(i, 1)] + fmt.Sprintf("%s: %d", part.Name, len(part.Questions))
		open -= len(part.Questions)
	}
	if len(p.Parts()) > 0 {
		note += "."
	}
	if open > 0 {
		note += fmt.Sprintf(" Without an answer to look for: %d.", open)
	}
	if n := len(p.Leaked); n > 0 {
		note += fmt.Sprintf(" Left out, since a row asks them in nearly the same words: %d.", n)
	}
	return note
}

// partsTable is the share correct of each part, by arm.
func (p *Probe) partsTable() string {
	if p.Rows == 0 {
		return ""
	}
	text := "\n" + table.Wrap(p.PartsNote())
	if len(p.Parts()) == 0 {
		return text
	}
	heads := []string{"correct", "n"}
	for _, s := range p.Evaluation.Systems {
		heads = append(heads, s.Name)
	}
	t := table.New(heads...)
	learned := fmt.Sprintf("%s - %s, correct:\n", MemoryTuned, MemoryBefore)
	for _, part := range p.Parts() {
		row := []any{part.Name, len(part.Questions)}
		for _, s := range p.Evaluation.Systems {
			e := part.Correct[s.Name]
			row = append(row, figures.Percent(e.Value)+"  "+figures.PercentInterval(e))
		}
		t.Row(row...)
		d := part.Learned
		learned += fmt.Sprintf("%s: %s (%s), p %s, %s\n", part.Name,
			figures.SignedMetric(d.Estimate.Value, true), figures.SignedInterval(d.Estimate, true), figures.ShowP(d.P), d.Finding)
	}
	return text + "\n" + t.String() + learned
}
