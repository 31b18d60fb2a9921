package ragft

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
)

// AuditOptions controls [AuditJudge]. The zero value works.
type AuditOptions struct {
	Judge     JudgeOptions // Model and Tries are not used; Votes below 1 are 1; with Knockout its choice is audited too
	Prompts   Prompts
	Limit     int // answers judged, and brackets of a knock-out; 0 = 200
	Batch     int // 0 = 16
	Resamples int // 0 = [DefaultResamples]
	Seed      uint64

	Progress func(Progress) // called after each batch, of answers, from the caller's goroutine; nil = none
	Logger   *slog.Logger   // nil = slog.Default
}

func (o AuditOptions) withDefaults() AuditOptions {
	o.Judge.Votes = max(o.Judge.Votes, 1)
	o.Judge = o.Judge.withDefaults()
	if o.Limit <= 0 {
		o.Limit = 200
	}
	if o.Batch <= 0 {
		o.Batch = 16
	}
	if o.Resamples <= 0 {
		o.Resamples = DefaultResamples
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

// Estimate is the most that [AuditJudge] costs with these rows.
func (o AuditOptions) Estimate(rows []Row) Cost {
	o = o.withDefaults()
	calls := 2 * len(auditItems(rows, o))
	c := Cost{Calls: calls, Tokens: calls * o.Judge.Votes * o.Judge.MaxTokens}
	if o.Judge.Knockout {
		for _, d := range auditBrackets(rows, o) {
			c.Calls += len(d.candidates)
			c.Tokens += len(d.candidates) * o.Judge.MaxTokens
		}
	}
	return c
}

// JudgeAudit says how far a judge can be trusted where the truth is known.
// Intervals are 95 %, by bootstrap over the answers.
type JudgeAudit struct {
	Judge  string `json:"judge"`
	N      int    `json:"n"`      // answers judged
	Right  int    `json:"right"`  // of these, correct by the comparison of strings
	Unread int    `json:"unread"` // answers without a reply that could be read, in one of the orders
	Ties   int    `json:"ties"`   // as many votes for yes as for no, in one of the orders
	// Consistent is the share of the answers with the same verdict when reference and answer change places.
	Consistent Estimate `json:"consistent"`
	// Agreement with the comparison of strings, and the same corrected for chance (Cohen 1960).
	Agreement Estimate `json:"agreement"`
	Kappa     Estimate `json:"kappa"`
	// Sensitivity is the share of the correct answers that the judge accepts, Specificity that of the wrong ones that it rejects.
	Sensitivity Estimate `json:"sensitivity"`
	Specificity Estimate `json:"specificity"`

	Knockout *KnockoutAudit `json:"knockout,omitempty"` // with [JudgeOptions].Knockout

	Cost Cost `json:"cost"`
}

// audited is one answer whose verdict is known.
type audited struct {
	question, reference, text string
	right                     bool
	forward, backward         Votes
}

// AuditJudge asks a judge about answers that the comparison of strings
// decides, and compares. The answers are those of the rows' candidates; equal
// ones count once. Half of them are correct, as far as there are enough, so that
// agreement is not that with the commoner verdict.
//
// Each answer is judged in both orders: reference first, and with reference and
// answer exchanged. With [JudgeOptions].Knockout brackets of candidates are judged
// too, in every rotation, see [KnockoutAudit], beside the passages of the rows'
// prompts as far as these are in this package's layout. A judge without a single
// reply that can be read is [ErrJudgeUnread].
func AuditJudge(ctx context.Context, judge Model, rows []Row, o AuditOptions) (*JudgeAudit, error) {
	o = o.withDefaults()
	items := auditItems(rows, o)
	if len(items) == 0 {
		return nil, fmt.Errorf("ragft: audit: %w: no candidate of the rows is decided by the comparison of strings", ErrNothingToEvaluate)
	}
	var tally replyTally
	votes := o.Judge
	votes.Knockout = false // for what ErrJudgeUnread says
	m := newMeter(o.Progress, o.Logger)
	for done := 0; done < len(items); done += o.Batch {
		if err := auditBatch(ctx, m, judge, items[done:min(done+o.Batch, len(items))], o, &tally); err != nil {
			return nil, fmt.Errorf("ragft: audit: %w", err)
		}
		if err := tally.check(judge, votes); err != nil {
			return nil, fmt.Errorf("ragft: audit: %w", err)
		}
		m.report("audit of the judge", min(done+o.Batch, len(items)), len(items), 0)
	}
	a := newAudit(judge.Name(), items, o)
	if o.Judge.Knockout {
		var err error
		if a.Knockout, err = auditKnockout(ctx, m, judge, auditBrackets(rows, o), o); err != nil {
			return nil, fmt.Errorf("ragft: audit: knock-out: %w", err)
		}
	}
	a.Cost = m.cost(0)
	return a, nil
}

// auditItems draws as many correct as wrong answers.
func auditItems(rows []Row, o AuditOptions) []*audited {
	var byTruth [2][]*audited
	seen := map[string]bool{}
	for _, row := range rows {
		for _, c := range row.Candidates {
			key := row.QuestionID + "\x00" + c.Text
			right := c.Decision == ByMatch
			if seen[key] || len(row.Golds) == 0 || !right && c.Decision != ByNoOverlap {
				continue
			}
			seen[key] = true
			item := &audited{question: row.Question, reference: strings.Join(row.Golds, " / "), text: c.Text, right: right}
			byTruth[int(indicator(right))] = append(byTruth[int(indicator(right))], item)
		}
	}
	for i := range byTruth {
		slices.SortFunc(byTruth[i], func(a, b *audited) int {
			return seededOrder(o.Seed, "audit", a.question+"\x00"+a.text, b.question+"\x00"+b.text)
		})
	}
	n := min(o.Limit, len(byTruth[0])+len(byTruth[1]))
	rights := min(len(byTruth[1]), max(n/2, n-len(byTruth[0])))
	return append(slices.Clone(byTruth[1][:rights]), byTruth[0][:n-rights]...)
}

func auditBatch(ctx context.Context, m *meter, judge Model, items []*audited, o AuditOptions, tally *replyTally) error {
	var reqs []ChatRequest
	for _, item := range items {
		for order, pair := range [][2]string{{item.reference, item.text}, {item.text, item.reference}} {
			reqs = append(reqs, ChatRequest{
				Messages: o.Prompts.JudgeMessages(item.question, pair[0], pair[1]),
				Samples:  o.Judge.Votes, MaxTokens: o.Judge.MaxTokens, Temperature: o.Judge.Temperature,
				Seed: deriveSeed(o.Seed, "audit", item.question, item.text, fmt.Sprint(order)),
			})
		}
	}
	responses, err := m.chat(ctx, judge, reqs)
	if err != nil {
		return err
	}
	for i, item := range items {
		item.forward, item.backward = countVotes(responses[2*i].Samples), countVotes(responses[2*i+1].Samples)
		for k, votes := range []Votes{item.forward, item.backward} {
			tally.countReply(responses[2*i+k].Samples[0].Text, votes.Yes+votes.No > 0)
		}
	}
	return nil
}

func newAudit(judge string, items []*audited, o AuditOptions) *JudgeAudit {
	a := &JudgeAudit{Judge: judge, N: len(items)}
	var consistent, agree, sensitive, specific []float64
	var truth, said []bool
	for _, item := range items {
		if item.right {
			a.Right++
		}
		f, b := item.forward, item.backward
		unread := f.Yes+f.No == 0 || b.Yes+b.No == 0
		switch {
		case unread:
			a.Unread++
		case f.Yes == f.No || b.Yes == b.No:
			a.Ties++
		}
		if !unread {
			consistent = append(consistent, indicator((f.Yes > f.No) == (b.Yes > b.No) && (f.Yes < f.No) == (b.Yes < b.No)))
		}
		if f.Yes+f.No == 0 {
			continue
		}
		yes := f.Yes > f.No // a tie counts against the answer, as in [Generate]
		truth, said = append(truth, item.right), append(said, yes)
		agree = append(agree, indicator(yes == item.right))
		if item.right {
			sensitive = append(sensitive, indicator(yes))
		} else {
			specific = append(specific, indicator(!yes))
		}
	}
	a.Consistent, a.Agreement = meanEstimate(consistent, 0, 1, o.Resamples, o.Seed), meanEstimate(agree, 0, 1, o.Resamples, o.Seed)
	a.Sensitivity, a.Specificity = meanEstimate(sensitive, 0, 1, o.Resamples, o.Seed), meanEstimate(specific, 0, 1, o.Resamples, o.Seed)
	a.Kappa = bootstrap(len(truth), o.Resamples, o.Seed, func(weights []float64) float64 { return kappa(truth, said, weights) })
	return a
}

// kappa is Cohen's: (observed - expected) / (1 - expected) agreement; NaN where
// both sides say the same of everything.
func kappa(truth, said []bool, weights []float64) float64 {
	var n, both, yesTruth, yesSaid float64
	for i := range truth {
		w := 1.0
		if weights != nil {
			w = weights[i]
		}
		n += w
		both += w * indicator(truth[i] == said[i])
		yesTruth += w * indicator(truth[i])
		yesSaid += w * indicator(said[i])
	}
	expected := (yesTruth*yesSaid + (n-yesTruth)*(n-yesSaid)) / (n * n)
	return (both/n - expected) / (1 - expected)
}

// WriteText writes the audit in a few lines.
func (a *JudgeAudit) WriteText(w io.Writer) error {
	_, err := fmt.Fprintf(w, "Judge %s on %d answers whose verdict is known (%d correct): %d unread, %d tied\nagreement %s, kappa %s\naccepts correct ones %s, rejects wrong ones %s\nthe same in both orders %s\n",
		a.Judge, a.N, a.Right, a.Unread, a.Ties, auditText(a.Agreement), auditText(a.Kappa), auditText(a.Sensitivity), auditText(a.Specificity), auditText(a.Consistent))
	if err == nil && a.Knockout != nil {
		err = a.Knockout.writeText(w)
	}
	if err != nil {
		return fmt.Errorf("ragft: audit: %w", err)
	}
	return nil
}

func auditText(e Estimate) string {
	interval := "interval unknown"
	if e.Low <= e.High { // not of NaN
		interval = fmt.Sprintf("%.3f..%.3f", e.Low, e.High)
	}
	return fmt.Sprintf("%.3f (%s, n %d)", e.Value, interval, e.N)
}
