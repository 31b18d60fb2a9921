package report

import (
	"fmt"
	"strings"

	"github.com/ragft/ragft/internal/figures"
	"github.com/ragft/ragft/internal/metric"
	"github.com/ragft/ragft/internal/pairwise"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/eval/probe"
)

// reportMemory is one list of fact questions.
type reportMemory struct {
	Name    string
	N       int
	Heads   []string
	Rows    []reportRow
	Changes []reportDifference // of the share correct; Name is the pair

	PartsNote string      // how many answers the rows teach; "" = unknown
	Parts     []reportRow // the share correct, with a cell for each row of Rows
	Learned   []reportDifference

	Verdicts []reportVerdict
	Items    []memoryItem
}

// reportVerdict is a line of the pairwise comparisons.
type reportVerdict struct {
	Criterion, Judge, A, B, Test string
	Win, Tie, Loss, Unread       int
	Advantage, Interval, P       string
	First                        string
	Contradicted, Finding, Class string
}

// memoryItem is one question with the answer of each arm.
type memoryItem struct {
	Question, Gold string
	Answers        []reportAnswer
	Preferred      []string
}

func reportMemories(t *probe.Result) []reportMemory {
	var out []reportMemory
	for name, p := range t.Lists() {
		m := reportMemory{Name: name, N: len(p.Evaluation.Questions)}
		m.table(p)
		m.parts(p)
		m.verdicts(p)
		m.items(p)
		out = append(out, m)
	}
	return out
}

func (m *reportMemory) table(p *probe.Probe) {
	for _, measured := range p.Evaluation.Systems[0].Metrics {
		for _, key := range metric.Memory() {
			if measured.Key == key {
				m.Heads = append(m.Heads, measured.Name)
			}
		}
	}
	for i := range p.Evaluation.Systems {
		s := &p.Evaluation.Systems[i]
		row := reportRow{Name: s.Name, N: len(s.Records)}
		for _, measured := range s.Metrics {
			for _, key := range metric.Memory() {
				if measured.Key != key {
					continue
				}
				cell := reportCell{Value: typeset(costFigure(s, key))}
				if !metric.IsCost(key) {
					cell = reportCell{typeset(figures.Percent(measured.Estimate.Value)), typeset(figures.PercentInterval(measured.Estimate))}
				}
				row.Cells = append(row.Cells, cell)
			}
		}
		m.Rows = append(m.Rows, row)
	}
	for i := range p.Evaluation.Comparisons {
		c := &p.Evaluation.Comparisons[i]
		d := c.Difference(metric.Correct)
		if d.Finding == stats.NotMeasured {
			continue
		}
		row := differenceRow(d, p.Evaluation.System(c.Base))
		row.Name, row.Meaning = c.Other, "compared with "+c.Base
		m.Changes = append(m.Changes, row)
	}
}

func (m *reportMemory) parts(p *probe.Probe) {
	m.PartsNote = p.PartsNote()
	for name, part := range p.Parts() {
		row := reportRow{Name: name, N: len(part.Questions)}
		for i := range p.Evaluation.Systems {
			e := part.Correct[p.Evaluation.Systems[i].Name]
			row.Cells = append(row.Cells, reportCell{typeset(figures.Percent(e.Value)), typeset(figures.PercentInterval(e))})
		}
		m.Parts = append(m.Parts, row)
		learned := differenceRow(part.Learned, &eval.SystemResult{})
		learned.Name, learned.Meaning = name, "tuned, no documents, compared with base, no documents"
		m.Learned = append(m.Learned, learned)
	}
}

func (m *reportMemory) verdicts(p *probe.Probe) {
	for _, v := range p.Verdicts {
		row := reportVerdict{
			Criterion: v.Criterion, Judge: v.Judge, A: v.A, B: v.B, Test: v.Test(), Win: v.Win, Tie: v.Tie, Loss: v.Loss, Unread: v.Unread,
			Advantage: typeset(figures.SignedMetric(v.Advantage.Value, true)), Interval: typeset(figures.SignedInterval(v.Advantage, true)),
			P: typeset(
				figures.ShowP(v.P),
			), First: typeset(figures.Percent(v.FirstShown.Value)), Contradicted: fmt.Sprint(v.Inconsistent), Finding: v.Finding(), Class: "noise",
		}
		m.Verdicts = append(m.Verdicts, row)
	}
}

func (m *reportMemory) items(p *probe.Probe) {
	for i, q := range p.Evaluation.Questions {
		item := memoryItem{Question: q.Question.Question, Gold: strings.Join(q.Golds(), " / ")}
		for k := range p.Evaluation.Systems {
			s := &p.Evaluation.Systems[k]
			r := s.Records[i]
			a := reportAnswer{System: s.Name, Text: r.Answer, Verdict: r.Verdict}
			if r.Text != "" {
				a.Text = r.Text
			}
			if q.Unanswerable { // without a reference there is no verdict
				a.Verdict = ""
			}
			item.Answers = append(item.Answers, a)
		}
		for _, v := range p.Verdicts {
			if i >= len(v.Outcomes) {
				continue
			}
			switch v.Outcomes[i] {
			case pairwise.PrefersA:
				item.Preferred = append(item.Preferred, v.Criterion+": "+v.A+" over "+v.B)
			case pairwise.PrefersB:
				item.Preferred = append(item.Preferred, v.Criterion+": "+v.B+" over "+v.A)
			}
		}
		m.Items = append(m.Items, item)
	}
}
