// Package pairwise has a model compare answers two at a time.
package pairwise

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/ragft/ragft/internal/figures"
	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/model"
)

// defaultPrompt is the instruction of a [Judge]; %s is the criterion.
const defaultPrompt = `Two answers to a question are given. Which one is better: %s? Reply "first", "second" or "tie".`

// Criteria returns the four that arXiv 2503.16071 compares by: usefulness,
// richness, insight and friendliness.
func Criteria() []string {
	return []string{
		"more useful to the person who asks",
		"richer and more various in what it tells",
		"showing more insight into the subject",
		"easier to read and to understand",
	}
}

// Pair is two answers to one question.
type Pair struct {
	ID        string `json:"id"`
	Question  string `json:"question"`
	Reference string `json:"reference,omitempty"` // shown to the judge; "" = none
	A         string `json:"a"`
	B         string `json:"b"`
	Group     string `json:"group,omitempty"` // names pairs that belong together, as the questions of a group do; "" = a group of its own
}

// Outcome is what the judge said of one pair.
type Outcome string

// The outcomes.
const (
	PrefersA   Outcome = "a"
	PrefersB   Outcome = "b"
	PrefersTie Outcome = "tie"    // in both orders, or it contradicted itself
	NoVerdict  Outcome = "unread" // a reply could not be read; in no count but Unread
)

// Judge compares answers two at a time, each pair in both orders. The
// zero value of every field but Model is usable.
type Judge struct {
	Model     model.Model
	Criterion string // "" = the first of [Criteria]
	Prompt    string // "" = the default, "Which one is better: %s?"
	MaxTokens int    // 0 = 16
	Batch     int    // pairs at a time; 0 = 16
	Resamples int    // bootstrap samples; 0 = [stats.DefaultResamples]
	Seed      uint64
}

// Result is what a [Judge] found.
type Result struct {
	Judge        string    `json:"judge"`
	Criterion    string    `json:"criterion"`
	Outcomes     []Outcome `json:"outcomes"` // of each pair
	Win          int       `json:"win"`      // pairs in which A is preferred in both orders
	Tie          int       `json:"tie"`
	Loss         int       `json:"loss"`
	Unread       int       `json:"unread"`
	Inconsistent int       `json:"inconsistent"` // of the ties: the other answer with the other order
	// Rates over the pairs with a verdict.
	WinRate  stats.Estimate `json:"win_rate"`
	TieRate  stats.Estimate `json:"tie_rate"`
	LossRate stats.Estimate `json:"loss_rate"`
	// Advantage is WinRate - LossRate, in [-1, 1]; no difference is shown where
	// its interval holds 0, or P is not below 0.05.
	Advantage stats.Estimate `json:"advantage"`
	// P is that of the exact sign test of Win against Loss, which is [stats.McNemar]'s;
	// ties take no part. If some of the pairs belong together, it is that of a
	// randomisation test, which exchanges A and B group by group, and Grouped is true. nil
	// without a verdict.
	P       *float64 `json:"p,omitempty"`
	Grouped bool     `json:"grouped,omitempty"`
	// FirstShown is the share of the decided replies that name the answer shown first; far from 0.5, the judge goes by the place.
	FirstShown stats.Estimate `json:"first_shown"`
}

// pairwiseSchema holds replies of models that can be held to one.
var pairwiseSchema = json.RawMessage(`{"type": "string", "enum": ["first", "second", "tie"]}`)

// Compare judges the pairs. An answer wins where it is preferred in both
// orders; a judge that prefers what it sees first, or last, whatever it is,
// gives ties. Pairs of equal answers are ties, without a call. If no reply can
// be read, the error is [judge.ErrUnread], after the first batch. Intervals are 95 %, by
// bootstrap over the groups of pairs, or exact where all outcomes are the same.
//
// The published comparison of arXiv 2503.16071 shows its own system first
// always, and counts ties as its wins.
func (j Judge) Compare(ctx context.Context, pairs []Pair) (*Result, error) {
	if j.Model == nil {
		return nil, errors.New("pairwise: there is no model to compare the answers: set Model")
	}
	if len(pairs) == 0 {
		return nil, errors.New("pairwise: no pairs of answers")
	}
	j = j.withDefaults()
	r := &Result{Judge: j.Model.Name(), Criterion: j.Criterion}
	var tally replies
	var first []placed // of each decided reply
	for done := 0; done < len(pairs); done += j.Batch {
		batch := pairs[done:min(done+j.Batch, len(pairs))]
		if err := j.batch(ctx, batch, done, r, &tally, &first); err != nil {
			return nil, fmt.Errorf("pairwise: %w", err)
		}
		if tally.read == 0 && tally.all >= unreadLimit {
			return nil, fmt.Errorf("pairwise: %w: %s gave %d replies, the first of them %.80q; use a more capable model, or raise MaxTokens (now "+
				"%d) if it reasons before it answers",
				judge.ErrUnread, j.Model.Name(), tally.all, tally.first, j.MaxTokens)
		}
	}
	j.estimate(r, pairs, first)
	return r, nil
}

// placed says whether a reply named the answer shown first, and which pair it is about.
type placed struct {
	first bool
	pair  int
}

// unreadLimit is the number of replies, none of them readable, that show that
// a model cannot judge.
const unreadLimit = 4

// replies counts those of the judge.
type replies struct {
	all, read int
	first     string // reply that could not be read
}

func (r *replies) note(text string, read bool) {
	r.all++
	if read {
		r.read++
	} else if r.first == "" {
		r.first = text
	}
}

func (j Judge) withDefaults() Judge {
	j.Criterion, j.Prompt = cmp.Or(j.Criterion, Criteria()[0]), cmp.Or(j.Prompt, defaultPrompt)
	j.MaxTokens, j.Batch, j.Resamples = cmp.Or(j.MaxTokens, 16), cmp.Or(j.Batch, 16), cmp.Or(j.Resamples, stats.DefaultResamples)
	return j
}

// batch judges pairs, of which the first has this place in the list.
func (j Judge) batch(ctx context.Context, pairs []Pair, from int, r *Result, tally *replies, first *[]placed) error {
	var reqs []model.Request
	for _, p := range pairs {
		if p.A != p.B {
			reqs = append(reqs, j.request(p, p.A, p.B), j.request(p, p.B, p.A))
		}
	}
	responses, err := model.Chat(ctx, j.Model, reqs)
	if err != nil {
		return err
	}
	for i, p := range pairs {
		if p.A == p.B {
			r.count(PrefersTie, false)
			continue
		}
		var said [2]int // 1 first, 2 second, 0 tie, -1 unread
		for order := range said {
			text := responses[order].Samples[0].Text
			said[order] = parsePlace(text)
			tally.note(text, said[order] >= 0)
			if said[order] > 0 {
				*first = append(*first, placed{said[order] == 1, from + i})
			}
		}
		responses = responses[2:]
		switch {
		case said[0] < 0 || said[1] < 0:
			r.count(NoVerdict, false)
		case said[0] == 1 && said[1] == 2:
			r.count(PrefersA, false)
		case said[0] == 2 && said[1] == 1:
			r.count(PrefersB, false)
		default:
			r.count(PrefersTie, said[0] == said[1] && said[0] != 0)
		}
	}
	return nil
}

func (r *Result) count(p Outcome, inconsistent bool) {
	r.Outcomes = append(r.Outcomes, p)
	switch p {
	case PrefersA:
		r.Win++
	case PrefersB:
		r.Loss++
	case PrefersTie:
		r.Tie++
	default:
		r.Unread++
	}
	if inconsistent {
		r.Inconsistent++
	}
}

func (j Judge) request(p Pair, first, second string) model.Request {
	var b strings.Builder
	fmt.Fprintf(&b, "Question: %s", layout.Indent(p.Question, pairLine))
	if p.Reference != "" {
		fmt.Fprintf(&b, "\n\nReference: %s", layout.Indent(p.Reference, pairLine))
	}
	fmt.Fprintf(&b, "\n\nFirst answer: %s\n\nSecond answer: %s", layout.Indent(first, pairLine), layout.Indent(second, pairLine))
	pr := strings.Replace(j.Prompt, "%s", j.Criterion, 1)
	return model.Request{Messages: layout.User(layout.Task(pr, nil) + b.String()), MaxTokens: j.MaxTokens, Schema: pairwiseSchema}
}

// pairLine matches what would read as a part of the judge's prompt.
var pairLine = regexp.MustCompile(`(?mi)^(question[ \t]*:|reference[ \t]*:|(?:first|second)[ \t]+answer[ \t]*:)`)

// parsePlace reads a verdict: 1 or 2, 0 for a tie, -1 where it cannot be read.
func parsePlace(text string) int {
	found := -1
	for _, word := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return r < 'a' || r > 'z' }) {
		place := -1
		switch word {
		case "first":
			place = 1
		case "second":
			place = 2
		case "tie", "equal", "both":
			place = 0
		}
		if place >= 0 && found >= 0 && place != found {
			return -1
		}
		found = max(found, place)
	}
	return found
}

func (j Judge) estimate(r *Result, pairs []Pair, replies []placed) {
	var win, tie, loss, net, first []float64
	var names, asked []string // the groups of what is in these lists; the two replies about a pair belong together, too
	for i, p := range r.Outcomes {
		if p == NoVerdict {
			continue
		}
		win, tie = append(win, stats.Indicator(p == PrefersA)), append(tie, stats.Indicator(p == PrefersTie))
		loss, net = append(loss, stats.Indicator(p == PrefersB)), append(net, stats.Indicator(p == PrefersA)-stats.Indicator(p == PrefersB))
		names = append(names, pairs[i].Group)
	}
	for _, reply := range replies {
		first = append(first, stats.Indicator(reply.first))
		asked = append(asked, cmp.Or(pairs[reply.pair].Group, fmt.Sprint("pair ", reply.pair)))
	}
	mean := func(values []float64, groups []int, least float64) stats.Estimate {
		return stats.GroupedMean(values, groups, least, 1, j.Resamples, j.Seed)
	}
	groups := stats.Groups(names)
	r.WinRate, r.TieRate, r.LossRate = mean(win, groups, 0), mean(tie, groups, 0), mean(loss, groups, 0)
	r.Advantage, r.FirstShown = mean(net, groups, -1), mean(first, stats.Groups(asked), 0)
	if len(net) == 0 {
		return
	}
	_, alone := stats.Independent(groups, func(int) bool { return true })
	if r.P, r.Grouped = stats.Finite(stats.McNemar(r.Win, r.Loss)), !alone; r.Grouped {
		_, r.P = stats.PairedMeans{Before: stats.Singles(loss), After: stats.Singles(win), Groups: groups, Resamples: j.Resamples,
			Seed: j.Seed}.Change(func(before, after float64) float64 { return after - before })
	}
}

// Test names the test that P comes from, as in "p is from ...".
func (r *Result) Test() string {
	if r.Grouped {
		return "the randomisation test of won and lost by groups of questions"
	}
	return "the exact sign test of won and lost"
}

// Preferred says which of the answers is shown to be preferred: as in
// [eval.Difference], both the interval and the test have to say so.
func (r *Result) Preferred() Outcome {
	switch {
	case !stats.Shown(r.Advantage, r.P):
		return PrefersTie
	case r.Advantage.Value > 0:
		return PrefersA
	default:
		return PrefersB
	}
}

// WriteText writes the result in a few lines.
func (r *Result) WriteText(w io.Writer) error {
	finding := map[Outcome]string{PrefersTie: string(stats.NoDifference), PrefersA: "A is preferred",
		PrefersB: "B is preferred"}[r.Preferred()]
	_, err := fmt.Fprintf(w, "%s, judged by %s on %d pairs in both orders: %d won, %d tied (%d of them by contradicting itself), %d lost, %d "+
		"unread\nadvantage %+.3f (%+.3f..%+.3f), p %s: %s; the first shown was chosen in %.0f %% of the decided replies\n",
		r.Criterion, r.Judge, len(r.Outcomes), r.Win, r.Tie, r.Inconsistent, r.Loss, r.Unread, r.Advantage.Value, r.Advantage.Low,
		r.Advantage.High, figures.ShowP(r.P), finding, 100*r.FirstShown.Value)
	if err != nil {
		return fmt.Errorf("pairwise: %w", err)
	}
	return nil
}
