package question

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/ragft/ragft/internal/figures"
	"github.com/ragft/ragft/internal/plural"
	"github.com/ragft/ragft/internal/table"
)

// LeakOptions controls [FindLeaks]. The zero value looks for runs of eight words.
type LeakOptions struct {
	N int `json:"n"` // words of a run; 0 = 8
	// MinShare is the share of a question's runs of N words that must occur in
	// one training question; 0 = 0.5. A shorter question leaks if all its words
	// occur there, in order, and make up this share of the training question's
	// words: not every question that contains "Who is he?" gives it away, and
	// "Where?" is only the same question after the same turns.
	MinShare float64 `json:"min_share"`
}

func (o LeakOptions) withDefaults() LeakOptions {
	o.N, o.MinShare = cmp.Or(o.N, 8), cmp.Or(o.MinShare, 0.5)
	return o
}

// Leak is an evaluation question that a training question gives away.
type Leak struct {
	Evaluation string  `json:"evaluation"` // id of the question that is measured
	Training   string  `json:"training"`   // id of the training question
	Share      float64 `json:"share"`      // of the runs of words, in (0, 1]
	Text       string  `json:"text"`       // the first run that both have
}

// FindLeaks looks for evaluation questions that training questions give away, by
// runs of words that both have after [answer.Normalize] (the n-gram overlap of
// Brown et al. 2020, appendix C). Each evaluation question is listed once, with
// the training question that shares the most with it, in the order of
// evaluation. A question without an id is named by its place, as by [WithIDs].
// Time is linear in the lengths of the texts: if a run occurs in more than a thousand
// training questions, only the first thousand are compared with a question. A
// negative option is taken as 0.
func FindLeaks(training, evaluation []Question, o LeakOptions) *Leakage {
	o.N, o.MinShare = max(o.N, 0), max(o.MinShare, 0)
	o = o.withDefaults()
	return &Leakage{Training: len(training), Evaluation: len(evaluation), Options: o, Leaks: findLeaks(training, evaluation, o)}
}

func findLeaks(training, evaluation []Question, o LeakOptions) []Leak {
	training, evaluation = WithIDs(training), WithIDs(evaluation)
	f := newLeakFinder(training, evaluation, o)
	var leaks []Leak
	for k, q := range evaluation {
		own := f.asked[k]
		if len(own) == 0 {
			continue
		}
		at, share, text := f.short(q, own)
		if len(own) >= o.N {
			at, share, text = f.long(own)
		}
		if at >= 0 && share >= o.MinShare {
			leaks = append(leaks, Leak{Evaluation: q.ID, Training: training[at].ID, Share: share, Text: text})
		}
	}
	return leaks
}

// Leakage is what [FindLeaks] found between training and evaluation.
type Leakage struct {
	Training   int         `json:"training"` // number of questions on each side
	Evaluation int         `json:"evaluation"`
	Options    LeakOptions `json:"options"` // defaults filled in
	Leaks      []Leak      `json:"leaks,omitempty"`
	// LeftOut says that the questions that leak were not evaluated. Callers set it.
	LeftOut bool `json:"left_out,omitempty"`
}

// Without returns the evaluation questions that do not leak. They must be those
// that [FindLeaks] was given.
func (l *Leakage) Without(evaluation []Question) []Question {
	leaked := make(map[string]bool, len(l.Leaks))
	for _, leak := range l.Leaks {
		leaked[leak.Evaluation] = true
	}
	var kept []Question
	for i, q := range WithIDs(evaluation) {
		if !leaked[q.ID] {
			kept = append(kept, evaluation[i])
		}
	}
	return kept
}

// String says how many questions leak.
func (l *Leakage) String() string {
	by := fmt.Sprintf("with at least %.0f %% of its runs of %d words, or all words of a shorter one", 100*l.Options.MinShare, l.Options.N)
	if len(l.Leaks) == 0 {
		return fmt.Sprintf("No evaluation question (of %d) overlaps a training question (of %d) %s.", l.Evaluation, l.Training, by)
	}
	text := fmt.Sprintf("%d of %s %s a training question (of %d), %s%s.", len(l.Leaks), plural.N(l.Evaluation, "evaluation question"),
		plural.Pick(len(l.Leaks), "overlaps", "overlap"), l.Training, plural.Pick(len(l.Leaks), "", "each "), by)
	if l.LeftOut {
		return text + plural.Pick(len(l.Leaks), " It is", " They are") + " left out of all figures."
	}
	return text + plural.Pick(len(l.Leaks), " It is", " They are") + " included in all figures."
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

// String names both questions and what they share.
func (l Leak) String() string {
	return fmt.Sprintf("question %s overlaps training question %s (%.0f %% of its runs of words, the first being %q)", l.Evaluation,
		l.Training, 100*l.Share, l.Text)
}

// runs returns every run of n words, joined.
func runs(words []string, n int) []string {
	var out []string
	for i := 0; i+n <= len(words); i++ {
		out = append(out, strings.Join(words[i:i+n], " "))
	}
	return out
}
