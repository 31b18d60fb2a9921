//go:build cgo

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/ragft/eval"
)

// table is recipes x metrics, and what of it is a difference. All shares are in [0, 1].
type table struct {
	Questions    int          `json:"questions"` // held out
	Unanswerable int          `json:"unanswerable"`
	Learnt       int          `json:"learnt"` // questions that rows were made of
	General      int          `json:"general"`
	Missed       float64      `json:"missed,omitempty"` // share of the questions learnt from whose answer the search missed
	Passages     int          `json:"passages"`
	Budget       int          `json:"budget"` // tokens
	Seed         uint64       `json:"seed"`
	Lines        []line       `json:"lines"`
	Differences  []difference `json:"differences"`
	Abilities    []ability    `json:"abilities"` // of the base
}

type line struct {
	Recipe   string                    `json:"recipe"`
	Rows     int                       `json:"rows,omitempty"`
	Calls    int                       `json:"calls,omitempty"`
	Steps    int                       `json:"steps,omitempty"`
	Making   float64                   `json:"making_seconds,omitempty"`
	Training float64                   `json:"training_seconds,omitempty"`
	Failed   string                    `json:"failed,omitempty"`
	Metrics  map[string]stats.Estimate `json:"metrics,omitempty"`
}

type difference struct {
	Base    string                     `json:"base"`
	Other   string                     `json:"other"`
	Metrics map[string]eval.Difference `json:"metrics"`
}

// column is a metric of the table: where it comes from.
type column struct {
	key, head, metric string
	of                func(m *measures) *eval.Evaluation
	closed            bool
}

const proseKey = "general_perplexity"

func columns() []column {
	held, facts := func(m *measures) *eval.Evaluation { return m.held }, func(m *measures) *eval.Evaluation { return m.facts }
	return []column{
		{"correct", "correct", eval.MetricCorrect, held, false},
		{"made_up", "made up", eval.MetricMadeUp, held, false},
		{"false_refusal", "declined though shown", eval.MetricFalseRefusal, held, false},
		{"correct_closed", "correct, no documents", eval.MetricCorrect, held, true},
		{"general_correct", "general facts", eval.MetricCorrect, facts, true},
	}
}

func (c *comparison) table(m *measures) *table {
	t := &table{Questions: len(m.held.Questions), Learnt: len(c.train), General: len(m.facts.Questions), Passages: c.passages,
		Missed: c.missed,
		Budget: c.budget, Seed: c.seed, Abilities: m.abilities}
	for _, q := range m.held.Questions {
		if q.Unanswerable {
			t.Unanswerable++
		}
	}
	add := func(l line, name string) {
		l.Metrics = map[string]stats.Estimate{}
		for _, col := range columns() {
			system := name
			if col.closed {
				system = closedOf(name)
			}
			if s := col.of(m).System(system); s != nil {
				l.Metrics[col.key] = s.Estimate(col.metric)
			}
		}
		if loss, ok := m.prose[name]; ok {
			l.Metrics[proseKey] = loss.Change
		}
		t.Lines = append(t.Lines, l)
	}
	add(line{Recipe: baseName}, baseName)
	add(line{Recipe: carefulName}, carefulName)
	for _, r := range c.results {
		l := line{Recipe: r.name, Rows: r.rows, Calls: r.asked.calls, Failed: r.failed, Making: r.asked.seconds}
		if r.tuned == nil {
			t.Lines = append(t.Lines, l)
			continue
		}
		l.Steps, l.Training = r.trained.Result.Steps, r.trained.Result.TrainSeconds
		add(l, r.name)
		if r.alone {
			add(line{Recipe: r.name + eachAlone}, r.name+eachAlone)
		}
	}
	for _, p := range m.pairs {
		t.Differences = append(t.Differences, differenceOf(m, p))
	}
	return t
}

func differenceOf(m *measures, p eval.Pair) difference {
	d := difference{Base: p.Base, Other: p.Other, Metrics: map[string]eval.Difference{}}
	for _, col := range columns() {
		base, other := p.Base, p.Other
		if col.closed {
			base, other = closedOf(base), closedOf(other)
		}
		comparisons := col.of(m).Comparisons
		for i := range comparisons {
			if comparisons[i].Base == base && comparisons[i].Other == other {
				d.Metrics[col.key] = comparisons[i].Difference(col.metric)
			}
		}
	}
	return d
}

// markdown writes the tables in %, with 95 % intervals.
func (t *table) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d questions to learn from, %d held out, %d of these unanswerable; %d general facts; %d passages shown; seed %d. "+
		"In %%, with 95 %% intervals.\n\n",
		t.Learnt, t.Questions, t.Unanswerable, t.General, t.Passages, t.Seed)
	if t.Missed > 0 {
		fmt.Fprintf(&b, "None of the questions to learn from is marked unanswerable; for %.0f %% of them the search "+
			"misses the answer.\n\n", 100*t.Missed)
	}
	heads := []string{"recipe"}
	for _, col := range columns() {
		heads = append(heads, col.head)
	}
	header(&b, append(heads, "perplexity of general text")...)
	for _, l := range t.Lines {
		b.WriteString(l.markdown())
	}
	b.WriteString("\nDifferences on the same questions, in points; where nothing stands beside one, no difference is shown:\n\n")
	header(&b, append([]string{""}, heads[1:]...)...)
	for _, d := range t.Differences {
		b.WriteString(d.markdown())
	}
	fmt.Fprintf(&b, "\nEach was trained on %d tokens, rows being repeated or drawn. What that took:\n\n", t.Budget)
	header(&b, "recipe", "rows", "calls", "making, s", "steps", "training, s", "no adapter, because")
	for _, l := range t.Lines {
		if l.Rows > 0 || l.Failed != "" {
			fmt.Fprintf(&b, "| %s | %d | %d | %.1f | %s | %s | %s |\n", l.Recipe, l.Rows, l.Calls, l.Making,
				known("%.0f", float64(l.Steps)), known("%.0f", l.Training), inCell(l.Failed))
		}
	}
	b.WriteString("\n")
	header(&b, "asked to", "the base")
	for _, a := range t.Abilities {
		fmt.Fprintf(&b, "| %s | %s |\n", a.Asked, inCell(a.Did))
	}
	return b.String()
}

func header(b *strings.Builder, heads ...string) {
	fmt.Fprintf(b, "| %s |\n|%s\n", strings.Join(heads, " | "), strings.Repeat("---|", len(heads)))
}

// known leaves 0 out.
func known(format string, x float64) string {
	if x == 0 {
		return ""
	}
	return fmt.Sprintf(format, x)
}

// inCell keeps a text within a cell of a table.
func inCell(text string) string {
	return strings.NewReplacer("|", "/", "\n", " ").Replace(text)
}

func (l line) markdown() string {
	if l.Failed != "" {
		return fmt.Sprintf("| %s | no adapter, see below |%s\n", l.Recipe, strings.Repeat(" |", len(columns())))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "| %s |", l.Recipe)
	for _, col := range columns() {
		fmt.Fprintf(&b, " %s |", interval(l.Metrics, col.key, "%.1f (%.1f to %.1f)"))
	}
	return b.String() + " " + interval(l.Metrics, proseKey, "%+.1f (%+.1f to %+.1f)") + " |\n"
}

func interval(metrics map[string]stats.Estimate, key, format string) string {
	x, ok := metrics[key]
	if !ok || !x.Defined() {
		return "–"
	}
	return fmt.Sprintf(format, 100*x.Value, 100*x.Low, 100*x.High)
}

func (d difference) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "| %s less %s |", d.Other, d.Base)
	for _, col := range columns() {
		x, ok := d.Metrics[col.key]
		if !ok || !x.Estimate.Defined() {
			b.WriteString(" – |")
			continue
		}
		fmt.Fprintf(&b, " %+.1f (%+.1f to %+.1f)", 100*x.Estimate.Value, 100*x.Estimate.Low, 100*x.Estimate.High)
		if x.Finding == stats.Better || x.Finding == stats.Worse {
			fmt.Fprintf(&b, ", **%s**", x.Finding)
		}
		b.WriteString(" |")
	}
	return b.String() + "\n"
}

func (t *table) writeJSON(path string) error {
	data, err := json.MarshalIndent(t, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(data, '\n'), 0o644)
}
