package ragft

import (
	"fmt"
	"slices"

	"github.com/ragft/ragft/internal/table"
)

// MemoryPart is the questions of a list of memory probes that the rows have the
// same to say about.
type MemoryPart struct {
	Questions []string            `json:"questions"` // their ids
	Correct   map[string]Estimate `json:"correct"`   // share judged correct, by arm
	// Learned is the share of [MemoryTuned] less that of [MemoryBefore].
	Learned Difference `json:"learned"`
}

// hold sorts the questions by what the rows teach of them, and returns those to
// ask: without those that the rows ask as well. All have ids.
func (p *MemoryProbe) hold(questions []Question, rows []Row) []Question {
	for _, row := range rows {
		if !row.HeldOut {
			p.Rows++
		}
	}
	if p.Rows == 0 {
		return questions
	}
	ids := func(of []Question) (ids []string) {
		for _, q := range of {
			ids = append(ids, q.ID)
		}
		return ids
	}
	s := SplitProbes(questions, rows, LeakOptions{})
	p.Leaked = ids(s.Leaked)
	for _, part := range []struct {
		of   []Question
		into **MemoryPart
	}{{s.Taught, &p.Taught}, {s.Withheld, &p.Withheld}} {
		if len(part.of) > 0 {
			*part.into = &MemoryPart{Questions: ids(part.of)}
		}
	}
	return slices.DeleteFunc(slices.Clone(questions), func(q Question) bool { return slices.Contains(p.Leaked, q.ID) })
}

// measureParts computes what follows from the records.
func (p *MemoryProbe) measureParts() {
	for _, part := range p.parts() {
		part.measure(p.Evaluation)
	}
}

func (part *MemoryPart) measure(e *Evaluation) {
	arm := func(name string) (records []Record) {
		for _, r := range e.System(name).Records {
			if slices.Contains(part.Questions, r.QuestionID) {
				records = append(records, r)
			}
		}
		return records
	}
	part.Correct = map[string]Estimate{}
	for _, s := range e.Systems {
		var values []float64
		for _, r := range arm(s.Name) {
			values = append(values, indicator(isCorrect(&r)))
		}
		part.Correct[s.Name] = meanEstimate(values, 0, 1, e.Resamples, e.Seed)
	}
	base, other := arm(MemoryBefore), arm(MemoryTuned)
	part.Learned = shareDifference(Metric{Key: MetricCorrect, Name: "correct", Direction: HigherIsBetter}, len(base), e.Resamples, e.Seed,
		func(int) bool { return true }, func(i int) bool { return isCorrect(&base[i]) }, func(i int) bool { return isCorrect(&other[i]) })
}

// namedPart is a part with what it is called in tables.
type namedPart struct {
	name string
	*MemoryPart
}

// parts are those that have questions.
func (p *MemoryProbe) parts() []namedPart {
	all := []namedPart{{"a row tells the answer", p.Taught}, {"no row tells it", p.Withheld}}
	return slices.DeleteFunc(all, func(n namedPart) bool { return n.MemoryPart == nil })
}

// checkParts holds what came from a file to what measureParts and tables rely on.
func (p *MemoryProbe) checkParts() error {
	for _, arm := range []string{MemoryBefore, MemoryTuned} {
		if len(p.parts()) > 0 && p.Evaluation.System(arm) == nil {
			return fmt.Errorf("there is no system %q, which the parts of the questions are measured by", arm)
		}
	}
	for _, part := range p.parts() {
		for _, id := range part.Questions {
			if !slices.ContainsFunc(p.Evaluation.Questions, func(q EvalQuestion) bool { return q.ID == id }) {
				return fmt.Errorf("question %q, of which %s, was not asked", id, part.name)
			}
		}
	}
	return nil
}

// partsNote says how the rows bear on the questions; "" = no rows were given.
func (p *MemoryProbe) partsNote() string {
	if p.Rows == 0 {
		return ""
	}
	open := len(p.Evaluation.Questions)
	note := fmt.Sprintf("Held against the %d rows that were learnt.", p.Rows)
	for i, part := range p.parts() {
		note += []string{" Questions of which ", "; of which "}[min(i, 1)] + fmt.Sprintf("%s: %d", part.name, len(part.Questions))
		open -= len(part.Questions)
	}
	if len(p.parts()) > 0 {
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
func (p *MemoryProbe) partsTable() string {
	if p.Rows == 0 {
		return ""
	}
	text := "\n" + table.Wrap(p.partsNote())
	if len(p.parts()) == 0 {
		return text
	}
	heads := []string{"correct", "n"}
	for _, s := range p.Evaluation.Systems {
		heads = append(heads, s.Name)
	}
	t := table.New(heads...)
	learned := fmt.Sprintf("%s - %s, correct:\n", MemoryTuned, MemoryBefore)
	for _, part := range p.parts() {
		row := []any{part.name, len(part.Questions)}
		for _, s := range p.Evaluation.Systems {
			e := part.Correct[s.Name]
			row = append(row, percent(e.Value)+"  "+percentInterval(e))
		}
		t.Row(row...)
		d := part.Learned
		learned += fmt.Sprintf("%s: %s (%s), p %s, %s\n", part.name,
			signedMetric(d.Estimate.Value, true), signedInterval(d.Estimate, true), showP(d.P), d.Finding)
	}
	return text + "\n" + t.String() + learned
}
