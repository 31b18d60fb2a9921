package ragft

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/ragft/ragft/internal/table"
)

// The arms of [ProbeMemory], and the base without documents, which tells what
// was known before.
const (
	MemoryTuned     = "tuned, no documents"
	MemoryRetrieval = "base, retrieval"
	MemoryBoth      = "tuned, retrieval"
	MemoryBefore    = "base, no documents"
)

// MemoryProbeConfig says what [ProbeMemory] asks. Base, Tuned, Evaluation.Search
// and one of the lists of questions are needed.
type MemoryProbeConfig struct {
	Base, Tuned Model
	// Local are questions about single facts that no row asks, as those of
	// MemoryResult.Probes.
	Local []Question
	// Global are questions about the documents as a whole, as those of
	// MemoryResult.GlobalProbes. One without a reference answer is compared
	// pairwise only.
	Global []Question
	// Rows are those that Tuned learnt. Questions that one of them asks as well are
	// left out, and those whose answer a row tells are measured apart from those
	// that no row does, see [SplitProbes]. None, or none that is not held out =
	// nothing of this is known.
	Rows []Row
	// Pairwise compares the answers two at a time; Model nil = not at all.
	Pairwise PairwiseJudge
	Criteria []string // of the comparison; nil = [MemoryCriteria]
	// Evaluation holds everything else. Its Systems, Questions, Compare and
	// Signals are not used; the zero value of all but Search works.
	Evaluation EvalConfig
}

// MemoryTest is what a model knows by heart, against what it finds. A list of
// questions that was not asked is nil.
type MemoryTest struct {
	Local  *MemoryProbe `json:"local,omitempty"`
	Global *MemoryProbe `json:"global,omitempty"`
}

// MemoryProbe is one list of questions by all arms. The systems of the
// evaluation bear the names of the arms.
type MemoryProbe struct {
	Evaluation *Evaluation  `json:"evaluation"`
	Verdicts   []ArmVerdict `json:"verdicts,omitempty"` // by criterion, then pair of arms

	// By what the rows teach, where MemoryProbeConfig.Rows tells. Questions
	// without a reference answer are of neither part.
	Rows     int         `json:"rows,omitempty"`     // how many there are; 0 = not known
	Taught   *MemoryPart `json:"taught,omitempty"`   // a row tells the answer; nil = of no question
	Withheld *MemoryPart `json:"withheld,omitempty"` // no row does
	Leaked   []string    `json:"leaked,omitempty"`   // ids of questions that a row asks as well: they were not asked
}

// ArmVerdict is the pairwise comparison of the answers of two arms.
type ArmVerdict struct {
	A string `json:"a"`
	B string `json:"b"`
	*Pairwise
}

// ProbeMemory asks what a model learnt by heart (arXiv 2503.16071): each
// question is answered by the tuned model from the question alone, by the base
// with retrieval, by the tuned model with retrieval, and by the base from the
// question alone, local and global questions apart. Metrics and their paired
// intervals are those of [Evaluate]; with a judge, answers are compared pairwise
// as well, in both orders. Of what was written the metrics look at what follows
// "Answer:", as [FinalAnswer] does, and the judge sees all.
func ProbeMemory(ctx context.Context, c MemoryProbeConfig) (*MemoryTest, error) {
	switch {
	case c.Base == nil || c.Tuned == nil:
		return nil, errors.New("ragft: memory probes: set Base and Tuned: what was learnt shows in the difference")
	case len(c.Local)+len(c.Global) == 0:
		return nil, fmt.Errorf("ragft: memory probes: %w: set Local or Global; Memory.HeldOut keeps questions for it", ErrNothingToEvaluate)
	}
	if c.Criteria == nil {
		c.Criteria = MemoryCriteria()
	}
	var out MemoryTest
	for _, list := range []struct {
		name      string
		questions []Question
		into      **MemoryProbe
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
func (c MemoryProbeConfig) probe(ctx context.Context, questions []Question) (*MemoryProbe, error) {
	p, questions := &MemoryProbe{}, withIDs(questions)
	config := c.Evaluation
	if config.Questions = p.hold(questions, c.Rows); len(config.Questions) == 0 {
		return nil, fmt.Errorf("%w: the rows ask all %d of them in nearly the same words", ErrNothingToEvaluate, len(questions))
	}
	config.Signals = SignalOptions{}
	config.Systems = []System{
		{Name: MemoryTuned, Model: c.Tuned, Extract: FinalAnswer},
		{Name: MemoryRetrieval, Model: c.Base, Setting: SettingRetrieval, Extract: FinalAnswer},
		{Name: MemoryBoth, Model: c.Tuned, Setting: SettingRetrieval, Extract: FinalAnswer},
		{Name: MemoryBefore, Model: c.Base, Extract: FinalAnswer},
	}
	pairs := []Pair{{MemoryRetrieval, MemoryTuned}, {MemoryRetrieval, MemoryBoth}, {MemoryTuned, MemoryBoth}}
	config.Compare = append([]Pair{{MemoryBefore, MemoryTuned}}, pairs...)
	e, err := Evaluate(ctx, config)
	if err != nil {
		return nil, err
	}
	p.Evaluation = e
	p.measureParts()
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
			p.Verdicts = append(p.Verdicts, ArmVerdict{A: pair.Other, B: pair.Base, Pairwise: verdict})
		}
	}
	return p, nil
}

// answerPairs puts the answers of two systems beside each other, Other as A.
func answerPairs(e *Evaluation, p Pair) []AnswerPair {
	whole := func(r Record) string { return cmp.Or(r.Text, r.Answer) }
	pairs := make([]AnswerPair, len(e.Questions))
	for i, q := range e.Questions {
		pairs[i] = AnswerPair{
			ID: q.ID, Question: q.Question.Question, Reference: strings.Join(q.Golds(), " / "),
			A: whole(e.System(p.Other).Records[i]), B: whole(e.System(p.Base).Records[i]),
		}
	}
	return pairs
}

// memoryList is a list of questions that was asked, with its name.
type memoryList struct {
	name  string
	probe *MemoryProbe
}

// list is where the list with this name is kept; nil = there is none of it.
func (t *MemoryTest) list(name string) **MemoryProbe {
	switch {
	case t != nil && name == "local":
		return &t.Local
	case t != nil && name == "global":
		return &t.Global
	}
	return nil
}

// lists are the lists that were asked.
func (t *MemoryTest) lists() (lists []memoryList) {
	for _, name := range []string{"local", "global"} {
		if at := t.list(name); at != nil && *at != nil {
			lists = append(lists, memoryList{name, *at})
		}
	}
	return lists
}

func (t *MemoryTest) check() error {
	for _, list := range t.lists() {
		p := list.probe
		if p.Evaluation == nil || len(p.Evaluation.Systems) == 0 {
			return fmt.Errorf("the memory probes of %s questions hold no evaluation", list.name)
		}
		if err := p.Evaluation.Check(); err != nil {
			return fmt.Errorf("the memory probes of %s questions: %w", list.name, err)
		}
		if err := p.checkParts(); err != nil {
			return fmt.Errorf("the memory probes of %s questions: %w", list.name, err)
		}
		for _, v := range p.Verdicts {
			if v.Pairwise == nil {
				return fmt.Errorf("the memory probes of %s questions: a verdict on %q holds nothing", list.name, v.A)
			}
		}
	}
	return nil
}

// signTests computes the test of every verdict, which files of older versions lack.
func (t *MemoryTest) signTests() {
	for _, list := range t.lists() {
		for _, v := range list.probe.Verdicts {
			v.signTest()
		}
	}
}

// memoryMetrics are those that tables of the probes show.
func memoryMetrics() []string {
	return []string{MetricCorrect, MetricF1, MetricRougeL, MetricPromptTokens, MetricAnswerTokens, MetricSeconds}
}

// finding says what the verdicts show: A, B or neither.
func (v ArmVerdict) finding() string {
	switch v.preferred() {
	case PrefersA:
		return v.A + " preferred"
	case PrefersB:
		return v.B + " preferred"
	}
	return string(NoDifference)
}

// WriteTable writes the result as plain text, at most 110 characters wide.
func (t *MemoryTest) WriteTable(w io.Writer) error {
	var b strings.Builder
	for i, list := range t.lists() {
		p := list.probe
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "By heart against retrieval, %d %s questions. In %%, with 95%% intervals.\n\n", len(p.Evaluation.Questions), list.name)
		arms := table.New("", "correct", "F1", "ROUGE-L", "prompt", "answer", "seconds")
		for k := range p.Evaluation.Systems {
			s := &p.Evaluation.Systems[k]
			row := []any{s.Name}
			for _, key := range memoryMetrics() {
				switch e := s.Estimate(key); {
				case isCost(key):
					row = append(row, s.CostFigure(key))
				case !e.Defined():
					row = append(row, noValue)
				default:
					row = append(row, percent(e.Value)+"  "+percentInterval(e))
				}
			}
			arms.Row(row...)
		}
		b.WriteString(arms.String())
		for _, c := range p.Evaluation.Comparisons {
			d := c.Difference(MetricCorrect)
			if d.Finding == NotMeasured { // questions without a reference answer
				continue
			}
			fmt.Fprintf(&b, "%s - %s, correct: %s (%s), %s\n", c.Other, c.Base, signedMetric(d.Estimate.Value, true), signedInterval(d.Estimate, true), d.Finding)
		}
		b.WriteString(p.partsTable())
		b.WriteString(p.verdictsTable())
	}
	return writeText(w, b.String())
}

// verdictsTable is a table of the pairwise verdicts for each criterion.
func (p *MemoryProbe) verdictsTable() string {
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
			signedMetric(v.Advantage.Value, true), signedInterval(v.Advantage, true), showP(v.P),
			map[string]string{v.A + " preferred": "first", v.B + " preferred": "second"}[v.finding()])
		if k == len(p.Verdicts)-1 || p.Verdicts[k+1].Criterion != v.Criterion {
			text += "\n" + t.String()
		}
	}
	return text
}
