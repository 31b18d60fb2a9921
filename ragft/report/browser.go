package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/figures"
	"github.com/ragft/ragft/internal/plural"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/model"
)

// browserPage is the number of questions under one heading.
const browserPage = 50

// reportBrowser lists all questions with the answers of all systems.
type reportBrowser struct {
	Systems []browserSystem
	Changes bool // base and tuned are different systems
	Pages   []browserPageList
}

// browserSystem is a system with its tag in filters.
type browserSystem struct{ Name, Tag string }

type browserPageList struct {
	From, To int // numbers of its questions, from 1
	Open     bool
	Items    []browserItem
}

// browserItem is one question. Tags are what filters look for.
type browserItem struct {
	Number                         int
	ID, Question, Kind, Gold, Tags string
	Before                         []model.Message // the turns before the question
	Marks                          []browserMark
	Answers                        []browserAnswer
	Passages                       []browserPassage
}

// browserMark is a verdict at a glance.
type browserMark struct {
	System, Sign string
	Verdict      answer.Verdict
}

type browserAnswer struct {
	System, Text, Whole, Shown, Facts string
	Verdict                           answer.Verdict
	Elsewhere                         []eval.Citation // citations of passages that are not listed
}

type browserPassage struct {
	Number int
	eval.Document
	Parts []textPart
}

// textPart is a part of a passage. By names the systems that cite it.
type textPart struct{ Text, By string }

func newBrowser(e *Results, base, tuned *eval.SystemResult) reportBrowser {
	b := reportBrowser{Changes: base != tuned}
	for s := range e.Systems {
		b.Systems = append(b.Systems, browserSystem{e.Systems[s].Name, fmt.Sprintf("s%d", s)})
	}
	for i := range e.Questions {
		if i%browserPage == 0 {
			b.Pages = append(b.Pages, browserPageList{From: i + 1, To: min(i+browserPage, len(e.Questions)), Open: i == 0})
		}
		page := &b.Pages[len(b.Pages)-1]
		page.Items = append(page.Items, newBrowserItem(e, base, tuned, i))
	}
	return b
}

func newBrowserItem(e *Results, base, tuned *eval.SystemResult, i int) browserItem {
	q := &e.Questions[i]
	kind, tag := questionKind(q, &tuned.Records[i])
	item := browserItem{
		Number:   i + 1,
		ID:       q.ID,
		Question: q.Question.Question,
		Before:   q.History,
		Kind:     kind,
		Gold:     strings.Join(q.Golds(), " / "),
	}
	tags := []string{tag}
	if was, is := verdictRank(&base.Records[i]), verdictRank(&tuned.Records[i]); was < is {
		tags = append(tags, "changed", "improved")
	} else if was > is {
		tags = append(tags, "changed", "worsened")
	} else if base.Records[i].Verdict != tuned.Records[i].Verdict {
		tags = append(tags, "changed")
	}
	for n, d := range q.Documents {
		item.Passages = append(item.Passages, browserPassage{n + 1, d, markCitations(d, e, i)})
	}
	for s := range e.Systems {
		r := &e.Systems[s].Records[i]
		tags = append(tags, fmt.Sprintf("s%d-%s", s, r.Verdict))
		item.Marks = append(item.Marks, browserMark{e.Systems[s].Name, verdictSign(r.Verdict), r.Verdict})
		item.Answers = append(item.Answers, newBrowserAnswer(e.Systems[s].Name, q, r))
	}
	item.Tags = strings.Join(tags, " ")
	return item
}

// questionKind says whether a question has an answer and whether that was shown, in words and
// as a tag.
func questionKind(q *eval.Question, r *eval.Record) (words, tag string) {
	switch {
	case q.Unanswerable:
		return "unanswerable", "unanswerable"
	case r.Context == answer.Present:
		return "answer in the documents shown", "present"
	default:
		return "answer not in the documents shown", "absent"
	}
}

// verdictRank orders outcomes from bad to good, as truthfulness does, except that a refusal is
// right if there is no answer.
func verdictRank(r *eval.Record) int {
	switch {
	case r.Verdict == answer.Incorrect:
		return 0
	case r.Verdict == answer.Refused && !r.Unanswerable:
		return 1
	default:
		return 2
	}
}

func verdictSign(v answer.Verdict) string {
	switch v {
	case answer.Correct:
		return "✓"
	case answer.Incorrect:
		return "✗"
	default:
		return "–"
	}
}

func newBrowserAnswer(system string, q *eval.Question, r *eval.Record) browserAnswer {
	a := browserAnswer{System: system, Text: r.Answer, Whole: r.Text, Verdict: r.Verdict}
	var shown []string
	for _, id := range r.Shown {
		for n, d := range q.Documents {
			if d.ID == id {
				shown = append(shown, fmt.Sprint(n+1))
				break
			}
		}
	}
	switch {
	case len(shown) > 0:
		a.Shown = "shown: passages " + strings.Join(shown, ", ")
	case r.Passages > 0:
		a.Shown = "shown: " + plural.N(r.Passages, "passage")
	default:
		a.Shown = "shown: the question alone"
	}
	var facts []string
	if r.Confidence != nil {
		facts = append(facts, "confidence "+figures.Percent(*r.Confidence)+"%")
	}
	if r.Tokens > 0 {
		facts = append(facts, plural.N(r.Tokens, "token"))
	}
	if r.Cited > 0 {
		fact := fmt.Sprintf("cites %s, %d with a reference answer", plural.N(r.Cited, "place"), r.CitedRight)
		if n := len(r.CitedNowhere); n > 0 {
			fact += fmt.Sprintf(", %d not in the passages", n)
		}
		facts = append(facts, fact)
	}
	if r.Truncated {
		facts = append(facts, "truncated")
	}
	a.Facts = strings.Join(facts, " · ")
	for _, c := range r.Citations {
		if !slices.ContainsFunc(q.Documents, func(d eval.Document) bool { return isIn(c, d) }) {
			a.Elsewhere = append(a.Elsewhere, c)
		}
	}
	return a
}

// isIn reports whether a citation is in this passage.
func isIn(c eval.Citation, d eval.Document) bool {
	return c.Passage == d.ID && 0 <= c.Start && c.Start < c.End && c.End <= len(d.Text) && d.Text[c.Start:c.End] == c.Quote
}

// markCitations splits a passage at the ends of the citations.
func markCitations(d eval.Document, e *Results, i int) []textPart {
	type span struct {
		start, end int
		by         string
	}
	var spans []span
	cuts := []int{0, len(d.Text)}
	for _, s := range e.Systems {
		for _, c := range s.Records[i].Citations {
			if isIn(c, d) {
				spans = append(spans, span{c.Start, c.End, s.Name})
				cuts = append(cuts, c.Start, c.End)
			}
		}
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	var parts []textPart
	for k := range len(cuts) - 1 {
		var by []string
		for _, s := range spans {
			if s.start <= cuts[k] && cuts[k+1] <= s.end && !slices.Contains(by, s.by) {
				by = append(by, s.by)
			}
		}
		parts = append(parts, textPart{d.Text[cuts[k]:cuts[k+1]], strings.Join(by, "; ")})
	}
	return parts
}
