package question

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/figures"
	"github.com/ragft/ragft/internal/table"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/model"
)

// LeakOptions controls [FindLeaks]. The zero value looks for eight words in a
// row, and for questions of the same words.
type LeakOptions struct {
	N int `json:"n"` // words of a run; 0 = 8
	// MinShare is the share of a question's runs of N words that must stand in
	// one training question; 0 = 0.5. A shorter question leaks where all its
	// words stand there, in order, and make up this share of its words: "Who is
	// he?" is not given away by every question that asks so in passing, nor
	// "Where?" after other turns.
	MinShare float64 `json:"min_share"`
}

func (o LeakOptions) withDefaults() LeakOptions {
	if o.N <= 0 {
		o.N = 8
	}
	if o.MinShare <= 0 {
		o.MinShare = 0.5
	}
	return o
}

// Leak is an evaluation question that a training question gives away.
type Leak struct {
	Evaluation string  `json:"evaluation"` // id of the question that is measured
	Training   string  `json:"training"`   // id of the question that was learnt from
	Share      float64 `json:"share"`      // of the runs of words, in (0, 1]
	Text       string  `json:"text"`       // the first run that both have
}

// FindLeaks looks for evaluation questions that stand in the training
// questions, by runs of words of the normalised texts (the n-gram overlap of
// Brown et al. 2020, appendix C). Each evaluation question is listed once,
// with the training question that holds the most of it, in the order of
// evaluation; one without an id is named by its place, as #1. Time is linear in
// the lengths of the texts.
func FindLeaks(training, evaluation []Question, o LeakOptions) []Leak {
	o = o.withDefaults()
	training, evaluation = WithIDs(training), WithIDs(evaluation)
	words := make([][]string, len(training))
	byRun := map[string][]int{} // run of words -> training questions
	shortest := o.N
	for _, q := range evaluation {
		if n := len(strings.Fields(answer.Normalize(q.Question))); n > 0 {
			shortest = min(shortest, n)
		}
	}
	for i, q := range training {
		words[i] = strings.Fields(answer.Normalize(q.Question))
		for n := shortest; n <= o.N; n++ {
			for _, run := range runs(words[i], n) {
				if list := byRun[run]; len(list) == 0 || list[len(list)-1] != i {
					byRun[run] = append(list, i)
				}
			}
		}
	}
	var leaks []Leak
	for _, q := range evaluation {
		own := strings.Fields(answer.Normalize(q.Question))
		all := runs(own, min(o.N, max(1, len(own))))
		if len(all) == 0 {
			continue
		}
		hits, first := map[int]int{}, map[int]string{}
		for _, run := range all {
			for _, i := range byRun[run] {
				if len(own) < o.N && (float64(len(own)) < o.MinShare*float64(len(words[i])) || !slices.EqualFunc(q.History, training[i].History, func(a, b model.Message) bool { return a.Content == b.Content })) {
					continue
				}
				if hits[i]++; hits[i] == 1 {
					first[i] = run
				}
			}
		}
		best, at := 0, -1
		for i, n := range hits {
			if n > best || n == best && i < at {
				best, at = n, i
			}
		}
		if share := float64(best) / float64(len(all)); at >= 0 && share >= o.MinShare {
			leaks = append(leaks, Leak{Evaluation: q.ID, Training: training[at].ID, Share: share, Text: first[at]})
		}
	}
	return leaks
}

// Leakage is what was looked for and found between training and evaluation.
type Leakage struct {
	Training   int         `json:"training"` // questions of each side
	Evaluation int         `json:"evaluation"`
	Options    LeakOptions `json:"options"`
	Leaks      []Leak      `json:"leaks,omitempty"`
	// LeftOut: the questions that leak are not among those that were evaluated.
	LeftOut bool `json:"left_out,omitempty"`
}

// MeasureLeakage is [FindLeaks] with what it went by, to be kept with an
// evaluation.
func MeasureLeakage(training, evaluation []Question, o LeakOptions) *Leakage {
	return &Leakage{
		Training: len(training), Evaluation: len(evaluation), Options: o.withDefaults(),
		Leaks: FindLeaks(training, evaluation, o),
	}
}

// String says how many questions leak.
func (l *Leakage) String() string {
	found := "None"
	if n := len(l.Leaks); n > 0 {
		found = fmt.Sprint(n)
	}
	text := fmt.Sprintf("%s of %d evaluation questions stand in one of %d training questions: at least %.0f %% of their runs of %d words, or all of a shorter one.",
		found, l.Evaluation, l.Training, 100*l.Options.MinShare, l.Options.N)
	switch {
	case len(l.Leaks) == 0:
	case l.LeftOut:
		text += " They are left out of all figures."
	default:
		text += " They are in all figures."
	}
	return text
}

// WriteTable writes the result as plain text, at most 110 characters wide.
func (l *Leakage) WriteTable(w io.Writer) error {
	text := table.Wrap("Leakage. " + l.String())
	if len(l.Leaks) > 0 {
		t := table.New("evaluation", "training", "share, %", "first run in both")
		t.Left = []int{1, 3}
		for _, leak := range l.Leaks {
			t.Row(table.Cut(leak.Evaluation, 23), table.Cut(leak.Training, 23), figures.Percent(leak.Share), table.Cut(leak.Text, 48))
		}
		text += "\n" + t.String()
	}
	return figures.WriteText(w, text)
}

// WithoutLeaks returns the evaluation questions that [FindLeaks], given the same
// ones, does not name.
func WithoutLeaks(evaluation []Question, leaks []Leak) []Question {
	leaked := make(map[string]bool, len(leaks))
	for _, l := range leaks {
		leaked[l.Evaluation] = true
	}
	var kept []Question
	for i, q := range WithIDs(evaluation) {
		if !leaked[q.ID] {
			kept = append(kept, evaluation[i])
		}
	}
	return kept
}

// String says which question leaks from where.
func (l Leak) String() string {
	return fmt.Sprintf("question %s stands in training question %s (%.0f %% of it: %q)", l.Evaluation, l.Training, 100*l.Share, l.Text)
}

// runs returns every run of n words, joined.
func runs(words []string, n int) []string {
	var out []string
	for i := 0; i+n <= len(words); i++ {
		out = append(out, strings.Join(words[i:i+n], " "))
	}
	return out
}
