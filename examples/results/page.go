//go:build cgo

package main

import (
	"cmp"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/atomicfile"
)

func readOutcome(file string) (*outcome, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var o outcome
	if err := json.Unmarshal(data, &o); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return &o, nil
}

// column is one of a table, with its metric.
type column struct{ title, key string }

// columns are those of the main table.
var columns = []column{
	{"correct", "correct"}, {"made up (a)", "made_up_absent"}, {"made up (b)", "made_up_altered"}, {"false refusals", "false_refusal"},
	{"truthfulness", "truthfulness"}, {"AUC (a)", "auc_absent"}, {"AUC (b)", "auc_altered"},
}

var givenColumns = []column{
	{"correct", "correct"}, {"exact match", "exact_match"}, {"F1", "f1"}, {"tokens of an answer", "answer_tokens"},
}

// writePage makes the page of the results that are there, and the one beside it with their details.
func (p program) writePage() error {
	all, err := p.readAll()
	if err != nil {
		return err
	}
	slices.SortStableFunc(all, func(a, b *outcome) int {
		return cmp.Or(cmp.Compare(a.Model, b.Model), cmp.Compare(a.Seed, b.Seed), cmp.Compare(place(a.Arm), place(b.Arm)))
	})
	var b, details strings.Builder
	b.WriteString(pageHead)
	details.WriteString(detailsHead)
	writeArms(&b, all)
	for _, name := range namesOf(all) {
		var of []*outcome
		for _, o := range all {
			if o.Model == name && o.Set == "" {
				of = append(of, o)
			}
		}
		if len(of) > 0 {
			writeModel(&b, name, of)
			writeDetails(&details, name, of)
		}
	}
	writeSets(&b, all)
	p.writeMissing(&b, all)
	return errors.Join(writeText(p.page, b.String()), writeText(detailsPage(p.page), details.String()))
}

// detailsPage is the file of the details beside a page.
func detailsPage(page string) string { return strings.TrimSuffix(page, ".md") + "-details.md" }

func writeText(file, text string) error {
	return atomicfile.Write(file, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
}

// The beginnings of the pages.
var (
	//go:embed head.md
	pageHead string

	//go:embed details.md
	detailsHead string
)

// writeArms says what the arms are of which there are results.
func writeArms(b *strings.Builder, all []*outcome) {
	b.WriteString("\nThe rows of the tables:\n\n")
	for _, a := range arms() {
		if slices.ContainsFunc(all, func(o *outcome) bool { return o.Arm == a.name }) {
			fmt.Fprintf(b, "- **%s**: %s\n", a.name, a.about)
		}
	}
}

func writeModel(b *strings.Builder, name string, of []*outcome) {
	fmt.Fprintf(b, "\n## %s\n\n%d passages retrieved for each question.\n\n", name, of[0].Shown)
	head, line := "| | seed | questions |", "|---|---|---|"
	for _, c := range columns {
		head, line = head+" "+c.title+" |", line+"---|"
	}
	fmt.Fprintf(b, "%s\n%s\n", head, line)
	rows := withMeans(of)
	for _, o := range rows {
		fmt.Fprintf(b, "| %s | %s | %d |", o.Arm, o.seedText(), o.Held)
		for _, c := range columns {
			fmt.Fprintf(b, " %s |", o.Found[c.key].text(strings.HasPrefix(c.key, "auc")))
		}
		b.WriteByte('\n')
	}
	b.WriteString("\nWith the paragraph that holds the answer in place of retrieved passages, and every question answered:\n\n")
	head, line = "| | seed |", "|---|---|"
	for _, c := range givenColumns {
		head, line = head+" "+c.title+" |", line+"---|"
	}
	fmt.Fprintf(b, "%s\n%s\n", head, line)
	for _, o := range rows {
		fmt.Fprintf(b, "| %s | %s |", o.Arm, o.seedText())
		for _, c := range givenColumns {
			fmt.Fprintf(b, " %s |", o.Given[c.key].text(c.key == "answer_tokens"))
		}
		b.WriteByte('\n')
	}
	writeAtTarget(b, of)
	writeDifferences(b, of)
}

func writeDetails(b *strings.Builder, name string, of []*outcome) {
	fmt.Fprintf(b, "\n## %s\n", name)
	writeParts(b, of)
	writeFurther(b, of)
	writeProbes(b, of)
	writeCost(b, of)
}

// withMeans adds, behind the rows of all seeds, the mean of each arm that has several.
func withMeans(of []*outcome) []*outcome {
	rows := slices.Clone(of)
	var done []string
	for _, o := range of {
		if slices.Contains(done, o.Arm) {
			continue
		}
		done = append(done, o.Arm)
		if m := mean(slices.DeleteFunc(slices.Clone(of), func(other *outcome) bool { return other.Arm != o.Arm })); m != nil {
			rows = append(rows, m)
		}
	}
	return rows
}

// seedText names the seed; a mean has none.
func (o *outcome) seedText() string {
	if o.Seed == 0 {
		return "mean"
	}
	return fmt.Sprint(o.Seed)
}

// writeCost lists what the rows are made of, and what teaching took.
func writeCost(b *strings.Builder, of []*outcome) {
	of = slices.DeleteFunc(slices.Clone(of), func(o *outcome) bool { return o.Train == nil })
	if len(of) == 0 {
		return
	}
	b.WriteString("\nThe rows, and what they cost:\n\n" +
		"| | seed | questions | rows | answers of its own | rationalised | references | refusals | s to make them | tokens | " +
		"s to train | last try, min |\n" +
		"|---|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, o := range of {
		rows := 0
		for _, n := range o.Rows {
			rows += n
		}
		fmt.Fprintf(b, "| %s | %d | %d | %d | %d | %d | %d | %d | %.0f | %d | %.0f | %.0f |\n", o.Arm, o.Seed, o.Learnt, rows,
			o.Rows["own"], o.Rows["rationalised"], o.Rows["reference"]+o.Rows["answer"], o.Rows["refusal"],
			o.Made, o.Tokens, o.Train.Seconds, o.Seconds/60)
	}
}

// text is the value with its interval: a percentage, or a plain number.
func (m metric) text(plain bool) string {
	switch {
	case m.N == 0:
		return ""
	case m.Low == m.High && plain && m.Value <= 1: // without an interval: none has no width
		return fmt.Sprintf("%.2f", m.Value)
	case m.Low == m.High && plain:
		return fmt.Sprintf("%.1f", m.Value)
	case m.Low == m.High:
		return fmt.Sprintf("%.1f", 100*m.Value)
	case plain:
		return fmt.Sprintf("%.2f (%.2f to %.2f)", m.Value, m.Low, m.High)
	}
	return fmt.Sprintf("%.1f (%.1f to %.1f)", 100*m.Value, 100*m.Low, 100*m.High)
}

// expectedSets are the names that -also has for the further questions of this page.
var expectedSets = []string{"nq-oracle", "covid-qa"}

// writeMissing says which jobs have no result yet.
func (p program) writeMissing(b *strings.Builder, all []*outcome) {
	there := map[string]bool{}
	for _, o := range all {
		there[jobName(o.Model, o.Set, o.Arm, o.Seed)] = true
	}
	q := p
	if q.models = nil; len(p.models) == 0 {
		for _, name := range namesOf(all) {
			q.models = append(q.models, namedModel{name: name})
		}
	} else {
		q.models = p.models
	}
	for _, name := range expectedSets {
		if !slices.ContainsFunc(q.sets, func(s testSet) bool { return s.name == name }) {
			q.sets = append(slices.Clone(q.sets), testSet{name: name})
		}
	}
	missing := map[string][]string{} // arms, by model, set and seed
	var groups []string
	for _, j := range q.jobs() {
		if there[j.name()] {
			continue
		}
		name := j.model.name
		if j.set.name != "" {
			name += ", " + j.set.name
		}
		name += fmt.Sprintf(", seed %d", j.seed)
		if missing[name] == nil {
			groups = append(groups, name)
		}
		missing[name] = append(missing[name], j.arm.name)
	}
	if len(groups) > 0 {
		b.WriteString("\n## Not measured yet\n\n")
	}
	for _, name := range groups {
		fmt.Fprintf(b, "- %s: %s\n", name, strings.Join(missing[name], "; "))
	}
}

func namesOf(all []*outcome) []string {
	var names []string
	for _, o := range all {
		if !slices.Contains(names, o.Model) {
			names = append(names, o.Model)
		}
	}
	return names
}

// place is the place of an arm in the tables.
func place(name string) int {
	if i := slices.IndexFunc(arms(), func(a arm) bool { return a.name == name }); i >= 0 {
		return i
	}
	return len(arms()) // a variant that was measured by itself
}
