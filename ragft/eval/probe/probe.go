package probe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/ragft/ragft/internal/figures"
	"github.com/ragft/ragft/internal/pairwise"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/internal/table"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/rows"
)

// The arms of [Run], and the base without documents, which tells what
// was known before.
const (
	MemoryTuned     = "tuned, no documents"
	MemoryRetrieval = "base, retrieval"
	MemoryBoth      = "tuned, retrieval"
	MemoryBefore    = "base, no documents"
)

// MemoryProbeConfig says what [Run] asks. Base, Tuned, Evaluation.Search
// and one of the lists of questions are needed.
type Config struct {
	Base, Tuned model.Model
	// Local are questions about single facts that no row asks, as those of
	// MemoryResult.Probes.
	Local []question.Question
	// Global are questions about the documents as a whole, as those of
	// MemoryResult.GlobalProbes. One without a reference answer is compared
	// pairwise only.
	Global []question.Question
	// Rows are those that Tuned learnt. Questions that one of them asks as well are
	// left out, and those whose answer a row tells are measured apart from those
	// that no row does, see [rows.SplitProbes]. None, or none that is not held out =
	// nothing of this is known.
	Rows []rows.Row
	// Pairwise compares the answers two at a time; Model nil = not at all.
	Pairwise pairwise.Judge
	Criteria []string // of the comparison; nil = [pairwise.Criteria]
	// Evaluation holds everything else. Its Systems, Questions, Compare and
	// Signals are not used; the zero value of all but Search works.
	Evaluation eval.Config
}

// MemoryTest is what a model knows by heart, against what it finds. A list of
// questions that was not asked is nil.
type Result struct {
	Local  *Probe `json:"local,omitempty"`
	Global *Probe `json:"global,omitempty"`
}

// MemoryProbe is one list of questions by all arms. The systems of the
// evaluation bear the names of the arms.
type Probe struct {
	Evaluation *eval.Evaluation `json:"evaluation"`
	Verdicts   []ArmVerdict     `json:"verdicts,omitempty"` // by criterion, then pair of arms

	// By what the rows teach, where MemoryProbeConfig.Rows tells. Questions
	// without a reference answer are of neither part.
	Rows     int      `json:"rows,omitempty"`     // how many there are; 0 = not known
	Taught   *Part    `json:"taught,omitempty"`   // a row tells the answer; nil = of no question
	Withheld *Part    `json:"withheld,omitempty"` // no row does
	Leaked   []string `json:"leaked,omitempty"`   // ids of questions that a row asks as well: they were not asked
}

// ArmVerdict is the pairwise comparison of the answers of two arms.
type ArmVerdict struct {
	A string `json:"a"`
	B string `json:"b"`
	*pairwise.Result
}

// ProbeMemory asks what a model learnt by heart (arXiv 2503.16071): each
// question is answered by the tuned model from the question alone, by the base
// with retrieval, by the tuned model with retrieval, and by the base from the
// question alone, local and global questions apart. Metrics and their paired
// intervals are those of [eval.Run]; with a judge, answers are compared pairwise
// as well, in both orders. Of what was written the metrics look at what follows
// "Answer:", as [answer.Final] does, and the judge sees all.
func Run(ctx context.Context, c Config) (*Result, error) {
	switch {
	case c.Base == nil || c.Tuned == nil:
		return nil, errors.New("ragft: memory probes: set Base and Tuned: what was learnt shows in the difference")
	case len(c.Local)+len(c.Global) == 0:
		return nil, fmt.Errorf("ragft: memory probes: %w: set Local or Global; Memory.HeldOut keeps questions for it", eval.ErrNothing)
	}
	if c.Criteria == nil {
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
			return nil, fmt.Errorf("ragft: memory probes: %s questions: %w", list.name, err)
		}
		*list.into = p
	}
	return &out, nil
}

// probe asks one list of questions.
func (c Config) probe(ctx context.Context, questions []question.Question) (*Probe, error) {
	p, questions := &Probe{}, question.WithIDs(questions)
	config := c.Evaluation
	if config.Questions = p.hold(questions, c.Rows); len(config.Questions) == 0 {
		return nil, fmt.Errorf("%w: the rows ask all %d of them in nearly the same words", eval.ErrNothing, len(questions))
	}
	config.Signals = confidence.SignalOptions{}
	config.Systems = []eval.System{
		{Name: MemoryTuned, Model: c.Tuned, Extract: answer.Final},
		{Name: MemoryRetrieval, Model: c.Base, Setting: eval.SettingRetrieval, Extract: answer.Final},
		{Name: MemoryBoth, Model: c.Tuned, Setting: eval.SettingRetrieval, Extract: answer.Final},
		{Name: MemoryBefore, Model: c.Base, Extract: answer.Final},
	}
	pairs := []eval.Pair{{Base: MemoryRetrieval, Other: MemoryTuned}, {Base: MemoryRetrieval, Other: MemoryBoth}, {Base: MemoryTuned, Other: MemoryBoth}}
	config.Compare = append([]eval.Pair{{Base: MemoryBefore, Other: MemoryTuned}}, pairs...)
	e, err := eval.Run(ctx, config)
	if err != nil {
		return nil, err
	}
	p.Evaluation = e
	p.MeasureParts()
	if c.Pairwise.Model == nil {
		return p, nil
	}
	for _, criterion := range c.Criteria {
		judge := c.Pairwise
		judge.Criterion = criterion
		for _, pair := range pairs {
			verdict, err := judge.Compare(ctx, answerPairs(e, pair))
			if err != nil {
				return nil, fmt.Errorf("%s against %s: %w", pair.Other, pair.Base, err)
			}
			p.Verdicts = append(p.Verdicts, ArmVerdict{A: pair.Other, B: pair.Base, Result: verdict})
		}
	}
	return p, nil
}

// answerPairs puts the answers of two systems beside each other, Other as A.
func answerPairs(e *eval.Evaluation, p eval.Pair) []pairwise.Pair {
	whole := func(r eval.Record) string { return cmp.Or(r.Text, r.Answer) }
	pairs := make([]pairwise.Pair, len(e.Questions))
	for i, q := range e.Questions {
		pairs[i] = pairwise.Pair{
			ID: q.ID, Question: q.Question.Question, Reference: strings.Join(q.Golds(), " / "),
			A: whole(e.System(p.Other).Records[i]), B: whole(e.System(p.Base).Records[i]),
		}
	}
	return pairs
}

// memoryList is a list of questions that was asked, with its name.
type memoryList struct {
	Name  string
	Probe *Probe
}

// list is where the list with this name is kept; nil = there is none of it.
func (t *Result) List(name string) **Probe {
	switch {
	case t != nil && name == "local":
		return &t.Local
	case t != nil && name == "global":
		return &t.Global
	}
	return nil
}

// lists are the lists that were asked.
func (t *Result) Lists() (lists []memoryList) {
	for _, name := range []string{"local", "global"} {
		if at := t.List(name); at != nil && *at != nil {
			lists = append(lists, memoryList{name, *at})
		}
	}
	return lists
}

func (t *Result) Check() error {
	for _, list := range t.Lists() {
		p := list.Probe
		if p.Evaluation == nil || len(p.Evaluation.Systems) == 0 {
			return fmt.Errorf("the memory probes of %s questions hold no evaluation", list.Name)
		}
		if err := p.Evaluation.Check(); err != nil {
			return fmt.Errorf("the memory probes of %s questions: %w", list.Name, err)
		}
		if err := p.CheckParts(); err != nil {
			return fmt.Errorf("the memory probes of %s questions: %w", list.Name, err)
		}
		for _, v := range p.Verdicts {
			if v.Result == nil {
				return fmt.Errorf("the memory probes of %s questions: a verdict on %q holds nothing", list.Name, v.A)
			}
		}
	}
	return nil
}

// signTests computes the test of every verdict, which files of older versions lack.
func (t *Result) SignTests() {
	for _, list := range t.Lists() {
		for _, v := range list.Probe.Verdicts {
			v.SignTest()
		}
	}
}

// memoryMetrics are those that tables of the probes show.
func MemoryMetrics() []string {
	return []string{eval.MetricCorrect, eval.MetricF1, eval.MetricRougeL, eval.MetricPromptTokens, eval.MetricAnswerTokens, eval.MetricSeconds}
}

// finding says what the verdicts show: A, B or neither.
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
	for i, list := range t.Lists() {
		p := list.Probe
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "By heart against retrieval, %d %s questions. In %%, with 95%% intervals.\n\n", len(p.Evaluation.Questions), list.Name)
		arms := table.New("", "correct", "F1", "ROUGE-L", "prompt", "answer", "seconds")
		for k := range p.Evaluation.Systems {
			s := &p.Evaluation.Systems[k]
			row := []any{s.Name}
			for _, key := range MemoryMetrics() {
				switch e := s.Estimate(key); {
				case eval.IsCost(key):
					row = append(row, s.CostFigure(key))
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
			d := c.Difference(eval.MetricCorrect)
			if d.Finding == stats.NotMeasured { // questions without a reference answer
				continue
			}
			fmt.Fprintf(&b, "%s - %s, correct: %s (%s), %s\n", c.Other, c.Base, figures.SignedMetric(d.Estimate.Value, true), figures.SignedInterval(d.Estimate, true), d.Finding)
		}
		b.WriteString(p.partsTable())
		b.WriteString(p.verdictsTable())
	}
	return figures.WriteText(w, b.String())
}

// verdictsTable is a table of the pairwise verdicts for each criterion.
func (p *Probe) verdictsTable() string {
	if len(p.Verdicts) == 0 {
		return ""
	}
	text := "\n" + table.Wrap(fmt.Sprintf("Pairwise, judged by %s in both orders. First or second: which is preferred; else no difference is shown: "+
		"the interval holds 0, or p of the exact sign test of won against lost is 0.05 or more.", table.Cut(p.Verdicts[0].Judge, 30)))
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
