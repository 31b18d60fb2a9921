// Package probe measures what a model memorised: it asks questions about facts of the
// documents closed-book and with retrieval, before and after tuning.
package probe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/ragft/ragft/internal/figures"
	"github.com/ragft/ragft/internal/metric"
	"github.com/ragft/ragft/internal/pairwise"
	"github.com/ragft/ragft/internal/plural"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/internal/table"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/rows"
)

// The arms, which are the names of the systems in an evaluation.
const (
	armTuned     = "tuned, no documents"
	armRetrieval = "base, retrieval"
	armBoth      = "tuned, retrieval"
	armBefore    = "base, no documents"
)

// Config says what [Run] asks. Base, Tuned, Evaluation.Search and one of the lists of
// questions are required.
type Config struct {
	Base, Tuned model.Model
	// Local are questions about single facts that no row asks, such as the probes that the
	// recipe memory holds out.
	Local []question.Question
	// Global are questions about the documents as a whole. Those without a reference answer
	// are only compared pairwise.
	Global []question.Question
	// Rows are those that Tuned was trained on; empty = unknown. Questions that one of them
	// asks as well are left out, and those whose answer is in the rows are measured apart from
	// the others. Rows that are held out do not count.
	Rows []rows.Row
	// Pairwise compares answers in pairs; without a Model they are not compared.
	Pairwise pairwise.Judge
	Criteria []string // of the comparison; empty = those of [pairwise.Criteria]
	// Evaluation holds everything else. Its Systems, Questions, Compare and Signals are
	// ignored.
	Evaluation eval.Config
}

// Result shows what a model knows closed-book, compared with retrieval. A list of questions
// that was not asked is nil.
type Result struct {
	Local  *Probe `json:"local,omitempty"`
	Global *Probe `json:"global,omitempty"`
}

// Probe is one list of questions, answered by all arms: "tuned, no documents", "base,
// retrieval", "tuned, retrieval" and "base, no documents", which shows what was known before
// tuning. The systems of the evaluation have these names.
type Probe struct {
	Evaluation *eval.Evaluation `json:"evaluation"`
	Verdicts   []ArmVerdict     `json:"verdicts,omitempty"` // by criterion, then by pair of arms

	// The parts by whether the rows teach the answer, if Config.Rows is set. Questions
	// without a reference answer are in neither.
	Rows      int      `json:"rows,omitempty"`       // number of training rows; 0 = unknown
	Taught    *Part    `json:"taught,omitempty"`     // the answer is in the rows; nil = no questions
	NotTaught *Part    `json:"not_taught,omitempty"` // it is not
	Leaked    []string `json:"leaked,omitempty"`     // ids of questions that were not asked because a row asks them
}

// ArmVerdict is the pairwise comparison of the answers of two arms.
type ArmVerdict struct {
	A string `json:"a"`
	B string `json:"b"`
	*pairwise.Result
}

// Run asks what a model memorised (arXiv 2503.16071): each question is answered by
// the tuned model and by the base, each closed-book and with retrieval. Metrics and paired
// intervals are those of [eval.Run]; a judge also compares answers pairwise, in both orders.
// Metrics look at what follows "Answer:", as [answer.Final] does, and the judge sees the
// whole text.
func Run(ctx context.Context, c Config) (*Result, error) {
	switch {
	case c.Base == nil || c.Tuned == nil:
		return nil, errors.New("ragft: fact questions: set Base and Tuned, which are compared")
	case len(c.Local)+len(c.Global) == 0:
		return nil, fmt.Errorf("ragft: fact questions: %w: set Local or Global", eval.ErrNothing)
	}
	if len(c.Criteria) == 0 {
		c.Criteria = pairwise.Criteria()
	}
	var out Result
	for _, list := range []struct {
		name      string
		questions []question.Question
		into      **Probe
	}{{"local", c.Local, &out.Local}, {"global", c.Global, &out.Global}} {
		if len(list.questions) == 0 {
			continue
		}
		p, err := c.probe(ctx, list.questions)
		if err != nil {
			return nil, fmt.Errorf("ragft: %s questions: %w", list.name, err)
		}
		*list.into = p
	}
	return &out, nil
}

// probe asks one list of questions.
func (c Config) probe(ctx context.Context, questions []question.Question) (*Probe, error) {
	p, questions := &Probe{}, question.WithIDs(questions)
	config := c.Evaluation
	if config.Questions = p.split(questions, c.Rows); len(config.Questions) == 0 {
		return nil, fmt.Errorf("%w: the rows ask almost the same as all %d of them", eval.ErrNothing, len(questions))
	}
	config.Signals = confidence.SignalOptions{}
	config.Systems = []eval.System{
		{Name: armTuned, Model: c.Tuned, Extract: answer.Final},
		{Name: armRetrieval, Model: c.Base, Setting: eval.SettingRetrieval, Extract: answer.Final},
		{Name: armBoth, Model: c.Tuned, Setting: eval.SettingRetrieval, Extract: answer.Final},
		{Name: armBefore, Model: c.Base, Extract: answer.Final},
	}
	pairs := []eval.Pair{{Base: armRetrieval, Other: armTuned}, {Base: armRetrieval, Other: armBoth}, {Base: armTuned, Other: armBoth}}
	config.Compare = append([]eval.Pair{{Base: armBefore, Other: armTuned}}, pairs...)
	e, err := eval.Run(ctx, config)
	if err != nil {
		return nil, err
	}
	p.Evaluation = e
	p.Recompute()
	if c.Pairwise.Model == nil {
		return p, nil
	}
	for _, criterion := range c.Criteria {
		pairwise := c.Pairwise
		pairwise.Criterion = criterion
		for _, pair := range pairs {
			verdict, err := pairwise.Compare(ctx, answerPairs(e, pair))
			if err != nil {
				return nil, fmt.Errorf("%s against %s: %w", pair.Other, pair.Base, err)
			}
			p.Verdicts = append(p.Verdicts, ArmVerdict{A: pair.Other, B: pair.Base, Result: verdict})
		}
	}
	return p, nil
}

// answerPairs pairs the answers of two systems, those of Other as A.
func answerPairs(e *eval.Evaluation, p eval.Pair) []pairwise.Pair {
	whole := func(r eval.Record) string { return cmp.Or(r.Text, r.Answer) }
	pairs := make([]pairwise.Pair, len(e.Questions))
	for i, q := range e.Questions {
		pairs[i] = pairwise.Pair{
			ID: q.ID, Question: q.Question.Question, Reference: strings.Join(q.Golds(), " / "), Group: q.Group,
			A: whole(e.System(p.Other).Records[i]), B: whole(e.System(p.Base).Records[i]),
		}
	}
	return pairs
}

// At returns where the list with this name, "local" or "global", is stored; nil for another
// name or a nil result.
func (t *Result) At(name string) **Probe {
	switch {
	case t != nil && name == "local":
		return &t.Local
	case t != nil && name == "global":
		return &t.Global
	}
	return nil
}

// Lists yields the lists that were asked, with their names.
func (t *Result) Lists() iter.Seq2[string, *Probe] {
	return func(yield func(string, *Probe) bool) {
		for _, name := range []string{"local", "global"} {
			if at := t.At(name); at != nil && *at != nil && !yield(name, *at) {
				return
			}
		}
	}
}

// Check returns an error if a result that was read from a file is inconsistent.
func (t *Result) Check() error {
	for name, p := range t.Lists() {
		if p.Evaluation == nil || len(p.Evaluation.Systems) == 0 {
			return fmt.Errorf("the %s questions have no evaluation", name)
		}
		if err := p.Evaluation.Check(); err != nil {
			return fmt.Errorf("the %s questions: %w", name, err)
		}
		if err := p.checkParts(); err != nil {
			return fmt.Errorf("the %s questions: %w", name, err)
		}
		for _, v := range p.Verdicts {
			if v.Result == nil {
				return fmt.Errorf("the %s questions: a verdict on %q is empty", name, v.A)
			}
		}
	}
	return nil
}

// Finding says which arm is preferred, if either.
func (v ArmVerdict) Finding() string {
	switch v.Preferred() {
	case pairwise.PrefersA:
		return v.A + " preferred"
	case pairwise.PrefersB:
		return v.B + " preferred"
	}
	return string(stats.NoDifference)
}

// WriteTable writes the result as plain text, at most 110 characters wide.
func (t *Result) WriteTable(w io.Writer) error {
	var b strings.Builder
	for name, p := range t.Lists() {
		if b.Len() > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "Closed-book and retrieval, %s. In %%, with 95%% intervals.\n\n", plural.N(len(p.Evaluation.Questions), name+" question"))
		arms := table.New("", "correct", "F1", "ROUGE-L", "prompt", "answer", "seconds")
		for k := range p.Evaluation.Systems {
			s := &p.Evaluation.Systems[k]
			row := []any{s.Name}
			for _, key := range metric.Memory() {
				switch e := s.Estimate(key); {
				case metric.IsCost(key):
					row = append(row, metric.Cost(key, e))
				case !e.Defined():
					row = append(row, figures.NoValue)
				default:
					row = append(row, figures.Percent(e.Value)+"  "+figures.PercentInterval(e))
				}
			}
			arms.Row(row...)
		}
		b.WriteString(arms.String())
		for _, c := range p.Evaluation.Comparisons {
			d := c.Difference(metric.Correct)
			if d.Finding == stats.NotMeasured { // questions without a reference answer
				continue
			}
			fmt.Fprintf(
				&b,
				"%s - %s, correct: %s (%s), %s\n",
				c.Other,
				c.Base,
				figures.SignedMetric(d.Estimate.Value, true),
				figures.SignedInterval(d.Estimate, true),
				d.Finding,
			)
		}
		b.WriteString(p.partsTable())
		b.WriteString(p.verdictsTable())
	}
	return figures.WriteText(w, b.String())
}

// verdictsTable is a table of pairwise verdicts for each criterion.
func (p *Probe) verdictsTable() string {
	if len(p.Verdicts) == 0 {
		return ""
	}
	text := "\n" + table.Wrap(
		fmt.Sprintf("Pairwise, judged by %s in both orders. The last column names the preferred arm; if it is empty, no difference is "+
			"shown: the interval includes 0, or p of %s is 0.05 or more.", table.Cut(p.Verdicts[0].Judge, 30), p.Verdicts[0].Test()),
	)
	var t *table.Table
	for k, v := range p.Verdicts {
		if k == 0 || p.Verdicts[k-1].Criterion != v.Criterion {
			t = table.New(table.Cut(v.Criterion, 39), "won", "tied", "lost", "unread", "advantage", "95% interval", "p", "")
			t.Left = []int{8}
		}
		t.Row(v.A+" : "+v.B, v.Win, v.Tie, v.Loss, v.Unread,
			figures.SignedMetric(v.Advantage.Value, true), figures.SignedInterval(v.Advantage, true), figures.ShowP(v.P),
			map[string]string{v.A + " preferred": "first", v.B + " preferred": "second"}[v.Finding()])
		if k == len(p.Verdicts)-1 || p.Verdicts[k+1].Criterion != v.Criterion {
			text += "\n" + t.String()
		}
	}
	return text
}
