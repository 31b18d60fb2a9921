package report

import (
	"cmp"
	"strings"

	"github.com/ragft/ragft/internal/figures"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/eval"
)

// reportExample is a question with the answers of two systems.
type reportExample struct {
	Number               int // of the question in the browser
	Question, Kind, Gold string
	Answers              []reportAnswer
}

type reportAnswer struct {
	System, Text string
	Verdict      answer.Verdict
	Confidence   string
}

// transition is the kind of a question with the verdicts of base and tuned system.
type transition struct {
	unanswerable bool
	context      answer.Context
	base, tuned  answer.Verdict
}

// reportExamples picks the questions to show: the first of each transition, then the second,
// until there are enough. So rare kinds, including mistakes, are shown beside frequent ones.
func reportExamples(e *Results, base, tuned *eval.SystemResult, info Info) []reportExample {
	var picked []int
	if len(info.Examples) > 0 {
		at := map[string]int{}
		for i, q := range e.Questions {
			at[q.ID] = i
		}
		for _, id := range info.Examples {
			if i, ok := at[id]; ok {
				picked = append(picked, i)
			}
		}
	} else {
		picked = pickExamples(base, tuned, cmp.Or(info.MaxExamples, 10))
	}
	var out []reportExample
	for _, i := range picked {
		out = append(out, newExample(e.Questions[i], base, tuned, i))
	}
	return out
}

// pickExamples goes round the transitions, those with a change first.
func pickExamples(base, tuned *eval.SystemResult, limit int) []int {
	groups := map[transition][]int{}
	var order []transition
	for i := range base.Records {
		t := transition{base.Records[i].Unanswerable, tuned.Records[i].Context, base.Records[i].Verdict, tuned.Records[i].Verdict}
		if groups[t] == nil {
			order = append(order, t)
		}
		groups[t] = append(groups[t], i)
	}
	var picked []int
	for round := 0; len(picked) < limit; round++ {
		before := len(picked)
		for _, changed := range []bool{true, false} {
			for _, t := range order {
				if (t.base != t.tuned) == changed && round < len(groups[t]) && len(picked) < limit {
					picked = append(picked, groups[t][round])
				}
			}
		}
		if len(picked) == before {
			break
		}
	}
	return picked
}

func newExample(q eval.Question, base, tuned *eval.SystemResult, i int) reportExample {
	ex := reportExample{Number: i + 1, Question: q.Question.Question, Gold: strings.Join(q.Golds(), " / ")}
	ex.Kind, _ = questionKind(&q, &tuned.Records[i])
	systems := []*eval.SystemResult{base, tuned}
	if base == tuned {
		systems = systems[1:]
	}
	for _, s := range systems {
		r := s.Records[i]
		answer := reportAnswer{System: s.Name, Text: r.Answer, Verdict: r.Verdict}
		if r.Confidence != nil {
			answer.Confidence = figures.Percent(*r.Confidence)
		}
		ex.Answers = append(ex.Answers, answer)
	}
	return ex
}
