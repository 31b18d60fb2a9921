package selfdemo

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/meter"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/rows"
)

// AuditOptions controls [Audit]. The zero value works.
type AuditOptions struct {
	Judge     judge.Options // Model and Tries are not used; Votes below 1 are 1; with Knockout its choice is audited too
	Prompts   prompt.Set
	Limit     int // answers judged, and brackets of a knock-out; 0 = 200
	Batch     int // 0 = 16
	Resamples int // 0 = [stats.DefaultResamples]
	Seed      uint64

	Progress func(model.Progress) // called after each batch, of answers, from the caller's goroutine; nil = none
	Logger   *slog.Logger         // nil = slog.Default
}

func (o AuditOptions) withDefaults() AuditOptions {
	o.Judge.Votes = max(o.Judge.Votes, 1)
	o.Judge = o.Judge.WithDefaults()
	if o.Limit <= 0 {
		o.Limit = 200
	}
	if o.Batch <= 0 {
		o.Batch = 16
	}
	if o.Resamples <= 0 {
		o.Resamples = stats.DefaultResamples
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

// Estimate is the most that [Audit] costs with these rows.
func (o AuditOptions) Estimate(rows []rows.Row) model.Cost {
	o = o.withDefaults()
	calls := 2 * len(auditItems(rows, o))
	c := model.Cost{Calls: calls, Tokens: calls * o.Judge.Votes * o.Judge.MaxTokens}
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
type AuditResult struct {
	Judge  string `json:"judge"`
	N      int    `json:"n"`      // answers judged
	Right  int    `json:"right"`  // of these, correct by the comparison of strings
	Unread int    `json:"unread"` // answers without a reply that could be read, in one of the orders
	Ties   int    `json:"ties"`   // as many votes for yes as for no, in one of the orders
	// Consistent is the share of the answers with the same verdict when reference and answer change places.
	Consistent stats.Estimate `json:"consistent"`
	// Agreement with the comparison of strings, and the same corrected for chance (Cohen 1960).
	Agreement stats.Estimate `json:"agreement"`
	Kappa     stats.Estimate `json:"kappa"`
	// Sensitivity is the share of the correct answers that the judge accepts, Specificity that of the wrong ones that it rejects.
	Sensitivity stats.Estimate `json:"sensitivity"`
	Specificity stats.Estimate `json:"specificity"`

	Knockout *KnockoutAudit `json:"knockout,omitempty"` // with [judge.Options].Knockout

	Cost model.Cost `json:"cost"`
}

// audited is one answer whose verdict is known.
type audited struct {
	question, reference, text string
	right                     bool
	forward, backward         answer.Votes
}

// AuditJudge asks a judge about answers that the comparison of strings
// decides, and compares. The answers are those of the rows' candidates; equal
// ones count once. Half of them are correct, as far as there are enough, so that
// agreement is not that with the commoner verdict.
//
// Each answer is judged in both orders: reference first, and with reference and
// answer exchanged. With [judge.Options].Knockout brackets of candidates are judged
// too, in every rotation, see [KnockoutAudit], beside the passages of the rows'
// prompts as far as these are in this package's layout. A judge without a single
// reply that can be read is [judge.ErrUnread].
func Audit(ctx context.Context, j model.Model, rows []rows.Row, o AuditOptions) (*AuditResult, error) {
	o = o.withDefaults()
	items := auditItems(rows, o)
	if len(items) == 0 {
		return nil, fmt.Errorf("ragft: audit: %w: no candidate of the rows is decided by the comparison of strings", judge.ErrNothingToEvaluate)
	}
	var tally judge.ReplyTally
	votes := o.Judge
	votes.Knockout = false // for what ErrJudgeUnread says
	m := meter.New(o.Progress, o.Logger)
	for done := 0; done < len(items); done += o.Batch {
		if err := auditBatch(ctx, m, j, items[done:min(done+o.Batch, len(items))], o, &tally); err != nil {
			return nil, fmt.Errorf("ragft: audit: %w", err)
		}
		if err := tally.Check(j, votes); err != nil {
			return nil, fmt.Errorf("ragft: audit: %w", err)
		}
		m.Report("audit of the judge", min(done+o.Batch, len(items)), len(items), 0)
	}
	a := newAudit(j.Name(), items, o)
	if o.Judge.Knockout {
		var err error
		if a.Knockout, err = auditKnockout(ctx, m, j, auditBrackets(rows, o), o); err != nil {
			return nil, fmt.Errorf("ragft: audit: knock-out: %w", err)
		}
	}
	a.Cost = m.Cost(0)
	return a, nil
}

// auditItems draws as many correct as wrong answers.
func auditItems(rows []rows.Row, o AuditOptions) []*audited {
	var byTruth [2][]*audited
	seen := map[string]bool{}
	for _, row := range rows {
		for _, c := range row.Candidates {
			key := row.QuestionID + "\x00" + c.Text
			right := c.Decision == answer.ByMatch
			if seen[key] || len(row.Golds) == 0 || !right && c.Decision != answer.ByNoOverlap {
				continue
			}
			seen[key] = true
			item := &audited{question: row.Question, reference: strings.Join(row.Golds, " / "), text: c.Text, right: right}
			byTruth[int(stats.Indicator(right))] = append(byTruth[int(stats.Indicator(right))], item)
		}
	}
	for i := range byTruth {
		slices.SortFunc(byTruth[i], func(a, b *audited) int {
			return seed.Order(o.Seed, "audit", a.question+"\x00"+a.text, b.question+"\x00"+b.text)
		})
	}
	n := min(o.Limit, len(byTruth[0])+len(byTruth[1]))
	rights := min(len(byTruth[1]), max(n/2, n-len(byTruth[0])))
	return append(slices.Clone(byTruth[1][:rights]), byTruth[0][:n-rights]...)
}

func auditBatch(ctx context.Context, m *meter.Meter, j model.Model, items []*audited, o AuditOptions, tally *judge.ReplyTally) error {
	var reqs []model.Request
	for _, item := range items {
		for order, pair := range [][2]string{{item.reference, item.text}, {item.text, item.reference}} {
			reqs = append(reqs, model.Request{
				Messages: o.Prompts.JudgeMessages(item.question, pair[0], pair[1]),
				Samples:  o.Judge.Votes, MaxTokens: o.Judge.MaxTokens, Temperature: o.Judge.Temperature,
				Seed: seed.Derive(o.Seed, "audit", item.question, item.text, fmt.Sprint(order)),
			})
		}
	}
	responses, err := m.Chat(ctx, j, reqs)
	if err != nil {
		return err
	}
	for i, item := range items {
		item.forward, item.backward = judge.CountVotes(responses[2*i].Samples), judge.CountVotes(responses[2*i+1].Samples)
		for k, votes := range []answer.Votes{item.forward, item.backward} {
			tally.CountReply(responses[2*i+k].Samples[0].Text, votes.Yes+votes.No > 0)
		}
	}
	return nil
}

func newAudit(judge string, items []*audited, o AuditOptions) *AuditResult {
	a := &AuditResult{Judge: judge, N: len(items)}
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
			consistent = append(consistent, stats.Indicator((f.Yes > f.No) == (b.Yes > b.No) && (f.Yes < f.No) == (b.Yes < b.No)))
		}
		if f.Yes+f.No == 0 {
			continue
		}
		yes := f.Yes > f.No // a tie counts against the answer, as in [Generate]
		truth, said = append(truth, item.right), append(said, yes)
		agree = append(agree, stats.Indicator(yes == item.right))
		if item.right {
			sensitive = append(sensitive, stats.Indicator(yes))
		} else {
			specific = append(specific, stats.Indicator(!yes))
		}
	}
	a.Consistent, a.Agreement = stats.MeanEstimate(consistent, 0, 1, o.Resamples, o.Seed), stats.MeanEstimate(agree, 0, 1, o.Resamples, o.Seed)
	a.Sensitivity, a.Specificity = stats.MeanEstimate(sensitive, 0, 1, o.Resamples, o.Seed), stats.MeanEstimate(specific, 0, 1, o.Resamples, o.Seed)
	a.Kappa = stats.Bootstrap(len(truth), o.Resamples, o.Seed, func(weights []float64) float64 { return kappa(truth, said, weights) })
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
		both += w * stats.Indicator(truth[i] == said[i])
		yesTruth += w * stats.Indicator(truth[i])
		yesSaid += w * stats.Indicator(said[i])
	}
	expected := (yesTruth*yesSaid + (n-yesTruth)*(n-yesSaid)) / (n * n)
	return (both/n - expected) / (1 - expected)
}

// WriteText writes the audit in a few lines.
func (a *AuditResult) WriteText(w io.Writer) error {
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

func auditText(e stats.Estimate) string {
	interval := "interval unknown"
	if e.Low <= e.High { // not of NaN
		interval = fmt.Sprintf("%.3f..%.3f", e.Low, e.High)
	}
	return fmt.Sprintf("%.3f (%s, n %d)", e.Value, interval, e.N)
}
